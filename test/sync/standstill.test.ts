import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BOOT_TIME, type Finding, Standstill } from '../../src/sync/freshness/standstill.ts';

const HOUR_MS = 3_600_000;
const EVERY_MS = 1000;
/** What a reading may take in ordinary weather, in ms; a garbage collection or a stopped process takes longer now and then. */
const delayMs = fc.nat(60);

/** One clock that is read once a second, in a model of true time. */
interface Reference {
  name: string;
  /** ms of its clock per true ms. */
  rate: number;
  /** By when and how far it is set, in true ms. */
  steps: { atMs: number; byMs: number }[];
  /** Whether it stands still together with the host. */
  shares?: boolean;
}

interface Model {
  untilMs: number;
  /** ms of the local clock per true ms. */
  rate: number;
  references: Reference[];
  /** When the host stands still, and for how long, in true ms. */
  pauses: { atMs: number; forMs: number }[];
  /** Of each reading in turn, over and over: the time there and back. */
  delays: [there: number, back: number][];
}

type Found = Finding & { atMs: number };

/** How much of the time until `atMs` the host stood still. */
const lostUntil = (pauses: Model['pauses'], atMs: number): number =>
  pauses.reduce((lost, pause) => lost + Math.min(pause.forMs, Math.max(0, atMs - pause.atMs)), 0);

/** Plays a model. @returns what was found, with the true time at which it was */
function play({ untilMs, rate, references, pauses, delays }: Model): Found[] {
  const standstill = new Standstill();
  const localMs = (atMs: number): number => (atMs - lostUntil(pauses, atMs)) * rate;
  /** What begins while the host stands still begins, or is noticed, when it goes on. */
  const awake = (atMs: number): number => {
    const pause = pauses.find((each) => atMs >= each.atMs && atMs < each.atMs + each.forMs);
    return pause ? pause.atMs + pause.forMs : atMs;
  };
  const readings = references.flatMap(({ name, rate: theirRate, steps, shares }, at) => {
    const theirs = (atMs: number): number =>
      (atMs - (shares ? lostUntil(pauses, atMs) : 0)) * theirRate +
      steps.reduce((sum, step) => sum + (atMs >= step.atMs ? step.byMs : 0), 0) +
      at * 1e9;
    const times = Array.from({ length: Math.floor(untilMs / EVERY_MS) }, (_, n) => n * EVERY_MS + at * 7);
    return times.map((startMs, n) => {
      const [thereMs, backMs] = delays[(n * references.length + at) % delays.length] ?? [0, 0];
      const sentMs = awake(startMs);
      const readMs = sentMs + thereMs;
      const hereMs = awake(readMs + backMs);
      const steadyMs = localMs(hereMs);
      const roundTripMs = steadyMs - localMs(sentMs);
      return { hereMs, reading: { reference: name, steadyMs, otherMs: theirs(readMs), roundTripMs } };
    });
  });
  readings.sort((a, b) => a.hereMs - b.hereMs);
  return readings.flatMap(({ hereMs, reading }) => {
    const found = standstill.read(reading);
    return found ? [{ ...found, atMs: hereMs }] : [];
  });
}

const rate = fc.double({ min: 0.9995, max: 1.0005, noNaN: true });
const delays = fc.array(
  fc.tuple(
    fc.oneof({ weight: 20, arbitrary: delayMs }, { weight: 1, arbitrary: fc.nat(3000) }),
    fc.oneof({ weight: 20, arbitrary: delayMs }, { weight: 1, arbitrary: fc.nat(3000) }),
  ),
  { minLength: 50, maxLength: 90 },
);
const steadyReferences = (count: number): fc.Arbitrary<Reference[]> =>
  fc
    .array(rate, { minLength: count, maxLength: count })
    .map((rates) => [...rates.map((each, at) => ({ name: `clock ${at}`, rate: each, steps: [] }))]);
const alarms = (found: Found[]): Found[] => found.filter(({ kind }) => kind === 'stood_still');

