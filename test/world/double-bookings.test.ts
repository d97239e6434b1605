import { expect, test } from 'vitest';
import { VerifiedClaims } from '../../world/callers/verified-claims.ts';
import type { PlatformState } from '../../world/platforms/connection.ts';
import { judgeDoubleBookings } from '../../world/reports/double-bookings.ts';

const AT = '2026-03-02T10:00:00.000Z';

function connection(name: string, doubleBookings: number, list: object[]) {
  const doubleBookingList = list.map((each) => ({ at: AT, reason: 'INTERACTING', ...each }));
  const state = { doubleBookings, doubleBookingList } as unknown as PlatformState;
  return { agentId: (userId: string) => `${name}:${userId}`, state: () => state };
}

test('a double booking is explained where one of its two calls had that agent on the platform’s word, and only there', () => {
  const claims = new VerifiedClaims();
  claims.add('us:ann', 'sent');
  claims.add('us:bea', 'had');
  claims.add('us:eve', 'second');
  claims.add('eu:cas', 'elsewhere');
  const judged = judgeDoubleBookings(
    [
      connection('us', 5, [
        { userId: 'eve', conversationId: 'late', busyWith: 'first', allBusyWith: ['first', 'second'] },
        { userId: 'ann', conversationId: 'sent', busyWith: 'other' },
        { userId: 'bea', conversationId: 'late', busyWith: 'had' },
        { userId: 'cas', conversationId: 'elsewhere', busyWith: 'other' },
      ]),
      connection('eu', 1, [{ userId: 'dan', conversationId: 'late' }]),
    ],
    claims,
  );
  expect(judged).toEqual({
    total: 6,
    byVerify: 3,
    unexplained: [`cas was INTERACTING at ${AT}`, `dan was INTERACTING at ${AT}`],
  });
});

test('what was verified longest ago is forgotten first', () => {
  const claims = new VerifiedClaims();
  for (let call = 0; call < 20_001; call++) claims.add('us:ann', `${call}`);
  expect(claims.has('us:ann', '0')).toBe(false);
  expect(claims.has('us:ann', '20000')).toBe(true);
});
