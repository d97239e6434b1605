import { randomUUID } from 'node:crypto';
import { createServer, type Server } from '../api/server.ts';
import type { Config } from '../config/schema.ts';
import { LineStream, openAudit } from '../ops/audit.ts';
import { type Build, readBuild } from '../ops/build.ts';
import { type Clock, systemClock } from '../ops/clock.ts';
import { openHistory } from '../ops/history.ts';
import { createLog, type Log } from '../ops/log.ts';
import { createMetrics } from '../ops/metrics.ts';
import { PlatformCounts } from '../ops/platform-counts.ts';
import { Pushes } from '../routing/read-through/pushes.ts';
import { HostWatch } from '../sync/freshness/host-watch.ts';
import { awaitFirstReading, type ReadingState } from '../sync/mirroring/first-reading.ts';
import { openAccess } from './access.ts';
import type { Ground } from './ground.ts';
import { demandOneStore } from './one-store.ts';
import { checkPartitions } from './partitions.ts';
import { pushReaders } from './platforms.ts';
import { reportOnConnections } from './reports/connections-report.ts';
import { watchGauges } from './reports/gauges.ts';
import { obstaclesOf } from './reports/readiness.ts';
import { reportOn } from './reports/report.ts';
import { Start } from './start.ts';
import { openStore } from './store.ts';
import { assembleSync, type Sync } from './sync.ts';

interface Instance {
  url: string;
  log: Log;
  /** Accepts no new requests, finishes running ones, releases its leases, and closes. */
  stop(): Promise<void>;
}

interface StartOptions {
  config: Config;
  /** File of the history; undefined: none is written. */
  historyFile?: string;
  /** Defaults to the system clock; drills pass a wrong one. */
  clock?: Clock;
}

/**
 * Starts one instance of a region. Resolves when it is ready.
 * @throws Error if a service, a file or a setting does not allow it to start
 */
export async function startInstance(options: StartOptions): Promise<Instance> {
  const build = readBuild();
  const ground = await openGround(options, build);
  const sync = await assemble(ground);
  const { region } = sync;
  const pushes = new Pushes(region, pushReaders(ground));
  const start = new Start();
  let draining = false;
  const server = createServer({
    region,
    build,
    tokens: ground.access.tokens,
    requestsPerSecond: options.config.limits.requestsPerSecond,
    pushes,
    start,
    takeBeat: () => sync.heartbeats.take(),
    report: () => reportOn(ground, sync),
    connections: () => reportOnConnections(ground, sync),
    readNow: (connection) => sync.connections.readNow(connection),
    obstacles: () => [
      ...(draining ? ['shutting down'] : []),
      ...start.obstacles(),
      ...obstaclesOf(ground),
      ...sync.versions.obstacles(),
    ],
    readings: () => start.readings(sync.connections.health()),
  });
  const url = await sync
    .start()
    .then(() => begin(ground, sync, server, start))
    .catch(async (error) => {
      await shutDown(ground, sync);
      throw error;
    });
  const stopGauges = watchGauges(ground, sync);
  ground.log.info('instance_ready', { url });
  return {
    url,
    log: ground.log,
    stop: async () => {
      draining = true;
      stopGauges();
      await sync.connections.stop();
      await server.close();
      await pushes.stop();
      await shutDown(ground, sync);
      ground.log.info('instance_stopped');
    },
  };
}

/** Listens, and waits until the platforms homed here have been read. @returns the URL */
async function begin(ground: Ground, { connections }: Sync, server: Server, start: Start): Promise<string> {
  const { config, instance, clock, log, access } = ground;
  access.start();
  const url = await listen(server, config);
  connections.start();
  try {
    const limitMs = config.freshness.staleMs;
    const look = { look: () => connections.readingStates(), wait: (open: ReadingState[]) => start.wait(open) };
    await awaitFirstReading({ instance, ...look, limitMs, clock, log });
    start.over();
    return url;
  } catch (error) {
    await connections.stop();
    await server.close();
    throw error;
  }
}

async function openGround({ config, historyFile, clock = systemClock }: StartOptions, build: Build): Promise<Ground> {
  const { builtAt, ...versions } = build;
  const instance = `${config.region}-${randomUUID().slice(0, 8)}`;
  const { region } = config;
  const stream = new LineStream(2);
  const log = createLog(config.log.level, region, instance, stream);
  log.info('instance_starting', { ...versions, ...(builtAt && { built_at: builtAt }), node: process.version });
  const access = openAccess(config, clock, log);
  await checkPartitions(config.bus, instance, log);
  const metrics = createMetrics(region);
  metrics.buildInfo.set(versions, 1);
  const audit = openAudit({ file: config.audit.file, stream, region, instance, log, metrics });
  const history = historyFile ? openHistory({ file: historyFile, region, process: instance, clock, log }) : undefined;
  const store = await openStore(config, clock, log);
  const counts = new PlatformCounts(metrics, log);
  const host = new HostWatch({ clock, log, metrics });
  store.followClocks((reading) => host.read(reading));
  return { config, build, instance, clock, host, log, history, audit, access, store, metrics, counts };
}

/**
 * Closes everything on failure, so that the process can end. Nothing has been said in the name of the region then.
 * @throws Error if another store serves the region
 */
async function assemble(ground: Ground): Promise<Sync> {
  let sync: Sync | undefined;
  try {
    sync = await assembleSync(ground);
    await demandOneStore(ground, sync.region.peers);
    return sync;
  } catch (error) {
    await sync?.abandon();
    await ground.store.close();
    ground.audit.close();
    ground.history?.close();
    throw error;
  }
}

async function shutDown({ access, store, history, audit }: Ground, sync: Sync): Promise<void> {
  await access.stop();
  await sync.stop();
  await store.close();
  audit.close();
  history?.close();
}

async function listen(server: Server, { listen: { host, port } }: Config): Promise<string> {
  try {
    return await server.listen({ host, port });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot listen on ${host}:${port} (${reason})`, { cause: error });
  }
}