describe('a host that never stands still', () => {
  test('raises no alarm in an hour, whatever drift, delays, garbage collections and stopped processes do', () => {
    const law = (references: Reference[], localRate: number, all: [number, number][]): void => {
      const local: Reference = { name: BOOT_TIME, rate: localRate, steps: [] };
      const model = { untilMs: HOUR_MS, rate: localRate, pauses: [], delays: all };
      expect(play({ ...model, references: [...references, local] })).toEqual([]);
    };
    fc.assert(fc.property(steadyReferences(4), rate, delays, law), { numRuns: 25 });
  });

  test('raises one alarm, and takes it back, for one clock of several that is set ahead again and again', () => {
    const back = fc.boolean();
    const byMs = fc.integer({ min: 1000, max: 300_000 });
    const everyMs = fc.integer({ min: 3000, max: 120_000 });
    const law = (references: Reference[], all: [number, number][], by: number, every: number, sets: boolean): void => {
      // Set ahead, and back between: as by two time servers, or two nodes behind one address.
      const steps = Array.from({ length: Math.floor(HOUR_MS / every) }, (_, n) => ({
        atMs: 60_000 + n * every,
        byMs: sets && n % 2 === 1 ? -by : by,
      }));
      const [first, ...others] = references;
      const stepping = { ...(first as Reference), steps };
      const ordinary = all.map(([there, back]): [number, number] => [there % 60, back % 60]);
      const model = { untilMs: HOUR_MS, rate: 1, pauses: [], delays: ordinary };
      const found = play({ ...model, references: [stepping, ...others] });
      expect(found.map(({ kind, reference }) => [kind, reference])).toEqual([
        ['stood_still', 'clock 0'],
        ['leapt', 'clock 0'],
      ]);
    };
    fc.assert(fc.property(steadyReferences(4), delays, byMs, everyMs, back, law), { numRuns: 25 });
  });

  test('raises no alarm when clocks are set back, or by a leap second', () => {
    const references = [-1000, -300_000, -5000].map((byMs, at) => ({
      ...{ name: `clock ${at}`, rate: 1 },
      steps: [{ atMs: 100_000 + at * 900, byMs }],
    }));
    expect(play({ untilMs: 600_000, rate: 1, references, pauses: [], delays: [[1, 1]] })).toEqual([]);
  });
});

