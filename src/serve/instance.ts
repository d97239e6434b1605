import { randomUUID } from 'node:crypto';
import { createServer, type Server } from '../api/server.ts';
import type { Bus } from '../bus/bus.ts';
import { createRedisStreamsBus } from '../bus/redis-streams.ts';
import { Agents } from '../cache/agents.ts';
import { Cluster } from '../cache/cluster.ts';
import { Lane } from '../cache/lane.ts';
import { createLeases, type Leases } from '../cache/leases.ts';
import { claimOwnership } from '../cache/ownership.ts';
import { Queues } from '../cache/queues.ts';
import type { Config } from '../config/schema.ts';
import { type Clock, systemClock } from '../ops/clock.ts';
import { noHistory, openHistory } from '../ops/history.ts';
import { createLog } from '../ops/log.ts';
import { createMetrics } from '../ops/metrics.ts';
import { createGenesysConnection } from '../platforms/genesys/connection.ts';
import { Peers } from '../routing/peers.ts';
import type { Region } from '../routing/region.ts';
import { followPlatform } from '../routing/settle.ts';
import { Applier } from '../sync/applier.ts';
import { Apply } from '../sync/apply.ts';
import { Connections, type HomedConnection } from '../sync/connections.ts';
import { Freshness } from '../sync/freshness.ts';
import { Ingest } from '../sync/ingest.ts';
import { Outbox } from '../sync/outbox.ts';
import { Relay } from '../sync/relay.ts';
import { reportOn } from './report.ts';

export interface Instance {
  url: string;
  /** Takes no new work, finishes and hands over what it has, and closes. */
  stop(): Promise<void>;
}

export interface StartOptions {
  config: Config;
  /** Where to write the history, if anywhere. */
  historyFile?: string;
}

const RELAY_LEASE_TTL_MS = 6000;

/**
 * Brings up one instance of a region, in the order of the arrows of docs/architecture.md.
 * @throws Error saying what is wrong with the world it was pointed at
 */
export async function startInstance({ config, historyFile }: StartOptions): Promise<Instance> {
  const clock = systemClock;
  const instance = `${config.region}-${randomUUID().slice(0, 8)}`;
  const log = createLog(config.log.level, config.region, instance);
  const metrics = createMetrics(config.region);
  const history = historyFile
    ? openHistory({ file: historyFile, region: config.region, process: instance, clock, log })
    : noHistory;

  const [cluster, claimCluster, outboxCluster] = await connectClusters(config, clock, log);
  const closeClusters = (): Promise<unknown> =>
    Promise.all([cluster, claimCluster, outboxCluster].map((each) => each.close()));
  const bus = createBus(config, instance, clock, log);
  const outbox = new Outbox(new Lane(outboxCluster), cluster, config.bus.partitions);
  const claims = new Lane(claimCluster);
  const agents = new Agents(cluster, claims, config);
  const apply = new Apply({
    agents,
    config,
    clock,
    metrics,
    history,
    atHome: (event, record) => followPlatform(region, event, record),
  });
  const ingest = new Ingest({ outbox, apply, clock, log, metrics, history });
  const freshness = new Freshness({
    cluster,
    region: config.region,
    regions: Object.keys(config.regions),
    partitions: config.bus.partitions,
    settings: config.freshness,
    clock,
    log,
  });
  const urls = Object.fromEntries(Object.entries(config.regions).map(([name, { url }]) => [name, url]));
  const region: Region = {
    config,
    agents,
    queues: new Queues(cluster, claims, config.ranking.surplusSeconds * 1000),
    peers: new Peers(config.region, urls, clock, log),
    freshness,
    ingest,
    clock,
    log,
    metrics,
    history,
  };
  const leases = relayLeases(config, cluster, instance, clock, log);
  const { heartbeatMs } = config.freshness;
  const relay = new Relay({ outbox, bus, leases, region: config.region, heartbeatMs, clock, log, metrics });
  const applier = new Applier({ bus, apply, freshness, region: config.region, clock, log, metrics, history });
  const connections = new Connections({
    connections: homedConnections(config, clock),
    cluster,
    ingest,
    region: config.region,
    instance,
    clock,
    log,
    metrics,
  });

  let draining = false;
  const server = createServer({
    region,
    log,
    report: () => reportOn({ region, instance, cluster, outbox, bus, connections }),
    obstacles: () => [
      ...(draining ? ['shutting down'] : []),
      ...(cluster.shards.all().every((shard) => !shard.up) ? ['no shard of the Redis Cluster answers'] : []),
    ],
  });
  leases.start();
  await freshness.start();
  relay.start();
  applier.start();
  const url = await listen(server, config);
  region.peers.start();
  connections.start();
  log.info({ url }, 'ready');

  return {
    url,
    stop: async () => {
      draining = true;
      await connections.stop();
      await server.close();
      await region.peers.stop();
      await relay.stop();
      await leases.stop();
      await bus.close();
      freshness.stop();
      await closeClusters();
      history.close();
      log.info({}, 'stopped');
    },
  };
}

/** Claims and the outbox wait for replicas, and a `WAIT` blocks its connection: each has its own. */
async function connectClusters(config: Config, clock: Clock, log: Region['log']): Promise<[Cluster, Cluster, Cluster]> {
  const connect = (): Promise<Cluster> => Cluster.connect(config.redis, clock, log);
  const cluster = await connect();
  try {
    await claimOwnership(cluster, config.region);
    return [cluster, await connect(), await connect()];
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

function createBus({ bus, region, regions }: Config, instance: string, clock: Clock, log: Region['log']): Bus {
  const { url, topic, partitions } = bus;
  return createRedisStreamsBus({ url, topic, partitions, region, regions: Object.keys(regions), instance, log, clock });
}

function relayLeases({ bus }: Config, cluster: Cluster, instance: string, clock: Clock, log: Region['log']): Leases {
  return createLeases({
    run: (script, keys, args) => cluster.run(script, keys, args),
    prefix: '{relay}',
    count: bus.partitions,
    instance,
    ttlMs: RELAY_LEASE_TTL_MS,
    clock,
    log,
  });
}

function homedConnections(config: Config, clock: Clock): HomedConnection[] {
  return Object.entries(config.connections).flatMap(([name, settings]) => {
    if (settings.home !== config.region || settings.platform !== 'genesys') return [];
    return [{ name, open: (context) => createGenesysConnection(settings, context, clock) }];
  });
}

async function listen(server: Server, { listen: { host, port } }: Config): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot listen on ${host}:${port} (${reason})`, { cause: error });
  }
}
