import { expect, test } from 'vitest';
import { clockWarning, PeerClock } from '../../src/routing/peers/peer-clock.ts';

/** Probes a clock that is ahead by `offsetMs`; the way there takes all of the round trip, the way back none. */
const probe = (clock: PeerClock, offsetMs: number, rttMs = 10) =>
  clock.addSample(10_000 + rttMs + offsetMs, 10_000 + rttMs, rttMs);

test('an offset is unknown before the first answer, and right within half of the shortest round trip', () => {
  const clock = new PeerClock();
  expect(clock.offsetMs).toBeUndefined();
  probe(clock, 300, 400);
  expect(clock.offsetMs).toBe(500);
  probe(clock, 300, 20);
  probe(clock, 300, 100);
  expect(clock.offsetMs).toBe(310);
});

test('a clock is told to be off once, and to be well again once, and not both in turn around the limit', () => {
  const clock = new PeerClock();
  const told = [960, 1100, 900, 1100, 900].map((offsetMs, i) => probe(clock, offsetMs, 50 - 10 * i));
  expect(told).toEqual([undefined, 'off', undefined, undefined, undefined]);
  expect(clock.isOff).toBe(true);
  const later = Array.from({ length: 8 }, () => probe(clock, -400));
  expect(later.filter(Boolean)).toEqual(['well']);
  expect(clock.isOff).toBe(false);
});

test('a warning says whose clock it is, how far it is off, and which way', () => {
  expect(clockWarning('eu-west-1', 5012)).toBe("the clock of eu-west-1 is 5.0 s ahead of this instance's");
  expect(clockWarning('eu-west-1', -300_000)).toBe("the clock of eu-west-1 is 300.0 s behind this instance's");
});
