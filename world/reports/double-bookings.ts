import type { VerifiedClaims } from '../callers/verified-claims.ts';
import type { LocalConnection } from '../platforms/connection.ts';

/** Double bookings as the platforms count them, apart by whether the policy of connections accounts for them. */
export interface DoubleBookings {
  total: number;
  /**
   * Of these: one of the two calls had its agent by a claim that was granted without the home, on the platform's word.
   * That is the risk that `authority: verify` takes.
   */
  byVerify: number;
  /** The first of the others. */
  unexplained: string[];
}

/** What is not listed by a platform, which lists the first hundreds, counts as not explained. */
export function judgeDoubleBookings(
  connections: readonly Pick<LocalConnection, 'agentId' | 'state'>[],
  claims: Pick<VerifiedClaims, 'has'>,
): DoubleBookings {
  const judged: DoubleBookings = { total: 0, byVerify: 0, unexplained: [] };
  for (const connection of connections) {
    const { doubleBookings, doubleBookingList } = connection.state();
    judged.total += doubleBookings;
    for (const { userId, conversationId, busyWith, allBusyWith = [], reason, at } of doubleBookingList) {
      const agent = connection.agentId(userId);
      const calls = [conversationId, busyWith, ...allBusyWith].filter((call) => call !== undefined);
      if (calls.some((call) => claims.has(agent, call))) judged.byVerify++;
      else judged.unexplained.push(`${userId} was ${reason} at ${at}`);
    }
  }
  return judged;
}
