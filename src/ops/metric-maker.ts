import { Counter, Gauge, Histogram, type LabelValues, type Registry } from 'prom-client';

/** 0.1 ms to 65 s in steps of about 1.5: fine enough to read a p99 from. */
const LATENCY_SECONDS = Array.from({ length: 34 }, (_, i) => Number((1e-4 * 1.5 ** i).toPrecision(2)));

/** Muster measures in ms. Prometheus expects base units, so a page of metrics has seconds. */
const secondsOf = (ms: number): number => ms / 1000;

/** Makes metrics of one registry, with the prefix `muster_`. test/ops/metrics.test.ts holds their naming rules. */
export type Maker = ReturnType<typeof makerFor>;

export function makerFor(registry: Registry) {
  const registers = [registry];
  return {
    counter: <T extends string>(name: string, help: string, ...labelNames: T[]) =>
      new Counter({ name: `muster_${name}`, help, labelNames, registers }),
    gauge: <T extends string>(name: string, help: string, ...labelNames: T[]) =>
      new Gauge({ name: `muster_${name}`, help, labelNames, registers }),
    /** A histogram of durations. Its name ends in `_seconds`. */
    latency: <T extends string>(name: string, help: string, ...labelNames: T[]) => {
      const histogram = new Histogram({
        name: `muster_${name}`,
        help,
        labelNames,
        registers,
        buckets: LATENCY_SECONDS,
      });
      return { observeMs: (labels: LabelValues<T>, ms: number): void => histogram.observe(labels, secondsOf(ms)) };
    },
    /** A gauge of a duration, an age or an offset. Its name ends in `_seconds`. */
    duration: <T extends string>(name: string, help: string, ...labelNames: T[]) => {
      const gauge = new Gauge({ name: `muster_${name}`, help, labelNames, registers });
      return {
        setMs: (labels: LabelValues<T>, ms: number): void => gauge.set(labels, secondsOf(ms)),
        reset: (): void => gauge.reset(),
      };
    },
  };
}
