import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LONGEST_WAIT_MS, RetrySlots } from '../../src/routing/claims/retry-slots.ts';

const FLOOR_MS = 2000;
const MINUTE_MS = 60_000;

/** So many instances of a region that share a number of turns, and the time that all of them go by. */
function region({ perMinute = 1500, instances = 1 } = {}) {
  const at = { ms: 0 };
  const clock = { nowMs: () => at.ms, monotonicMs: () => at.ms };
  const count = { instances };
  const make = () => new RetrySlots({ perMinute, instances: () => count.instances, clock });
  return { at, count, make, all: Array.from({ length: instances }, make) };
}

/** The most of these that lie within one minute, wherever it begins. */
function mostInAMinute(timesMs: number[]): number {
  const sorted = timesMs.toSorted((a, b) => a - b);
  let [from, most] = [0, 0];
  for (const [to, ms] of sorted.entries()) {
    while ((sorted[from] ?? 0) <= ms - MINUTE_MS) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

interface Waiter {
  callId: string;
  arrivesMs: number;
  leavesMs: number;
}

/** When calls that find nobody ask again if each waits exactly as it is told, at whichever instance comes next. */
function askedAgain(waiters: Waiter[], { at, all }: ReturnType<typeof region>): { timesMs: number[]; told: number[] } {
  const due = waiters.map((waiter) => ({ ...waiter, atMs: waiter.arrivesMs, isFirst: true }));
  const [timesMs, told]: [number[], number[]] = [[], []];
  for (let asked = 0; due.length > 0; asked++) {
    due.sort((a, b) => a.atMs - b.atMs);
    const next = due.shift();
    if (!next || next.atMs > next.leavesMs) continue;
    at.ms = next.atMs;
    if (!next.isFirst) timesMs.push(next.atMs);
    const againMs = all[asked % all.length]?.after(next.callId, FLOOR_MS) ?? 0;
    told.push(againMs);
    due.push({ ...next, atMs: next.atMs + againMs, isFirst: false });
  }
  return { timesMs, told };
}

const waiters = (most: number) =>
  fc.array(
    fc.record({ arrivesMs: fc.nat(90_000), staysMs: fc.nat(150_000), together: fc.integer({ min: 1, max: 8 }) }),
    { minLength: 1, maxLength: most / 8 },
  );

const people = (groups: { arrivesMs: number; staysMs: number; together: number }[]): Waiter[] =>
  groups.flatMap(({ arrivesMs, staysMs, together }, group) =>
    Array.from({ length: together }, (_, n) => ({
      callId: `${group}-${n}`,
      arrivesMs,
      leavesMs: arrivesMs + staysMs,
    })),
  );

describe('calls that wait as they are told', () => {
  it('never ask more often together than they may, whenever they come and go, wherever they ask', () => {
    fc.assert(
      fc.property(
        waiters(400),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(120, 300, 800),
        (groups, instances, perMinute) => {
          const calls = people(groups);
          // More cannot all be served within the longest wait.
          fc.pre(calls.length <= (perMinute * LONGEST_WAIT_MS) / MINUTE_MS / instances);
          const { timesMs, told } = askedAgain(calls, region({ perMinute, instances }));
          expect(mostInAMinute(timesMs)).toBeLessThanOrEqual(perMinute + instances);
          expect(Math.min(...told)).toBeGreaterThanOrEqual(FLOOR_MS);
          expect(Math.max(...told)).toBeLessThanOrEqual(LONGEST_WAIT_MS);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keep to it also where they are told to wait for longer than ten seconds', () => {
    const calls = Array.from({ length: 700 }, (_, n) => ({ callId: `${n}`, arrivesMs: n, leavesMs: 300_000 }));
    const { timesMs } = askedAgain(calls, region());
    expect(mostInAMinute(timesMs)).toBeLessThanOrEqual(1501);
    expect(mostInAMinute(timesMs)).toBeGreaterThan(1400);
  });

  it('ask at the longest wait each where there are too many for that, so that all are served', () => {
    const calls = Array.from({ length: 1200 }, (_, n) => ({ callId: `${n}`, arrivesMs: 10 * n, leavesMs: 300_000 }));
    const { timesMs, told } = askedAgain(calls, region());
    expect(Math.max(...told)).toBe(LONGEST_WAIT_MS);
    expect(mostInAMinute(timesMs)).toBeLessThanOrEqual(2500);
  });

  it('go over by no more than a quarter in the minute after a second instance has come', () => {
    const { at, count, make, all } = region();
    const calls = Array.from({ length: 700 }, (_, n) => ({ callId: `${n}`, arrivesMs: n, leavesMs: 30_000 }));
    const before = askedAgain(calls, { at, count, make, all });
    at.ms = 30_000;
    count.instances = 2;
    all.push(make());
    const more = Array.from({ length: 700 }, (_, n) => ({ callId: `m${n}`, arrivesMs: 30_000 + n, leavesMs: 300_000 }));
    const after = askedAgain(more, { at, count, make, all });
    expect(mostInAMinute([...before.timesMs, ...after.timesMs])).toBeLessThanOrEqual(1500 * 1.25 + 2);
  });
});

describe('a wait', () => {
  it('is the least there is while few wait, and grows with those who do', () => {
    const { all } = region();
    const told = Array.from({ length: 500 }, (_, n) => all[0]?.after(`${n}`, FLOOR_MS));
    expect(told[0]).toBe(2000);
    expect(told[1]).toBe(2040);
    expect(told[499]).toBe(2000 + 499 * 40);
  });

  it('is shared by the instances of a region', () => {
    const { all } = region({ instances: 2 });
    expect([1, 2, 3].map((n) => all[0]?.after(`${n}`, FLOOR_MS))).toEqual([2000, 2080, 2160]);
    expect([1, 2, 3].map((n) => all[1]?.after(`${n}`, FLOOR_MS))).toEqual([2000, 2080, 2160]);
  });

  it('counts one call once, however often it asks before its time', () => {
    const { at, all } = region();
    const [turns] = all;
    expect(turns?.after('one', FLOOR_MS)).toBe(2000);
    for (at.ms = 100; at.ms < 1800; at.ms += 100) expect(turns?.after('one', FLOOR_MS)).toBe(2000);
    expect(turns?.size).toBe(1);
    expect(turns?.after('another', FLOOR_MS)).toBe(2000);
    at.ms = 2000;
    expect(turns?.after('one', FLOOR_MS)).toBe(2000);
    expect(turns?.size).toBe(2);
  });

  it('is short again once those who waited have had their turn', () => {
    const { at, all } = region();
    const [turns] = all;
    // So many wait for ten seconds at most, and hang up.
    for (let n = 0; n < 200; n++) turns?.after(`${n}`, FLOOR_MS);
    expect(turns?.after('late', FLOOR_MS)).toBe(10_000);
    at.ms = 10_001;
    expect(turns?.after('later', FLOOR_MS)).toBe(2000);
    expect(turns?.size).toBe(1);
  });

  it('is bounded, and so is what is remembered, whatever ids are made up', () => {
    const { at, all } = region();
    const [turns] = all;
    for (let n = 0; n < 50_000; n++) {
      at.ms = n / 10;
      expect(turns?.after(`forged-${n}`, FLOOR_MS)).toBeLessThanOrEqual(LONGEST_WAIT_MS);
    }
    expect(turns?.size).toBeLessThanOrEqual(751);
    at.ms += LONGEST_WAIT_MS;
    expect(turns?.after('real', FLOOR_MS)).toBe(2000);
  });

  it('is never less than what is asked for, and does not keep others waiting for that', () => {
    const { all } = region();
    const [turns] = all;
    expect(turns?.after('shard away', 5000)).toBe(5000);
    expect(turns?.after('nobody free', FLOOR_MS)).toBe(2040);
  });
});
