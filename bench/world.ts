import { mkdtempSync, rmSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../src/config/load.ts';
import type { Config } from '../src/config/schema.ts';
import { systemClock } from '../src/ops/clock.ts';
import { createLog } from '../src/ops/log.ts';
import type { Queues } from '../src/store/queues.ts';
import { SeenRecords } from '../src/store/record/record.ts';
import { RedisAgents } from '../src/store/redis/agents.ts';
import { Cluster } from '../src/store/redis/cluster.ts';
import { RedisOutbox } from '../src/store/redis/outbox.ts';
import { RedisQueues } from '../src/store/redis/queues.ts';
import { WriteBatcher } from '../src/store/redis/write-batcher.ts';
import type { Agents } from '../src/store/store.ts';
import { withAdmin } from '../world/redis/admin.ts';
import { type LocalRedisCluster, startRedisCluster } from '../world/redis/cluster.ts';
import { type RedisServer, startRedis } from '../world/redis/server.ts';
import { freePort } from '../world/tools/ports.ts';
import { CommandMeter } from './command-meter.ts';
import { Floor } from './floor.ts';
import { load } from './pool.ts';

export const REGION = 'bench';
/** One domain for each topic that changes agents, so that topics do not affect each other. */
const DOMAINS = ['calls', 'http', 'events', 'scarce', 'vast'] as const;
export type DomainName = (typeof DOMAINS)[number];
/** How long an instance waits for replication of a claim, in ms. */
const REPLICA_WAIT_MS = 20;
/** No busy machine stands still for so long that a replica is promoted. */
const NODE_TIMEOUT_MS = 60_000;

/** The real parts of a region, in a temporary folder, and the raw floors. */
export interface World {
  dir: string;
  /** `127.0.0.1:port` of every node, for clients with all permissions. */
  addresses: string[];
  config: Config;
  agents: Agents;
  queues: Queues;
  claims: WriteBatcher;
  floor: Floor;
  /** Loads a domain's agents, once. */
  load(domain: DomainName, count: number): Promise<void>;
  meter: CommandMeter;
  /** Of the Redis that carries the bus. */
  busMeter: CommandMeter;
  redisVersion(): Promise<string>;
  /** Memory that all masters together use, in bytes. */
  usedBytes(): Promise<number>;
  /** Ends every process and removes the folder. */
  stop(): Promise<void>;
}

export async function startWorld(): Promise<World> {
  const dir = mkdtempSync(join(tmpdir(), 'muster-bench-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  const redis = await startRedisCluster({ dir, nodeTimeoutMs: NODE_TIMEOUT_MS });
  const bus = await startRedis({ dir: join(dir, 'bus') });
  const config = benchConfig(redis, bus, await freePort());
  const log = createLog('warn', REGION, 'bench');
  // With all permissions: the floor writes keys that Muster does not use.
  const connect = (): Promise<Cluster> => Cluster.connect({ nodes: redis.addresses }, systemClock, log);
  const [cluster, claimCluster, floor] = await Promise.all([
    connect(),
    connect(),
    Floor.connect({ nodes: redis.addresses }),
  ]);
  const meter = await CommandMeter.connect((await redis.masters()).map(({ port }) => port));
  const busMeter = await CommandMeter.connect([Number(new URL(bus.url).port)]);
  const claims = new WriteBatcher(claimCluster, REPLICA_WAIT_MS, 1);
  const seen = new SeenRecords(20_000);
  const outbox = new RedisOutbox(claims, cluster, log, []);
  outbox.relayed = new Set(DOMAINS);
  outbox.onAppend = () => true;
  const agents = new RedisAgents(cluster, { claims, changes: claims }, config, outbox, seen);
  const loaded = new Set<DomainName>();
  return {
    dir,
    addresses: redis.addresses,
    config,
    agents,
    queues: new RedisQueues(cluster, claims, outbox, config.ranking.surplusSeconds * 1000, seen),
    claims,
    floor,
    load: async (domain, count) => {
      if (!loaded.has(domain)) await load(agents, domain, count);
      loaded.add(domain);
    },
    meter,
    busMeter,
    redisVersion: async () => {
      const info = await withAdmin(redis.nodes[0]?.port ?? 0, (node) => node.run('INFO', 'server'));
      return /^(?:redis|valkey)_version:(\S+)/m.exec(String(info))?.[1] ?? 'of unknown version';
    },
    usedBytes: async () => {
      const masters = await redis.masters();
      const infos = await Promise.all(masters.map(({ port }) => withAdmin(port, (node) => node.run('INFO', 'memory'))));
      return infos.reduce<number>((sum, info) => sum + Number(/^used_memory:(\d+)/m.exec(String(info))?.[1]), 0);
    },
    stop: async () => {
      meter.close();
      busMeter.close();
      await Promise.all([cluster.close(), claimCluster.close(), floor.close()]);
      await Promise.all([redis.stop(), bus.stop()]);
    },
  };
}

function benchConfig(redis: LocalRedisCluster, bus: RedisServer, port: number): Config {
  const settings = {
    region: REGION,
    listen: { port },
    redis: redis.access,
    bus: { url: bus.url },
    regions: { [REGION]: { url: `http://127.0.0.1:${port}` } },
    domains: Object.fromEntries(DOMAINS.map((name) => [name, {}])),
    connections: Object.fromEntries(DOMAINS.map((name) => [name, { platform: 'events', home: REGION, domain: name }])),
    log: { level: 'warn' },
    audit: { file: devNull },
  };
  return readConfig(JSON.stringify(settings), 'the configuration of the benches', {});
}
