import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../src/ops/clock.ts';
import { ShardUnavailable } from '../src/store/store.ts';
import { type CommandMeter, type CommandStats, difference } from './command-meter.ts';
import { emptySample, type Measured, type Sample, summarize } from './summary.ts';

/** An operation that is compared with others. */
export interface Contestant {
  name: string;
  operation(): Promise<unknown>;
  /** Largest number of operations in a burst, if they use something up. */
  most?: number;
  /** Undoes the effects of a burst, outside the measured time. */
  cleanUp?(): Promise<void>;
  /** Other load during its bursts. What Redis does for the operation alone is then not known. */
  beside?: { start(): void; stop(): Promise<void> };
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
  /** Length of a burst, in ms; default 40. */
  burstMs?: number;
}

const REPETITIONS = 5;
/** A burst is short, so that other load of the machine affects all contestants alike. */
const BURST_MS = 40;
/** A store that is down refuses at once: callers come back after this time. */
const REFUSED_PAUSE_MS = 5;

/** Measures contestants in turns, burst by burst: floor, ours, floor, ours. The first burst of each is not counted. */
export async function compare(comparison: Comparison): Promise<Measured[]> {
  const { contestants, seconds, inFlight, units = 1 } = comparison;
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
  const names = contestants.map(({ name }) => name);
  return names.map((_, i) => ({ inFlight, ...summarize(names, repetitions, i, units) }));
}

/** Compares at several depths, one after the other. */
export async function compareAt(depths: number[], comparison: Omit<Comparison, 'inFlight'>): Promise<Measured[]> {
  const rows: Measured[] = [];
  for (const inFlight of depths) rows.push(...(await compare({ ...comparison, inFlight })));
  return rows;
}

async function burst(
  { inFlight, meter, burstMs = BURST_MS }: Comparison,
  contestant: Contestant,
  sample: Sample,
): Promise<void> {
  const { most, beside } = contestant;
  const before = await meter.read();
  beside?.start();
  const startedMs = systemClock.monotonicMs();
  let left = most ?? Number.POSITIVE_INFINITY;
  const caller = async (): Promise<void> => {
    for (let fromMs = startedMs; left > 0 && fromMs < startedMs + burstMs; fromMs = systemClock.monotonicMs()) {
      left--;
      await attempt(contestant, sample);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  sample.elapsedMs += systemClock.monotonicMs() - startedMs;
  await beside?.stop();
  if (beside) sample.scripts = sample.scriptUs = sample.waits = Number.NaN;
  else countCommands(sample, difference(before, await meter.read()));
  await contestant.cleanUp?.();
}

function countCommands(sample: Sample, carriedOut: CommandStats): void {
  for (const name of ['evalsha', 'eval']) {
    sample.scripts += carriedOut.get(name)?.calls ?? 0;
    sample.scriptUs += carriedOut.get(name)?.us ?? 0;
  }
  sample.waits += carriedOut.get('wait')?.calls ?? 0;
}

async function attempt(contestant: Contestant, sample: Sample): Promise<void> {
  const fromMs = systemClock.monotonicMs();
  try {
    await contestant.operation();
    sample.latenciesMs.push(systemClock.monotonicMs() - fromMs);
  } catch (error) {
    if (!(error instanceof ShardUnavailable)) throw error;
    sample.unanswered++;
    await delay(REFUSED_PAUSE_MS);
  }
}
