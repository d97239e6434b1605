import type { Bus } from '../bus/bus.ts';
import type { ClaimIds } from '../contract/claim-ids.ts';
import type { Log } from '../ops/log.ts';
import { conflictReporter } from '../routing/claims/conflict.ts';
import { followPlatform } from '../routing/claims/follow-platform.ts';
import { Lapses } from '../routing/claims/lapses.ts';
import { OneCall } from '../routing/claims/one-call.ts';
import { RetrySlots } from '../routing/claims/retry-slots.ts';
import { Peers } from '../routing/peers/peers.ts';
import { ReadThrough } from '../routing/read-through/read-through.ts';
import type { Region } from '../routing/region.ts';
import type { Leases } from '../store/leases.ts';
import { Applier } from '../sync/flow/applier.ts';
import { Apply, Ingest } from '../sync/flow/ingest.ts';
import { Relay } from '../sync/flow/relay.ts';
import { SetAside } from '../sync/flow/set-aside.ts';
import { Freshness } from '../sync/freshness/freshness.ts';
import { Heartbeats } from '../sync/freshness/heartbeat.ts';
import { Positions } from '../sync/freshness/positions.ts';
import type { Connections } from '../sync/mirroring/connections.ts';
import { Alignments } from '../sync/upkeep/alignments.ts';
import { Conversions } from '../sync/upkeep/conversions.ts';
import { Expiry } from '../sync/upkeep/expiry.ts';
import { Versions } from '../sync/upkeep/versions.ts';
import { createBus } from './bus.ts';
import { openClaimIds } from './claim-ids.ts';
import type { Ground } from './ground.ts';
import { platformConnections, platformReaders } from './platforms.ts';

/** The parts of an instance that run in the background, connected as in docs/architecture.md. */
export interface Sync {
  region: Region;
  /** Number of partitions of the bus. */
  partitions: number;
  bus: Bus;
  relay: Relay;
  connections: Connections;
  alignments: Alignments;
  heartbeats: Heartbeats;
  setAside: SetAside;
  versions: Versions;
  /** Starts everything but the platform connections. */
  start(): Promise<void>;
  /** Ends what was started, and says good-bye as the region's last instance. */
  stop(): Promise<void>;
  /** Closes what was not started. */
  abandon(): Promise<void>;
}

const RELAY_LEASE_TTL_MS = 6000;

