import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Stamp } from '../../src/bus/envelope.ts';
import { HERE, Watermarks, worst } from '../../src/sync/freshness/freshness.ts';
import { type Activity, type Finding, PARTITIONS, Simulation } from './simulation.ts';

const WRITERS = 3;
const DURATION_MS = 120_000;
/** Sums of floating-point times. */
const ROUNDING_MS = 0.01;

const atMs = fc.integer({ min: 0, max: DURATION_MS });
const partition = fc.constantFrom(...PARTITIONS);
const delayMs = fc.oneof(fc.nat(200), fc.nat(40_000));
const kind = <K extends string>(name: K) => fc.constant(name);
const activity: fc.Arbitrary<Activity> = fc.oneof(
  fc.record({ kind: kind('event'), atMs, partition }),
  fc.record({
    kind: kind('heartbeat'),
    atMs,
    partition,
    writer: fc.nat(WRITERS - 1),
    stampDelayMs: delayMs,
    writeDelayMs: delayMs,
  }),
  fc.record({ kind: kind('probe'), atMs, thereMs: delayMs, backMs: delayMs }),
  fc.record({ kind: kind('jump'), atMs, byMs: fc.constantFrom(-300_000, -5_000, -1, 1, 5_000, 300_000) }),
  fc.record({ kind: kind('deliver'), atMs, partition, count: fc.integer({ min: 1, max: 20 }) }),
  fc.record({ kind: kind('replay'), atMs, partition, back: fc.nat(20) }),
);
const standstill: fc.Arbitrary<Activity> = fc.record({
  kind: kind('standstill'),
  atMs,
  host: fc.oneof(kind('listener'), fc.nat(WRITERS - 1)),
  forMs: fc.integer({ min: 1000, max: 60_000 }),
  foundMs: fc.nat(1000),
});
const activities = fc.array(activity, { minLength: 10, maxLength: 60, size: 'max' });
const rate = fc.double({ min: 0.9995, max: 1.0005, noNaN: true });
const rates = fc.array(rate, { minLength: 1 + WRITERS, maxLength: 1 + WRITERS });

/** Enough to make a counterexample readable. */
const SHRINKING = { interruptAfterTimeLimit: 15_000 };

/** Holds a law against every look at every run. */
function always(law: (finding: Finding) => void): void {
  const run = (all: Activity[], speeds: number[]): void => new Simulation(all, speeds).findings.forEach(law);
  fc.assert(fc.property(activities, rates, run), { numRuns: 500, ...SHRINKING });
}

describe('the reported age of a partition, whatever is delayed, repeated, reordered or set', () => {
  test('is never less than the time since the oldest event that is missing here was accepted', () => {
    always(({ saidMs, missingMs }) => expect(saidMs).toBeGreaterThanOrEqual(missingMs - ROUNDING_MS));
  });

  test('is never less than the age of the latest heartbeat applied', () => {
    always(({ saidMs, heardMs }) => expect(saidMs).toBeGreaterThanOrEqual(heardMs - ROUNDING_MS));
  });

  test('is at most the time since the last question that was answered with a lower beat than that heartbeat has', () => {
    always(({ saidMs, askedMs }) => expect(saidMs).toBeLessThanOrEqual(askedMs * 1.003 + ROUNDING_MS));
  });

  test('is the same whether clocks are set or not', () => {
    const ages = (all: Activity[], speeds: number[]) =>
      new Simulation(all, speeds).findings.map(({ saidMs }) => saidMs);
    const holds = (all: Activity[], speeds: number[]): void => {
      const unset = all.map((each): Activity => (each.kind === 'jump' ? { ...each, byMs: 0 } : each));
      expect(ages(all, speeds)).toEqual(ages(unset, speeds));
    };
    fc.assert(fc.property(activities, rates, holds), { numRuns: 200, ...SHRINKING });
  });
});

