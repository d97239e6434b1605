import { domainsOf } from '../../config/topology.ts';
import type { RegionReport } from '../../contract/operators.ts';
import { CLOCK_TOLERANCE_MS, clockWarning } from '../../routing/peers/peer-clock.ts';
import type { Waiting } from '../../store/store.ts';
import type { Aside, AsideReport } from '../../sync/flow/set-aside.ts';
import type { Standing } from '../../sync/freshness/freshness.ts';
import type { Ground } from '../ground.ts';
import type { Sync } from '../sync.ts';
import { countBacklog } from './backlog.ts';
import { refusalAt } from './readiness.ts';

/** The report of `GET /v1/regions`: this region's store and bus, and the state of all regions as seen by this instance. */
export async function reportOn(ground: Ground, sync: Sync): Promise<RegionReport> {
  const { instance, store, host } = ground;
  const { config, peers, clock } = sync.region;
  const [{ outbox, bus }, aside] = await Promise.all([countBacklog(ground, sync), sync.setAside.lately()]);
  const shards = store.shards().map((shard) => ({
    address: shard.address,
    up: shard.up,
    replicas: shard.replicas,
    ...(shard.refuses !== undefined && { refuses: shard.refuses }),
    probe_ms: rounded(shard.probeMs),
    clock_offset_ms: Math.round(shard.clockOffsetMs),
  }));
  return {
    region: config.region,
    instance,
    regions: Object.keys(config.regions).map((name) => reportRegion(sync, name)),
    warnings: [
      ...host.warnings(),
      ...peers.warnings(),
      ...sync.versions.warnings(),
      ...shards.flatMap((shard) => warningsOf(shard, config.redis.replicas)),
      ...warningsOfAside(aside, clock.nowMs()),
    ],
    shards,
    outbox: outbox ? total([...outbox.values()].map(({ count }) => count)) : null,
    bus_behind: total(bus),
    domains: domainsOf(config).map((domain) => reportDomain(sync, domain, outbox?.get(domain))),
    partitions: partitionsOf(sync).map((partition) => ({ partition, bus_behind: bus?.[partition] ?? null })),
    set_aside: { count: aside.count, last: aside.last ? toldOf(aside.last) : null },
    connections: Object.entries(sync.connections.health()).map(([name, health]) => ({
      connection: name,
      connected: health.connected,
      agents: health.agents,
      read_age_ms: health.lastSnapshotMs === undefined ? null : clock.nowMs() - health.lastSnapshotMs,
      ...(health.problem && { problem: health.problem }),
    })),
  };
}

function reportDomain({ relay }: Sync, domain: string, waiting: Waiting | undefined): RegionReport['domains'][number] {
  return {
    domain,
    outbox: waiting?.count ?? null,
    oldest_age_ms: waiting ? Math.round(waiting.ageMs) : null,
    left_out: waiting?.leftOut ?? null,
    relayed_here: relay.domains().has(domain),
  };
}

function reportRegion(sync: Sync, name: string): RegionReport['regions'][number] {
  const { config, freshness, peers } = sync.region;
  const whole = { region: name, ...told(freshness.region(name)) };
  if (name === config.region) return { ...whole, reachable: true, rtt_ms: 0, clock_offset_ms: 0 };
  const offsetMs = peers.clockOffsetMs(name);
  return {
    ...whole,
    reachable: peers.isReachable(name),
    rtt_ms: rounded(peers.rttMs(name)),
    clock_offset_ms: offsetMs === undefined ? null : Math.round(offsetMs),
    partitions: partitionsOf(sync).map((partition) => ({ partition, ...told(freshness.partition(name, partition)) })),
  };
}

function warningsOf(shard: RegionReport['shards'][number], replicasMeant: number): string[] {
  const { address, up, refuses, replicas, clock_offset_ms: offsetMs } = shard;
  const warnings: string[] = [];
  if (!up) warnings.push(`the shard ${address} does not answer`);
  if (refuses !== undefined) warnings.push(refusalAt({ address, refuses }));
  // Shard clocks decide when claims expire.
  if (Math.abs(offsetMs) > CLOCK_TOLERANCE_MS) warnings.push(clockWarning(`the shard ${address}`, offsetMs));
  if (up && replicas < replicasMeant)
    warnings.push(`the shard ${address} has ${replicas} of the ${replicasMeant} replicas that redis.replicas asks for`);
  return warnings;
}

function toldOf({ atMs, ...aside }: Aside): NonNullable<RegionReport['set_aside']['last']> {
  return { at: atMs, ...aside };
}

/** One line about the last item; the dead letters hold all messages. */
function warningsOfAside({ count, last }: AsideReport, nowMs: number): string[] {
  if (!last) return [];
  const { from, key, reason, atMs } = last;
  const agoS = Math.max(0, Math.round((nowMs - atMs) / 1000));
  const what = `${count} ${count === 1 ? 'message or record was' : 'messages or records were'} set aside`;
  return [`${what}, the last one ${agoS} s ago, of ${key} (${from}): ${reason}; see \`muster deadletters list\``];
}

function told({ state, left, ageMs }: Standing) {
  return { state: left ? ('left' as const) : state, age_ms: Number.isFinite(ageMs) ? Math.round(ageMs) : null };
}

const partitionsOf = ({ partitions }: Sync): number[] => [...Array(partitions).keys()];

const total = (counts: number[] | undefined): number | null => counts?.reduce((sum, count) => sum + count, 0) ?? null;

/** Rounds to 0.1 ms. */
function rounded(ms: number): number;
function rounded(ms: number | undefined): number | null;
function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 10) / 10;
}
