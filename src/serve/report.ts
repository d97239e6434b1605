import type { RegionReport } from '../api/routes/regions.ts';
import type { Ground, Sync } from './sync.ts';

/** What this instance knows of the state of its region and the others. */
export async function reportOn(
  { instance, store }: Ground,
  { region, outbox, bus, connections }: Sync,
): Promise<RegionReport> {
  const { config, freshness, peers, clock } = region;
  const [lengths, lag] = await Promise.all([orElse(outbox.lengths(), []), orElse(bus.lag(), undefined)]);
  return {
    region: config.region,
    instance,
    regions: Object.keys(config.regions).map((name) => {
      const { ageMs, state } = freshness.region(name);
      const isSelf = name === config.region;
      return {
        region: name,
        state,
        age_ms: Number.isFinite(ageMs) ? Math.round(ageMs) : null,
        reachable: isSelf || peers.isReachable(name),
        rtt_ms: isSelf ? 0 : rounded(peers.rttMs(name)),
      };
    }),
    shards: store.cluster.shards.all().map(({ address, up, replicas, probeMs }) => ({
      address,
      up,
      replicas,
      probe_ms: rounded(probeMs),
    })),
    outbox: lengths.reduce((sum, length) => sum + length, 0),
    bus_behind: lag ? lag.reduce((sum, { behind }) => sum + behind, 0) : null,
    connections: Object.entries(connections.health()).map(([name, health]) => ({
      connection: name,
      connected: health.connected,
      agents: health.agents,
      read_age_ms: health.lastSnapshotMs === undefined ? null : clock.nowMs() - health.lastSnapshotMs,
      ...(health.problem && { problem: health.problem }),
    })),
  };
}

/** A report says what it can: a part that cannot be asked now leaves its place empty. */
function orElse<T, U>(asked: Promise<T>, otherwise: U): Promise<T | U> {
  return asked.catch(() => otherwise);
}

/** To a tenth, as far as anybody reads it. */
function rounded(ms: number): number;
function rounded(ms: number | undefined): number | null;
function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms * 10) / 10;
}
