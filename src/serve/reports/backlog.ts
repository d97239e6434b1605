import type { Ground } from '../ground.ts';
import type { Sync } from '../sync.ts';

/** What waits, per partition; undefined where it cannot be counted now. */
interface Backlog {
  /** Events of this region that wait for the bus. */
  outbox: number[] | undefined;
  /** Messages of the bus not yet applied here. */
  bus: number[] | undefined;
}

/** Counts what waits, for the gauges, for reports, and for the outbox itself, which judges by it whether it is full. */
export async function countBacklog({ metrics, log, store }: Ground, { bus }: Sync): Promise<Backlog> {
  const [entries, behind] = await Promise.all([
    store.outbox.lengths().catch((error) => {
      log.debug('outbox_count_failed', { err: error });
      return undefined;
    }),
    bus.lag().catch((error) => {
      log.debug('bus_lag_count_failed', { err: error });
      return undefined;
    }),
  ]);
  for (const [partition, count] of entries?.entries() ?? []) metrics.outboxEntries.set({ partition }, count);
  for (const { partition, behind: count } of behind ?? []) metrics.busBehind.set({ partition }, count);
  return { outbox: entries, bus: behind?.map(({ behind: count }) => count) };
}
