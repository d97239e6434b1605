import { expect, test } from 'vitest';
import { emptySample, ratioOf, rowOf, type Sample, summarize } from '../../bench/summary.ts';

/** `count` operations of `ms` each, one after the other. */
const sample = (count: number, ms: number, redis: Partial<Sample> = {}): Sample => ({
  ...emptySample(),
  latenciesMs: Array.from({ length: count }, () => ms),
  elapsedMs: count * ms,
  ...redis,
});

test('script time and commands are shared among all operations that a script did', () => {
  const batched = sample(64, 1, { scripts: 4, scriptUs: 1024, waits: 4 });
  expect(summarize(['claim'], [[batched]], 0, 1)).toMatchObject({ scriptUs: 16, commands: 0.125 });
});

test('they and rates are of units', () => {
  const batches = sample(2, 500, { scripts: 1000, scriptUs: 24_000 });
  expect(summarize(['event'], [[batches]], 0, 500)).toMatchObject({
    scriptUs: 24,
    commands: 1,
    perSecond: 1000,
    p50Us: 500_000,
  });
});

test('without scripts their time is not a number', () => {
  expect(summarize(['textbook'], [[sample(10, 1)]], 0, 1)).toMatchObject({ scriptUs: Number.NaN, commands: 0 });
});

test('a ratio is the median of the ratios of each repetition', () => {
  // By turns the machine is slow for both: medians of each would say 3 ÷ 1.
  const repetitions = [
    [sample(10, 1), sample(10, 2)],
    [sample(10, 10), sample(10, 20)],
    [sample(10, 1), sample(10, 3)],
  ];
  const rows = [0, 1].map((i) => ({ inFlight: 1, ...summarize(['write', 'claim'], repetitions, i, 1) }));
  const claim = rowOf(rows, 'claim', 1);
  expect([ratioOf(claim, 'write', 'p50'), ratioOf(claim, 'write', 'p99')]).toEqual([2, 2]);
  expect(ratioOf(claim, 'write', 'perSecond')).toBe(0.5);
  expect(claim.ratios[0]?.p50).toEqual({ median: 2, min: 2, max: 3 });
  expect(rowOf(rows, 'write', 1).ratios).toEqual([]);
});

test('operations without an answer are counted, and in nothing else', () => {
  const repetitions = [[sample(10, 1, { unanswered: 2 })], [sample(10, 1, { unanswered: 1 })]];
  expect(summarize(['claim'], repetitions, 0, 1)).toMatchObject({ unanswered: 3, perSecond: 1000 });
});

test('what was not measured is an error', () => {
  const rows = [{ inFlight: 1, ...summarize(['claim'], [[sample(1, 1)]], 0, 1) }];
  expect(() => rowOf(rows, 'claim', 64)).toThrow('"claim" was not measured with 64 in flight');
  expect(() => ratioOf(rowOf(rows, 'claim', 1), 'BullMQ', 'p50')).toThrow('"claim" was not compared with "BullMQ"');
});
