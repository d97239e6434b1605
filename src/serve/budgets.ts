import type { ReadingShares, RequestBudget } from '../platforms/budget.ts';
import { SharedBudget } from '../platforms/shared-budget.ts';
import type { Taker } from '../store/store.ts';
import type { Ground } from './ground.ts';

/** Share of the request limit that is reserved for platform queries; also the limit of an instance without the store. */
const PART = 1 / 4;

/**
 * The request budget of a connection, shared by the region's instances.
 * @param requestsPerMinute limit in the settings of the connection
 * @param shares how many of these full reads may use, so that other requests need not wait for them
 */
export function budgetOf(
  { store, instance, clock, log }: Ground,
  connection: string,
  requestsPerMinute: number,
  taker: Taker,
  shares?: ReadingShares,
): RequestBudget {
  const part = Math.max(1, Math.floor(requestsPerMinute * PART));
  const permits = store.permits({
    connection,
    instance,
    taker,
    limit: requestsPerMinute,
    headroom: part,
    ...(shares && { readings: shares }),
  });
  const ofPart = (share: number): number => Math.max(1, Math.floor(part * (share / (requestsPerMinute - part))));
  const aloneShares = shares && { first: ofPart(shares.first), reading: ofPart(shares.reading) };
  const alone = { alonePerMinute: part, ...(aloneShares && { aloneShares }) };
  return new SharedBudget({ permits, ...alone, clock, log: log.child({ connection, taker }) });
}
