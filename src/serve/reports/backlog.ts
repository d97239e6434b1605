import { domainsOf } from '../../config/topology.ts';
import type { Waiting } from '../../store/store.ts';
import type { Ground } from '../ground.ts';
import type { Sync } from '../sync.ts';

/** Backlogs; undefined if they cannot be counted now. */
interface Backlog {
  /** By domain: what the relay has not passed yet. */
  outbox: ReadonlyMap<string, Waiting> | undefined;
  /** By partition: messages on the bus that are not applied here yet. */
  bus: number[] | undefined;
}

/** Counts the backlogs for gauges and reports. The outbox uses the counts to decide whether it is full. */
export async function countBacklog({ config, metrics, log, store }: Ground, { bus, relay }: Sync): Promise<Backlog> {
  const relayed = relay.domains();
  for (const domain of domainsOf(config)) metrics.relaying.set({ domain }, relayed.has(domain) ? 1 : 0);
  const [entries, behind] = await Promise.all([
    store.outbox.waiting().catch((error) => {
      log.debug('outbox_count_failed', { err: error });
      return undefined;
    }),
    bus.lag().catch((error) => {
      log.debug('bus_lag_count_failed', { err: error });
      return undefined;
    }),
  ]);
  for (const [domain, { count, ageMs, leftOut }] of entries ?? []) {
    metrics.outboxEntries.set({ domain }, count);
    metrics.outboxAge.set({ domain }, ageMs / 1000);
    metrics.leftOut.set({ domain }, leftOut);
  }
  for (const { partition, behind: count } of behind ?? []) metrics.busBehind.set({ partition }, count);
  return { outbox: entries, bus: behind?.map(({ behind: count }) => count) };
}