describe('the reported age of a partition, where hosts stand still together with their monotonic clocks', () => {
  const paused = fc.array(fc.oneof({ weight: 8, arbitrary: activity }, { weight: 1, arbitrary: standstill }), {
    ...{ minLength: 10, maxLength: 60, size: 'max' },
  });

  test('is never less than the truth, once the listener has found out', () => {
    const run = (all: Activity[], speeds: number[]): void => {
      for (const { saidMs, missingMs, heardMs, isUnaware } of new Simulation(all, speeds).findings) {
        if (!isUnaware) expect(saidMs).toBeGreaterThanOrEqual(Math.max(missingMs, heardMs) - ROUNDING_MS);
      }
    };
    fc.assert(fc.property(paused, rates, run), { numRuns: 2000, ...SHRINKING });
  });
});

const LIMITS = { suspectMs: 10_000, staleMs: 30_000 };
/** A heartbeat of a writer whose clock began 1000 s before ours. */
const stampAt = (nowMs: number, more: Partial<Stamp> = {}): Stamp => ({
  beat: nowMs,
  writer: 'eu-1',
  steadyMs: nowMs + 1_000_000,
  leaving: false,
  ...more,
});

/** Watermarks of a region that was asked at 0, and answered with its beat 1. */
function asked(): Watermarks {
  const watermarks = new Watermarks();
  watermarks.answer(watermarks.ask(0), 1);
  return watermarks;
}

