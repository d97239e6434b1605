import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** 0.1 ms to 60 s in steps of about 1.5: fine enough to read a p99 from. */
const LATENCY_MS = Array.from({ length: 34 }, (_, i) => Number((0.1 * 1.5 ** i).toPrecision(2)));

/** Makes metrics of one registry, named after Muster. */
export type Maker = ReturnType<typeof makerFor>;

export function makerFor(registry: Registry) {
  const registers = [registry];
  return {
    counter: <T extends string>(name: string, help: string, ...labelNames: T[]) =>
      new Counter({ name: `muster_${name}`, help, labelNames, registers }),
    gauge: <T extends string>(name: string, help: string, ...labelNames: T[]) =>
      new Gauge({ name: `muster_${name}`, help, labelNames, registers }),
    latency: <T extends string>(name: string, help: string, ...labelNames: T[]) =>
      new Histogram({ name: `muster_${name}`, help, labelNames, registers, buckets: LATENCY_MS }),
  };
}