describe('a host that stands still', () => {
  const pause = fc.record({
    atMs: fc.integer({ min: 30_000, max: 90_000 }),
    forMs: fc.integer({ min: 1000, max: 60_000 }),
  });
  const quick = fc.array(fc.tuple(fc.nat(150), fc.nat(150)), { minLength: 5, maxLength: 30 });

  test('is found within one interval and the way of an answer, and no longer than it was', () => {
    const law = (
      references: Reference[],
      localRate: number,
      all: [number, number][],
      one: Model['pauses'][0],
    ): void => {
      const found = play({ untilMs: 200_000, rate: localRate, references, pauses: [one], delays: all });
      const [first] = found;
      expect(first).toMatchObject({ kind: 'stood_still' });
      expect(first?.atMs).toBeLessThanOrEqual(one.atMs + one.forMs + EVERY_MS + 300);
      expect(first?.kind === 'stood_still' && first.atLeastMs).toBeLessThanOrEqual(one.forMs * 1.001 + 1);
      // All clocks show the same standstill: proofs are dropped once.
      expect(alarms(found)).toHaveLength(1);
      expect(found.slice(1)).toEqual([]);
    };
    fc.assert(fc.property(steadyReferences(4), rate, quick, pause, law), { numRuns: 200 });
  });

  test('is found by boot time alone, and by any one clock alone', () => {
    const law = (name: string, one: Model['pauses'][0]): void => {
      const references = [{ name, rate: 1, steps: [] }];
      const found = play({ untilMs: 200_000, rate: 1, references, pauses: [one], delays: [[5, 5]] });
      expect(alarms(found)).toHaveLength(1);
    };
    fc.assert(fc.property(fc.constantFrom(BOOT_TIME, 'a shard'), pause, law), { numRuns: 50 });
  });

  test('is found though boot time and a clock on the same host stood still, too', () => {
    const law = (references: Reference[], one: Model['pauses'][0]): void => {
      const here = { rate: 1, steps: [], shares: true };
      const sharing = [
        { ...here, name: BOOT_TIME },
        { ...here, name: 'a shard on this host' },
      ];
      const model = { untilMs: 200_000, rate: 1, references: [...sharing, ...references] };
      expect(alarms(play({ ...model, pauses: [one], delays: [[5, 5]] }))).toHaveLength(1);
    };
    fc.assert(fc.property(steadyReferences(2), pause, law), { numRuns: 50 });
  });

  test('is found though a clock that is set again and again was found out before', () => {
    const law = (references: Reference[], one: Model['pauses'][0]): void => {
      const steps = Array.from({ length: 60 }, (_, n) => ({ atMs: 5000 + n * 3000, byMs: n % 2 ? -7000 : 7000 }));
      const [first, ...others] = references;
      const model = { untilMs: 200_000, rate: 1, references: [{ ...(first as Reference), steps }, ...others] };
      const found = play({ ...model, pauses: [one], delays: [[5, 5]] });
      const after = alarms(found).filter(({ atMs }) => atMs >= one.atMs + one.forMs);
      expect(after[0]?.atMs).toBeLessThanOrEqual(one.atMs + one.forMs + EVERY_MS + 50);
    };
    fc.assert(fc.property(steadyReferences(3), pause, law), { numRuns: 100 });
  });

  test('is found each time, also when it stands still again soon', () => {
    const references = [0, 1, 2].map((at) => ({ name: `clock ${at}`, rate: 1, steps: [] }));
    const pauses = [
      { atMs: 30_000, forMs: 25_000 },
      { atMs: 58_000, forMs: 5000 },
    ];
    const found = alarms(play({ untilMs: 100_000, rate: 1, references, pauses, delays: [[2, 2]] }));
    expect(found.length).toBe(2);
  });

  test('for many times too short to be found one by one is found by their sum', () => {
    const references = [0, 1, 2].map((at) => ({ name: `clock ${at}`, rate: 1, steps: [] }));
    const pauses = Array.from({ length: 12 }, (_, n) => ({ atMs: 30_000 + n * 10_000, forMs: 100 }));
    expect(alarms(play({ untilMs: 200_000, rate: 1, references, pauses, delays: [[2, 2]] })).length).toBeGreaterThan(3);
  });

  test('is found by heartbeats on the bus, which say when they were written only within a bound, or late', () => {
    const standstill = new Standstill();
    const read = (steadyMs: number, otherMs: number, roundTripMs: number): Finding | undefined =>
      standstill.read({ reference: 'the clock of us-1', steadyMs, otherMs, roundTripMs });
    expect(read(1000, 500_900, 300)).toBeUndefined();
    expect(read(2000, 501_900, Number.POSITIVE_INFINITY)).toBeUndefined();
    // A backlog of 20 s is no standstill, neither before nor after it.
    expect(read(22_000, 502_900, Number.POSITIVE_INFINITY)).toBeUndefined();
    expect(read(22_001, 521_900, Number.POSITIVE_INFINITY)).toBeUndefined();
    expect(read(23_000, 547_900, Number.POSITIVE_INFINITY)).toMatchObject({ kind: 'stood_still' });
  });
});

test('a node that takes over from another, with a clock of its own, is another reference', () => {
  const standstill = new Standstill();
  const read = (reference: string, steadyMs: number, otherMs: number): Finding | undefined =>
    standstill.read({ reference, steadyMs, otherMs, roundTripMs: 2 });
  expect(read('the shard a', 1000, 1000)).toBeUndefined();
  expect(read('the shard b', 2000, 302_000)).toBeUndefined();
  expect(read('the shard b', 3000, 303_000)).toBeUndefined();
  expect(read('the shard b', 4000, 329_000)).toMatchObject({ kind: 'stood_still', reference: 'the shard b' });
});
