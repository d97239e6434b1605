import type { RegionReport } from '../api/routes/regions.ts';
import type { Ground, Sync } from './sync.ts';

/** What this instance knows of the state of its region and the others. */
export async function reportOn(
  { instance, store }: Ground,
  { region, outbox, bus, connections }: Sync,
): Promise<RegionReport> {
  const { config, freshness, peers } = region;
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
        rtt_ms: isSelf ? 0 : (peers.rttMs(name) ?? null),
      };
    }),
    shards: store.cluster.shards.all().map(({ address, up, replicas, probeMs }) => ({
      address,
      up,
      replicas,
      probe_ms: Math.round(probeMs * 10) / 10,
    })),
    outbox: lengths.reduce((sum, length) => sum + length, 0),
    bus_behind: lag ? lag.reduce((sum, { behind }) => sum + behind, 0) : null,
    connections: connections.health(),
  };
}

/** A report says what it can: a part that cannot be asked now leaves its place empty. */
function orElse<T, U>(asked: Promise<T>, otherwise: U): Promise<T | U> {
  return asked.catch(() => otherwise);
}
