interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Ratios to a contestant, repetition by repetition. */
interface Ratios {
  of: string;
  p50: Spread;
  p99: Spread;
  perSecond: Spread;
}

/** Medians over the repetitions. */
export interface Measured {
  name: string;
  inFlight: number;
  p50Us: number;
  p99Us: number;
  /** Units. */
  perSecond: number;
  /** Time of all scripts inside Redis ÷ units; not a number if there were none. */
  scriptUs: number;
  /** EVALSHA, EVAL and WAIT that Redis executed ÷ units. */
  commands: number;
  /** Operations without an answer in time; they count in no other number. */
  unanswered: number;
  /** To each contestant before this one. */
  ratios: Ratios[];
}

/** Measurements of one contestant in one repetition. */
export interface Sample {
  latenciesMs: number[];
  elapsedMs: number;
  scripts: number;
  scriptUs: number;
  waits: number;
  unanswered: number;
}

/**
 * The numbers of one contestant, over all repetitions.
 * @param repetitions in each the samples of all contestants, in the order of their names
 * @param units of one operation
 */
export function summarize(
  names: string[],
  repetitions: Sample[][],
  index: number,
  units: number,
): Omit<Measured, 'inFlight'> {
  const sampleOf = (contestant: number) => (samples: Sample[]) => samples[contestant] as Sample;
  const own = repetitions.map(sampleOf(index));
  const done = ({ latenciesMs }: Sample): number => latenciesMs.length * units;
  const perSecond = (sample: Sample): number => (done(sample) * 1000) / sample.elapsedMs;
  const over = (value: (sample: Sample) => number): number => median(own.map(value));
  const ratioTo = (floor: number, value: (sample: Sample) => number): Spread => {
    const floors = repetitions.map(sampleOf(floor));
    return spread(own.map((sample, i) => value(sample) / value(floors[i] as Sample)));
  };
  return {
    name: names[index] as string,
    p50Us: over(p50) * 1000,
    p99Us: over(p99) * 1000,
    perSecond: over(perSecond),
    scriptUs: over((sample) => (sample.scripts > 0 ? sample.scriptUs / done(sample) : Number.NaN)),
    commands: over((sample) => (sample.scripts + sample.waits) / done(sample)),
    unanswered: own.reduce((sum, { unanswered }) => sum + unanswered, 0),
    ratios: names.slice(0, index).map((of, floor) => ({
      of,
      p50: ratioTo(floor, p50),
      p99: ratioTo(floor, p99),
      perSecond: ratioTo(floor, perSecond),
    })),
  };
}

export const emptySample = (): Sample => ({
  latenciesMs: [],
  elapsedMs: 0,
  scripts: 0,
  scriptUs: 0,
  waits: 0,
  unanswered: 0,
});
const p50 = ({ latenciesMs }: Sample): number => quantile(latenciesMs, 0.5);
const p99 = ({ latenciesMs }: Sample): number => quantile(latenciesMs, 0.99);
const median = (values: number[]): number => quantile(values, 0.5);

function quantile(values: number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

function spread(values: number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** The row of a contestant. @throws Error if there is none */
export function rowOf(rows: Measured[], name: string, inFlight: number): Measured {
  const found = rows.find((row) => row.name === name && row.inFlight === inFlight);
  if (!found) throw new Error(`"${name}" was not measured with ${inFlight} in flight`);
  return found;
}

/** The median ratio of a contestant to one before it. @throws Error if there is none */
export function ratioOf({ name, ratios }: Measured, of: string, what: 'p50' | 'p99' | 'perSecond'): number {
  const found = ratios.find((ratio) => ratio.of === of);
  if (!found) throw new Error(`"${name}" was not compared with "${of}"`);
  return found[what].median;
}
