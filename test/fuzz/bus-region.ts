import { join } from 'node:path';
import { readConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { startInstance } from '../../src/serve/instance.ts';
import { TOPIC } from '../../world/bus/bus.ts';
import { startKafka } from '../../world/kafka/cluster.ts';
import { kafkaClassPath } from '../../world/kafka/jars.ts';
import { startRedisCluster } from '../../world/redis/cluster.ts';
import { startRedis } from '../../world/redis/server.ts';
import { findJava } from '../../world/tools/java.ts';
import { freePort } from '../../world/tools/ports.ts';
import { TestTopics } from '../bus/kafka/topics.ts';

export const REGION = 'eu';
export const PARTITIONS = 12;

/** A region whose bus is to be fuzzed. */
export interface BusRegion {
  url: string;
  config: Config;
  history: string;
  stop(): Promise<void>;
}

interface StartedBus {
  settings: object;
  stop(): Promise<unknown>;
}

/** What carries the events, by driver; each is started in a folder. */
export const BUSES: Record<string, (dir: string) => Promise<StartedBus>> = {
  'redis-streams': async (dir) => {
    const server = await startRedis({ dir });
    return { settings: { url: server.url }, stop: () => server.stop() };
  },
  kafka: async (dir) => {
    const kafka = await startKafka({ dir });
    const topics = new TestTopics(kafka.bootstrap);
    await topics.make(TOPIC, PARTITIONS);
    await topics.close();
    return { settings: { driver: 'kafka', brokers: kafka.bootstrap }, stop: () => kafka.stop() };
  },
};

/** Why there can be no bus of that driver here; undefined where there can. */
export async function obstacleTo(driver: string): Promise<string | undefined> {
  if (driver !== 'kafka') return undefined;
  try {
    findJava('A Kafka broker');
    await kafkaClassPath();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** One region, with everything that it keeps below `dir`. */
export async function startBusRegion(dir: string, bus: StartedBus): Promise<BusRegion> {
  const cluster = await startRedisCluster({ dir: join(dir, 'cluster'), replicas: false });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const settings = {
    region: REGION,
    listen: { port },
    log: { level: 'error' },
    redis: { nodes: cluster.addresses, replicas: 0 },
    bus: { topic: TOPIC, partitions: PARTITIONS, ...bus.settings },
    audit: { file: join(dir, 'audit') },
    regions: { [REGION]: { url } },
    connections: { crm: { platform: 'events', home: REGION } },
    queues: { support: { unites: ['crm:support'] } },
  };
  const history = join(dir, 'eu.history.jsonl');
  const config = readConfig(JSON.stringify(settings), join(dir, 'eu.yaml'), {});
  const instance = await startInstance({ config, historyFile: history });
  const stop = async (): Promise<void> => {
    await instance.stop();
    await Promise.all([bus.stop(), cluster.stop()]);
  };
  return { url, config, history, stop };
}
