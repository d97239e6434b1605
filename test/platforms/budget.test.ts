import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { Budget, type Lane, type ReadingShares } from '../../src/platforms/budget.ts';

const MINUTE_MS = 60_000;

afterEach(() => vi.restoreAllMocks());

/** A budget and the time it goes by. */
function budget(perMinute: number, shares?: ReadingShares) {
  const at = { ms: 0 };
  const clock = { nowMs: () => at.ms, monotonicMs: () => at.ms };
  return { at, budget: new Budget(clock, perMinute, shares) };
}

/** The most of these that lie within one minute, wherever it begins. */
const mostInAMinute = (timesMs: number[]): number =>
  Math.max(0, ...timesMs.map((from) => timesMs.filter((ms) => ms >= from && ms < from + MINUTE_MS).length));

const steps = fc.array(
  fc.record({ afterMs: fc.nat(20_000), lane: fc.constantFrom<Lane>('first', 'reading', 'rest'), many: fc.nat(12) }),
  { maxLength: 40 },
);

test('no minute, wherever it begins, has more than there may be, however requests come', async () => {
  await fc.assert(
    fc.asyncProperty(
      steps,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 20 }),
      async (asked, most, part, first) => {
        const { at, budget: limited } = budget(most, { first, reading: part });
        const [all, readings]: [number[], number[]] = [[], []];
        for (const { afterMs, lane, many } of asked) {
          at.ms += afterMs;
          for (let n = 0; n < many; n++) {
            if (!(await limited.takeNow(lane))) break;
            all.push(at.ms);
            if (lane !== 'rest') readings.push(at.ms);
          }
        }
        expect(mostInAMinute(all)).toBeLessThanOrEqual(most);
        expect(mostInAMinute(readings)).toBeLessThanOrEqual(Math.max(first, part));
      },
    ),
  );
});

test('what is free of a minute is used at once, and readings leave the rest its own', async () => {
  const { at, budget: limited } = budget(10, { first: 8, reading: 6 });
  const taken = async (lane: Lane) => {
    let count = 0;
    while (await limited.takeNow(lane)) count++;
    return count;
  };
  expect(await taken('reading')).toBe(6);
  expect(await taken('rest')).toBe(4);
  at.ms = MINUTE_MS - 1;
  expect([await taken('reading'), await taken('rest')]).toEqual([0, 0]);
  at.ms = MINUTE_MS;
  expect([await taken('reading'), await taken('first'), await taken('rest')]).toEqual([6, 2, 2]);
});

test('a refusal in the middle of a burst holds what is left of it for as long as the platform asked', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const { at, budget: limited } = budget(10);
  for (let n = 0; n < 5; n++) expect(await limited.takeNow('reading')).toBe(true);
  limited.refused(30_000);
  for (at.ms = 0; at.ms < 30_000; at.ms += 1000) expect(await limited.takeNow('reading')).toBe(false);
  at.ms = 30_000;
  let more = 0;
  while (await limited.takeNow('reading')) more++;
  expect(more).toBe(5);
});