describe('a region', () => {
  test('is stale until it was heard of, and as long as it has not been asked', () => {
    const watermarks = new Watermarks();
    const nothing = { ageMs: Number.POSITIVE_INFINITY, state: 'stale', left: false };
    expect(watermarks.standing('main/0', 100, LIMITS)).toEqual(nothing);
    watermarks.applied('main/0', stampAt(200));
    expect(watermarks.standing('main/0', 200, LIMITS)).toEqual(nothing);
    watermarks.answer(watermarks.ask(300), 350);
    watermarks.applied('main/0', stampAt(400));
    expect(watermarks.standing('main/0', 410, LIMITS)).toEqual({ ageMs: 110, state: 'fresh', left: false });
  });

  test('turns suspect, then stale, as it stays quiet', () => {
    const watermarks = asked();
    watermarks.applied('main/0', stampAt(10));
    const stateAt = (nowMs: number) => watermarks.standing('main/0', nowMs, LIMITS).state;
    expect([10_000, 10_001, 30_000, 30_001].map(stateAt)).toEqual(['fresh', 'suspect', 'suspect', 'stale']);
  });

  test('that was an hour behind is not fresh before it has caught up', () => {
    const watermarks = new Watermarks();
    const hourMs = 3_600_000;
    watermarks.answer(watermarks.ask(hourMs), hourMs);
    for (let atMs = 0; atMs < hourMs; atMs += 60_000) {
      watermarks.applied('main/0', stampAt(atMs));
      expect(watermarks.standing('main/0', hourMs + 1, LIMITS).state).toBe('stale');
    }
    watermarks.applied('main/0', stampAt(hourMs + 10));
    expect(watermarks.standing('main/0', hourMs + 20, LIMITS).state).toBe('fresh');
  });

  test('that no longer answers is judged by what its writers have proven', () => {
    const watermarks = asked();
    watermarks.applied('main/0', stampAt(10));
    watermarks.applied('main/0', stampAt(500_000));
    const { ageMs, state } = watermarks.standing('main/0', 500_100, LIMITS);
    expect(ageMs).toBeGreaterThanOrEqual(100);
    expect(state).toBe('fresh');
    watermarks.applied('main/0', stampAt(500_200, { writer: 'eu-2' }));
    expect(watermarks.standing('main/0', 500_300, LIMITS).state).toBe('stale');
  });

  test('whose writer has a clock that runs as fast as one can is not taken for younger than it is', () => {
    const watermarks = asked();
    watermarks.applied('main/0', stampAt(0, { beat: 2 }));
    const longMs = 590_000;
    watermarks.applied('main/0', stampAt(longMs, { steadyMs: 1_000_000 + (longMs * 1.0005) / 0.9995 }));
    const { ageMs } = watermarks.standing('main/0', longMs + 1000, LIMITS);
    expect(ageMs).toBeGreaterThanOrEqual(1000);
    expect(ageMs).toBeLessThan(1800);
  });

  test('is stale when its last answer is longer ago than proofs last, and fresh again with the next', () => {
    const watermarks = asked();
    watermarks.applied('main/0', stampAt(10));
    const stateAt = (nowMs: number) => {
      watermarks.applied('main/0', stampAt(nowMs - 100));
      return watermarks.standing('main/0', nowMs, LIMITS).state;
    };
    expect(stateAt(600_000)).toBe('fresh');
    expect(stateAt(600_200)).toBe('stale');
    watermarks.answer(watermarks.ask(600_300), 600_300);
    expect(stateAt(600_500)).toBe('fresh');
  });

  test('that answers keeps its proofs, however tight the first was', () => {
    const watermarks = asked();
    watermarks.applied('main/0', stampAt(1));
    for (let atMs = 1000; atMs < 3_600_000; atMs += 1000) {
      watermarks.answer(watermarks.ask(atMs), atMs);
      watermarks.applied('main/0', stampAt(atMs + 900));
      expect(watermarks.standing('main/0', atMs + 950, LIMITS).state).toBe('fresh');
    }
  });

  test('proves nothing by what was asked before this host stood still', () => {
    const watermarks = asked();
    watermarks.applied('main/0', stampAt(10));
    const pending = watermarks.ask(900);
    watermarks.dropProofs(1000);
    expect(watermarks.standing('main/0', 1000, LIMITS).ageMs).toBe(Number.POSITIVE_INFINITY);
    watermarks.answer(pending, 26_000);
    watermarks.applied('main/0', stampAt(26_500));
    expect(watermarks.standing('main/0', 1600, LIMITS).ageMs).toBe(Number.POSITIVE_INFINITY);
    watermarks.answer(watermarks.ask(1700), 26_700);
    watermarks.applied('main/0', stampAt(27_000));
    expect(watermarks.standing('main/0', 2000, LIMITS)).toEqual({ ageMs: 300, state: 'fresh', left: false });
  });

  test('whose beats went back proves nothing by them', () => {
    const watermarks = asked();
    watermarks.applied('main/0', stampAt(90_000));
    watermarks.answer(watermarks.ask(100_000), 80_000);
    watermarks.applied('main/0', stampAt(85_000, { beat: 90_001, writer: 'eu-2' }));
    expect(watermarks.standing('main/0', 100_000, LIMITS).ageMs).toBe(100_000);
  });

  test('that sends its leave message is stale at once, until a new ordinary heartbeat comes', () => {
    const watermarks = asked();
    watermarks.applied('main/0', stampAt(10));
    watermarks.applied('main/0', stampAt(20, { leaving: true }));
    expect(watermarks.standing('main/0', 30, LIMITS)).toMatchObject({ state: 'stale', left: true });
    expect(watermarks.applied('main/0', stampAt(10))).toBe(false);
    expect(watermarks.standing('main/0', 30, LIMITS)).toMatchObject({ left: true });
    expect(watermarks.applied('main/0', stampAt(40))).toBe(true);
    expect(watermarks.standing('main/0', 50, LIMITS)).toMatchObject({ state: 'fresh', left: false });
  });

  test('has the state of its worst part', () => {
    const watermarks = asked();
    watermarks.applied('main/0', stampAt(10));
    watermarks.applied('main/1', stampAt(20, { leaving: true }));
    const both = ['main/0', 'main/1'].map((each) => watermarks.standing(each, 15_000, LIMITS));
    expect(both.map(({ state }) => state)).toEqual(['suspect', 'stale']);
    expect(worst(both)).toEqual({ ageMs: 15_000, state: 'stale', left: true });
    expect(worst([HERE, { ageMs: 12_000, state: 'suspect', left: false }])).toMatchObject({ state: 'suspect' });
  });

  test('with many restarts keeps what it needs and forgets the rest', () => {
    const watermarks = asked();
    watermarks.applied('main/1', stampAt(5, { writer: 'first' }));
    for (let atMs = 10; atMs < 1000; atMs++) watermarks.applied('main/0', stampAt(atMs, { writer: `eu-${atMs}` }));
    expect(watermarks.standing('main/1', 1000, LIMITS).ageMs).toBe(1000);
    watermarks.applied('main/0', stampAt(1100, { writer: 'eu-10', beat: 1100 }));
    expect(watermarks.standing('main/0', 1200, LIMITS).ageMs).toBe(1200);
  });
});
