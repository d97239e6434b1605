import { mkdtempSync, writeFileSync } from 'node:fs';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bus } from '../src/bus/bus.ts';
import { partitionOf } from '../src/bus/envelope.ts';
import { readConfig } from '../src/config/load.ts';
import type { Config } from '../src/config/schema.ts';
import { systemClock } from '../src/ops/clock.ts';
import { createLog } from '../src/ops/log.ts';
import { createBus } from '../src/serve/bus.ts';
import { type LocalRedisCluster, startRedisCluster } from '../world/redis/cluster.ts';
import { freePort } from '../world/tools/ports.ts';
import { type Broker, DRIVER_TOPIC, PADDING, PARTITIONS, startKafkaBroker, startRedisStreams } from './brokers.ts';
import { type Contestant, compareAt } from './compare.ts';
import { Echo } from './echo.ts';
import { Server } from './server.ts';
import { ratioOf, rowOf } from './summary.ts';
import { atLeast, atMost } from './targets.ts';
import type { Finding, Settings, Topic } from './topic.ts';
import type { World } from './world.ts';

const REGIONS = ['near', 'far'] as const;
const IN_FLIGHT = [1, 64];
const BATCH = 500;
const BATCHES_IN_FLIGHT = 4;
const RAW_CLIENT = 'raw client';
const REGION_TO_REGION = 'region to region';
const MOST_P50 = 12;
/** Twice of what it was when events went through an outbox of their own. */
const LEAST_PER_SECOND: Record<string, number> = { 'Redis Streams': 0.072, Kafka: 0.053 };
const VISIBLE_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 1;
/** A batch takes hundreds of milliseconds. */
const LOOK_FOR_BATCH_EVERY_MS = 10;

const READING =
  'A message of about 500 bytes written and read back: by the client library alone, on one partition; by the driver, on 12. "region to region": an event is posted to one instance until a lookup at the other region’s shows it, looking once a millisecond, for a batch every 10 ms.';

/** The cost of the bus: a message with the bare client, with Muster's driver, and a change from one region to another. */
export const bus: Topic = {
  name: 'bus',
  measure: async (world, settings) => {
    const findings: Finding[] = [];
    for (const start of [startRedisStreams, startKafkaBroker]) {
      const broker = await start(world.dir);
      try {
        findings.push(...(await measure(broker, world, settings)));
      } finally {
        await broker.stop();
      }
    }
    return findings;
  },
};

async function measure(broker: Broker, world: World, { seconds }: Settings): Promise<Finding[]> {
  const driver = await Driver.open(broker);
  const pair = await Pair.start(broker, world.dir);
  try {
    const contestants = (count: number): Contestant[] => [
      { name: RAW_CLIENT, operation: () => broker.raw.roundTrip(count) },
      { name: 'driver', operation: () => driver.echo.roundTrip(count) },
      { name: REGION_TO_REGION, operation: () => pair.propagate(count) },
    ];
    const how = { seconds, meter: world.meter };
    const single = await compareAt(IN_FLIGHT, { contestants: contestants(1), ...how });
    const many = await compareAt([BATCHES_IN_FLIGHT], { contestants: contestants(BATCH), units: BATCH, ...how });
    return [
      {
        scenario: `${broker.name}, one event`,
        title: `The bus: ${broker.name}, one event at a time`,
        rows: single,
        reading: READING,
        targets: [
          atMost(
            `bus: ${broker.name}, region to region, p50 ÷ bare client, alone`,
            MOST_P50,
            ratioOf(rowOf(single, REGION_TO_REGION, 1), RAW_CLIENT, 'p50'),
          ),
        ],
      },
      {
        scenario: `${broker.name}, batches`,
        title: `The bus: ${broker.name}, batches of ${BATCH} events`,
        per: 'batch',
        rows: many,
        reading: `As above, ${BATCH} at once. A batch is there when the last event of every partition is.`,
        targets: [
          atLeast(
            `bus: ${broker.name}, region to region, per second ÷ bare client, ${BATCHES_IN_FLIGHT} x ${BATCH} in flight`,
            LEAST_PER_SECOND[broker.name] ?? Number.NaN,
            ratioOf(rowOf(many, REGION_TO_REGION, BATCHES_IN_FLIGHT), RAW_CLIENT, 'perSecond'),
          ),
        ],
      },
    ];
  } finally {
    await Promise.all([pair.stop(), driver.close()]);
  }
}

