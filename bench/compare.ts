import { systemClock } from '../src/ops/clock.ts';
import { ShardUnavailable } from '../src/store/store.ts';
import { type CommandMeter, difference } from './command-meter.ts';

/** An operation that is compared with others. */
export interface Contestant {
  name: string;
  operation(): Promise<unknown>;
  /** Largest number of operations in a burst, if they use something up. */
  most?: number;
  /** Undoes the effects of a burst, outside the measured time. */
  cleanUp?(): Promise<void>;
}

interface Comparison {
  /** Floors first, then the operations that are compared with them. */
  contestants: Contestant[];
  inFlight: number;
  /** Measured time of each contestant, in s. */
  seconds: number;
  meter: CommandMeter;
  /** Units of one operation, e.g. the events of a batch; default 1. */
  units?: number;
}

interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Medians over the repetitions. */
export interface Measured {
  name: string;
  inFlight: number;
  p50Us: number;
  p99Us: number;
  /** Units. */
  perSecond: number;
  /** Time of one script inside Redis. */
  scriptUs: number;
  /** EVALSHA, EVAL and WAIT that Redis executed for one unit. */
  commands: number;
  /** Operations without an answer in time; they count in no other number. */
  unanswered: number;
  /** p50 by p50 of each contestant before this one, repetition by repetition. */
  ratios: { of: string; p50: Spread }[];
}

const REPETITIONS = 5;
/** A burst is short, so that other load of the machine affects all contestants alike. */
const BURST_MS = 40;

/** Measurements of one contestant in one repetition. */
interface Sample {
  latenciesMs: number[];
  elapsedMs: number;
  scripts: number;
  scriptUs: number;
  waits: number;
  unanswered: number;
}

/** Measures contestants in turns, burst by burst: floor, ours, floor, ours. The first burst of each is not counted. */
export async function compare(comparison: Comparison): Promise<Measured[]> {
  const { contestants, seconds } = comparison;
  for (const contestant of contestants) await burst(comparison, contestant, emptySample());
  const repetitions: Sample[][] = [];
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    const samples = contestants.map(emptySample);
    const isDone = (sample: Sample): boolean => sample.elapsedMs >= (seconds * 1000) / REPETITIONS;
    while (!samples.every(isDone)) {
      for (const [i, sample] of samples.entries()) {
        if (!isDone(sample)) await burst(comparison, contestants[i] as Contestant, sample);
      }
    }
    repetitions.push(samples);
  }
  return contestants.map((_, i) => summarize(comparison, repetitions, i));
}

async function burst(
  { inFlight, meter }: Comparison,
  { operation, most, cleanUp }: Contestant,
  sample: Sample,
): Promise<void> {
  const before = await meter.read();
  const startedMs = systemClock.monotonicMs();
  let left = most ?? Number.POSITIVE_INFINITY;
  const caller = async (): Promise<void> => {
    for (let fromMs = startedMs; left > 0 && fromMs < startedMs + BURST_MS; fromMs = systemClock.monotonicMs()) {
      left--;
      await attempt(operation, sample);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  sample.elapsedMs += systemClock.monotonicMs() - startedMs;
  const carriedOut = difference(before, await meter.read());
  for (const name of ['evalsha', 'eval']) {
    sample.scripts += carriedOut.get(name)?.calls ?? 0;
    sample.scriptUs += carriedOut.get(name)?.us ?? 0;
  }
  sample.waits += carriedOut.get('wait')?.calls ?? 0;
  await cleanUp?.();
}

async function attempt(operation: Contestant['operation'], sample: Sample): Promise<void> {
  const fromMs = systemClock.monotonicMs();
  try {
    await operation();
    sample.latenciesMs.push(systemClock.monotonicMs() - fromMs);
  } catch (error) {
    if (!(error instanceof ShardUnavailable)) throw error;
    sample.unanswered++;
  }
}

function summarize({ contestants, inFlight, units = 1 }: Comparison, repetitions: Sample[][], index: number): Measured {
  const own = repetitions.map((samples) => samples[index] as Sample);
  const over = (value: (sample: Sample) => number): number => median(own.map(value));
  const ratioOf = (floor: number): Spread =>
    spread(repetitions.map((samples) => p50(samples[index] as Sample) / p50(samples[floor] as Sample)));
  return {
    name: (contestants[index] as Contestant).name,
    inFlight,
    p50Us: over(p50) * 1000,
    p99Us: over(({ latenciesMs }) => quantile(latenciesMs, 0.99)) * 1000,
    perSecond: over(({ latenciesMs, elapsedMs }) => (latenciesMs.length * units * 1000) / elapsedMs),
    scriptUs: over(({ scripts, scriptUs }) => scriptUs / scripts),
    commands: over(({ latenciesMs, scripts, waits }) => (scripts + waits) / (latenciesMs.length * units)),
    unanswered: own.reduce((sum, { unanswered }) => sum + unanswered, 0),
    ratios: contestants.slice(0, index).map(({ name }, floor) => ({ of: name, p50: ratioOf(floor) })),
  };
}

const emptySample = (): Sample => ({ latenciesMs: [], elapsedMs: 0, scripts: 0, scriptUs: 0, waits: 0, unanswered: 0 });
const p50 = ({ latenciesMs }: Sample): number => quantile(latenciesMs, 0.5);
const median = (values: number[]): number => quantile(values, 0.5);

function quantile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

function spread(values: number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}