export async function assembleSync(ground: Ground): Promise<Sync> {
  const { config, clock, host, log, metrics, history, store, instance } = ground;
  const bus = await createBus(ground);
  const { agents, outbox } = store;
  const { partitions } = config.bus;
  const positions = new Positions(ground);
  const setAside = new SetAside({ ...ground, bus, region: config.region });
  const reportConflict = conflictReporter();
  const apply = new Apply({
    ...{ ...ground, agents, positions },
    atGranter: (event, record) => followPlatform(region, event, record),
    onConflict: (agentId, conflict) => reportConflict(region, agentId, conflict),
    heardOfClaims: (agentId, home, claims) => oneCall.heard(agentId, home, claims),
    atHome: (agentId, facets) => void ingest.forgetOld(agentId, facets),
  });
  const taken = { region: config.region, replication: config.claims.replication };
  const freshness = new Freshness(ground);
  const versions = new Versions({ ...ground, freshness, version: ground.build.version });
  const ingest = new Ingest({ ...ground, ...taken, apply, bus, partitions, exchange: versions });
  const claimIds = openClaimIds(config, log);
  const peers = createPeers(ground, freshness, versions, claimIds);
  const leases = relayLeases(ground);
  const views = viewsOf(ground, leases);
  const readThrough = new ReadThrough({ ...ground, readers: views.platforms, agents, ingest, freshness });
  const parts = { ...views, agents, claimIds, peers, freshness, positions, readThrough };
  const region: Region = { ...ground, ...parts, ingest, setAside };
  const shared = { region: config.region, clock, log, metrics, heartbeatMs: config.freshness.heartbeatMs };
  const heardOfClaims: OneCall['heard'] = (...claims) => oneCall.heardOwn(...claims);
  const relay = new Relay({ ...ground, outbox, agents, bus, leases, setAside, heardOfClaims, exchange: versions });
  const heartbeats = new Heartbeats({ ...shared, store, relay, bus, partitions, instance, host, versions });
  const oneCall = new OneCall(region);
  const lapses = new Lapses({ region, store, instance });
  const heard = { ...taken, store, bus, apply, freshness, positions, history, setAside, config };
  const applier = new Applier({ ...shared, ...heard });
  const connections = platformConnections(ground, ingest, setAside);
  const { alignments, ...upkeep } = upkeepOf(ground, ingest);
  const background = [alignments, ...Object.values(upkeep), lapses];
  return {
    ...{ region, partitions, bus, relay, connections, alignments, heartbeats, setAside, versions },
    start: async () => {
      for (const each of [host, leases, peers]) each.start();
      await freshness.start();
      await relay.start();
      heartbeats.start();
      applier.start();
      readThrough.prepare();
      for (const each of [...background, versions]) each.start();
    },
    stop: async () => {
      await Promise.all([...background, versions, oneCall].map((each) => each.stop()));
      await Promise.all([peers.stop(), readThrough.close()]);
      heartbeats.stop();
      const isLast = await isLastInstance(leases, log);
      if (isLast) relay.inherit();
      if (isLast) await heartbeats.sayGoodbye();
      await relay.stop();
      await leases.stop();
      await bus.close();
      for (const each of [host, freshness, positions, setAside]) each.stop();
    },
    abandon: async () => {
      await Promise.all([peers.stop(), readThrough.close(), bus.close()]);
      for (const each of [host, freshness, positions, setAside]) each.stop();
    },
  };
}

/** The work that keeps the region's store in order. */
const upkeepOf = (ground: Ground, ingest: Ingest) => ({
  alignments: new Alignments(ground),
  expiry: new Expiry({ ...ground, ingest }),
  conversions: new Conversions(ground),
});

/** Stateless access to the store, the platform readers, and the retry slots. */
type Views = Pick<Region, 'queues' | 'calls' | 'changes' | 'keptAnswers' | 'platforms' | 'retrySlots'>;

function viewsOf(ground: Ground, leases: Leases): Views {
  const { config, clock, store } = ground;
  const { retriesPerMinute: perMinute } = config.limits;
  return {
    queues: store.queues,
    calls: store.calls,
    changes: store.changes,
    keptAnswers: store.keptAnswers,
    platforms: platformReaders(ground),
    // Every live instance takes part in the relay leases, so they count the instances.
    retrySlots: new RetrySlots({ perMinute, instances: () => leases.instances(), clock }),
  };
}

/** Whether this is the last live instance of the region. False if the store does not answer. */
async function isLastInstance(leases: Leases, log: Log): Promise<boolean> {
  try {
    return (await leases.retire()) === 0;
  } catch (error) {
    log.debug('live_instances_unknown', { err: error });
    return false;
  }
}

function createPeers(
  { config, access, clock, host, log }: Ground,
  freshness: Freshness,
  exchange: Versions,
  claimIds: ClaimIds,
): Peers {
  const urls = Object.fromEntries(Object.entries(config.regions).map(([name, { url }]) => [name, url]));
  const ask = (name: string) => freshness.ask(name);
  const [claimKey = ''] = claimIds.fingerprints;
  const tokens = access.regionTokens;
  const peers = new Peers({ region: config.region, urls, ask, claimKey, tokens, exchange, clock, log });
  host.onStandstill(() => peers.measureAgain());
  return peers;
}

function relayLeases({ config, store, instance, clock, log }: Ground): Leases {
  return store.leases({
    work: 'relay',
    count: config.bus.partitions,
    instance,
    ttlMs: RELAY_LEASE_TTL_MS,
    clock,
    log,
  });
}