/** Muster's driver in this process, reading what it writes. */
class Driver {
  readonly echo: Echo;
  readonly #bus: Bus;

  constructor(bus: Bus) {
    this.#bus = bus;
    this.echo = new Echo(async (ids) => {
      const messages = Map.groupBy(ids, (id) => partitionOf(id, PARTITIONS));
      const sent = [...messages].map(([partition, keys]) =>
        bus.publish(
          partition,
          keys.map((key) => ({ key, headers: {}, value: PADDING })),
        ),
      );
      await Promise.all(sent);
    });
    bus.consume(async (_, batch) => {
      for (const { key } of batch) this.echo.heard(key);
    });
  }

  /** Resolves once its first message has come back. */
  static async open({ settings }: Broker): Promise<Driver> {
    const config = regionConfig('near', { ...settings, topic: DRIVER_TOPIC }, [1, 2], {
      nodes: ['127.0.0.1:1'],
      replicas: 0,
    });
    const log = createLog('error', 'near', 'driver');
    const driver = new Driver(await createBus({ config, instance: 'driver', clock: systemClock, log }));
    await driver.echo.roundTrip();
    return driver;
  }

  close(): Promise<void> {
    return this.#bus.close();
  }
}

/** Two regions, each with a Redis Cluster of masters only and an instance as a process. */
class Pair {
  readonly #near: Server;
  readonly #far: Server;
  readonly #clusters: LocalRedisCluster[];
  #changes = 0;

  private constructor(near: Server, far: Server, clusters: LocalRedisCluster[]) {
    this.#near = near;
    this.#far = far;
    this.#clusters = clusters;
  }

  /** Resolves once a change has arrived in the other region. */
  static async start({ name, settings }: Broker, parent: string): Promise<Pair> {
    const dir = mkdtempSync(join(parent, 'pair-'));
    const ports = [await freePort(), await freePort()];
    const start = async (region: (typeof REGIONS)[number]): Promise<[Server, LocalRedisCluster]> => {
      const cluster = await startRedisCluster({ dir: join(dir, region), replicas: false });
      const file = join(dir, `${region}.yaml`);
      writeFileSync(file, JSON.stringify(regionConfig(region, settings, ports, cluster.access)));
      return [await Server.start('muster', file), cluster];
    };
    const [near, far] = [await start('near'), await start('far')];
    const pair = new Pair(near[0], far[0], [near[1], far[1]]);
    await pair.propagate().catch((error) => {
      throw new Error(`no change arrives through ${name}`, { cause: error });
    });
    return pair;
  }

  /** Posts events to one region and reads the other until the last of each partition is there. */
  async propagate(count = 1): Promise<void> {
    const agentIds = Array.from({ length: count }, () => `crm:agent-${this.#changes++}`);
    const timestamp = systemClock.nowMs();
    const events = agentIds.map((id) => ({ event_id: id, timestamp, agent_id: id, status: 'AVAILABLE' }));
    await this.#near.post('/v1/events', count === 1 ? (events[0] as object) : events);
    const last = new Map(agentIds.map((id) => [partitionOf(id, PARTITIONS), id]));
    // One after the other: looks of all at once would cost the other region as much as the changes.
    for (const id of last.values()) await this.#isThere(id, count === 1 ? LOOK_EVERY_MS : LOOK_FOR_BATCH_EVERY_MS);
  }

  async #isThere(agentId: string, everyMs: number): Promise<void> {
    const untilMs = systemClock.monotonicMs() + VISIBLE_WITHIN_MS;
    while (!(await this.#far.has(`/v1/agents/${encodeURIComponent(agentId)}`))) {
      if (systemClock.monotonicMs() > untilMs) throw new Error(`${agentId} did not reach the other region`);
      await delay(everyMs);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.#near.stop(), this.#far.stop()]);
    await Promise.all(this.#clusters.map((cluster) => cluster.stop()));
  }
}

function regionConfig(region: string, bus: object, ports: number[], redis: Config['redis']): Config {
  const settings = {
    region,
    listen: { port: ports[REGIONS.indexOf(region as (typeof REGIONS)[number])] },
    redis,
    bus,
    regions: Object.fromEntries(REGIONS.map((name, at) => [name, { url: `http://127.0.0.1:${ports[at]}` }])),
    connections: { crm: { platform: 'events', home: 'near' } },
    log: { level: 'error' },
    audit: { file: devNull },
  };
  return readConfig(JSON.stringify(settings), 'the configuration of the bench', {});
}
