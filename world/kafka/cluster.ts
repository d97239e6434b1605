import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { findJava } from '../tools/java.ts';
import { freePort } from '../tools/ports.ts';
import { KafkaBroker } from './broker.ts';
import { kafkaClassPath } from './jars.ts';
import type { ListenerSecurity } from './security.ts';

interface KafkaOptions {
  /** Each node gets a folder below it. */
  dir: string;
  nodes?: number;
  /**
   * Further listeners, for clients behind a proxy: the broker gives them the address `advertised`.
   */
  ways?: KafkaWay[];
}

interface KafkaWay {
  /** Letters and digits. */
  name: string;
  /** The port that clients get, of a proxy that leads to `LocalKafka.port`; default: the listener's own. */
  advertised?: number;
  /** Undefined lets every client in. */
  security?: ListenerSecurity;
}

/** Starts a real Kafka on 127.0.0.1. @throws Error if there is no Java, no Kafka, or it does not start */
export async function startKafka(options: KafkaOptions): Promise<LocalKafka> {
  const nodes = options.nodes ?? 1;
  const ways = options.ways ?? [];
  const runtime = {
    java: findJava('A Kafka broker'),
    classPath: await kafkaClassPath(),
    clusterId: randomBytes(16).toString('base64url'),
    jvm: ways.flatMap(({ security }) => security?.jvm ?? []),
    accounts: ways.flatMap(({ security }) => security?.accounts ?? []),
  };
  const places = await Promise.all(
    Array.from({ length: nodes }, async (_, at) => ({
      id: at + 1,
      client: await freePort(),
      controller: await freePort(),
      ways: await Promise.all(ways.map(async (way) => ({ ...way, port: await freePort() }))),
    })),
  );
  const voters = places.map(({ id, controller }) => `${id}@127.0.0.1:${controller}`).join(',');
  const brokers = places.map((place) => {
    const settings = settingsOf(place, voters, nodes);
    return new KafkaBroker(place.id, join(options.dir, `kafka-${place.id}`), place.client, settings, runtime);
  });
  const kafka = new LocalKafka(brokers, places);
  try {
    await Promise.all(brokers.map((broker) => broker.start()));
    return kafka;
  } catch (error) {
    await Promise.all(brokers.map((broker) => broker.kill('SIGKILL')));
    throw error;
  }
}

interface Place {
  id: number;
  client: number;
  controller: number;
  ways: (KafkaWay & { port: number })[];
}

function settingsOf({ id, client, controller, ways }: Place, voters: string, nodes: number): Record<string, string> {
  const listeners = [`CLIENT://127.0.0.1:${client}`, ...ways.map(({ name, port }) => `${name}://127.0.0.1:${port}`)];
  const advertised = [listeners[0], ...ways.map((way) => `${way.name}://127.0.0.1:${way.advertised ?? way.port}`)];
  const protocols = ways.map(({ name, security }) => `${name}:${security?.protocol ?? 'PLAINTEXT'}`);
  const copies = `${Math.min(nodes, 3)}`;
  return {
    'process.roles': 'broker,controller',
    'node.id': `${id}`,
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${controller}`].join(','),
    'advertised.listeners': advertised.join(','),
    'listener.security.protocol.map': ['CLIENT:PLAINTEXT', 'CONTROLLER:PLAINTEXT', ...protocols].join(','),
    'inter.broker.listener.name': 'CLIENT',
    'controller.listener.names': 'CONTROLLER',
    'controller.quorum.voters': voters,
    'num.network.threads': '1',
    'num.io.threads': '2',
    'offsets.topic.num.partitions': '1',
    'offsets.topic.replication.factor': copies,
    'transaction.state.log.num.partitions': '1',
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': copies,
    'auto.create.topics.enable': 'false',
    // Short delays for members and dead brokers, for quick tests.
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '500',
    'broker.session.timeout.ms': '2000',
    'broker.heartbeat.interval.ms': '300',
    ...Object.fromEntries(ways.flatMap(securitySettings)),
  };
}

function securitySettings({ name, security }: KafkaWay): [string, string][] {
  const settings = Object.entries(security?.settings ?? {});
  return settings.map(([key, value]) => [`listener.name.${name.toLowerCase()}.${key}`, value]);
}

/** A running Kafka and its controls. */
export class LocalKafka {
  readonly brokers: readonly KafkaBroker[];
  readonly #places: readonly Place[];

  constructor(brokers: KafkaBroker[], places: Place[]) {
    this.brokers = brokers;
    this.#places = places;
  }

  /** `127.0.0.1:port` of every node. */
  get bootstrap(): string[] {
    return this.#places.map(({ client }) => `127.0.0.1:${client}`);
  }

  /** The port of the first node that a proxy leads to. */
  port(way: string): number {
    const found = this.#places[0]?.ways.find(({ name }) => name === way);
    if (!found) throw new Error(`Kafka has no listener for ${way}.`);
    return found.port;
  }

  /** Resolves when every process is gone. It uses force, because nodes that stop together wait for each other. */
  async stop(): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker.kill('SIGKILL')));
  }
}
