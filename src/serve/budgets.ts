import { Permits, type Taker } from '../cache/permits.ts';
import type { RequestBudget } from '../platforms/budget.ts';
import { SharedBudget } from '../platforms/shared-budget.ts';
import type { Ground } from './sync.ts';

/** The part of a connection's limit kept for asking about single agents; and what an instance sends without the store. */
const PART = 1 / 4;

/**
 * What this region's instances may ask of the platform of a connection, counted together.
 * @param requestsPerMinute by the settings of the connection
 * @param readingsPerMinute of these for readings, where others must not wait for them
 */
export function budgetOf(
  { store, instance, clock, log }: Ground,
  connection: string,
  requestsPerMinute: number,
  taker: Taker,
  readingsPerMinute = requestsPerMinute,
): RequestBudget {
  const part = Math.max(1, Math.floor(requestsPerMinute * PART));
  const share = readingsPerMinute / Math.max(1, requestsPerMinute - part);
  const permits = new Permits({
    cluster: store.cluster,
    connection,
    instance,
    taker,
    limit: requestsPerMinute,
    headroom: part,
    readings: readingsPerMinute,
  });
  const alone = { alonePerMinute: part, aloneReadingsPerMinute: Math.max(1, Math.floor(part * Math.min(1, share))) };
  return new SharedBudget({ permits, ...alone, clock, log: log.child({ connection, taker }) });
}
