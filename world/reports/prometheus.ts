/** One line of a metrics page. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** A bucket of a histogram: the number of values up to `le`, smaller buckets included. */
interface Bucket {
  le: number;
  count: number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Reads the parts of Prometheus' text format that Muster writes. */
export function parseMetrics(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const [, name, labels = '', value = ''] = LINE.exec(line) ?? [];
    if (!name) return [];
    const pairs = [...labels.matchAll(LABEL)].map(([, key = '', label = '']) => [key, label]);
    return [{ name, labels: Object.fromEntries(pairs) as Record<string, string>, value: numberOf(value) }];
  });
}

/** The sum of all samples with this name and these labels. */
export function sum(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number {
  const holds = (sample: Sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value);
  return samples.reduce((total, sample) => total + (sample.name === name && holds(sample) ? sample.value : 0), 0);
}

/** Merges all histograms of this name, whatever their labels. */
export function mergeHistograms(samples: readonly Sample[], name: string): Bucket[] {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  return joinBuckets(buckets.map(({ labels, value }) => ({ le: numberOf(labels.le ?? ''), count: value })));
}

/** Merges buckets of histograms with the same bounds, in the order of `le`. */
export function joinBuckets(buckets: readonly Bucket[]): Bucket[] {
  const counts = new Map<number, number>();
  for (const { le, count } of buckets) counts.set(le, (counts.get(le) ?? 0) + count);
  return [...counts].map(([le, count]) => ({ le, count })).sort((a, b) => a.le - b.le);
}

/** The growth of a histogram since `before`; all of it if it was reset since. */
export function bucketsSince(now: readonly Bucket[], before: readonly Bucket[]): Bucket[] {
  const earlier = new Map(before.map(({ le, count }) => [le, count]));
  const gained = now.map(({ le, count }) => ({ le, count: count - (earlier.get(le) ?? 0) }));
  return gained.some(({ count }) => count < 0) ? [...now] : gained;
}

/**
 * The quantile `q`, with values spread evenly within their bucket; values above the last bound count as that bound.
 * Undefined for an empty histogram.
 */
export function quantile(buckets: readonly Bucket[], q: number): number | undefined {
  const total = buckets.at(-1)?.count ?? 0;
  if (total === 0) return undefined;
  const rank = q * total;
  let below: Bucket = { le: 0, count: 0 };
  for (const bucket of buckets) {
    if (bucket.count >= rank && bucket.count > below.count) {
      if (!Number.isFinite(bucket.le)) return below.le;
      return below.le + ((rank - below.count) / (bucket.count - below.count)) * (bucket.le - below.le);
    }
    below = bucket;
  }
  return below.le;
}

function numberOf(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text);
}
