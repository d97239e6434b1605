import { describe, expect, it, test } from 'vitest';
import { Latencies } from '../../world/callers/latencies.ts';
import {
  bucketsSince,
  joinBuckets,
  mergeHistograms,
  parseMetrics,
  quantile,
  sum,
} from '../../world/reports/prometheus.ts';
import { propagationMs } from '../../world/reports/reading.ts';

const PAGE = `
# HELP muster_propagation_seconds From acceptance in a region to being applied here
# TYPE muster_propagation_seconds histogram
muster_propagation_seconds_bucket{le="0.001",region="us",from_region="eu"} 0
muster_propagation_seconds_bucket{le="0.002",region="us",from_region="eu"} 6
muster_propagation_seconds_bucket{le="+Inf",region="us",from_region="eu"} 8
muster_propagation_seconds_bucket{le="0.001",region="us",from_region="ap"} 1
muster_propagation_seconds_bucket{le="0.002",region="us",from_region="ap"} 2
muster_propagation_seconds_bucket{le="+Inf",region="us",from_region="ap"} 2
muster_events_total{outcome="applied",region="us"} 12
muster_events_total{outcome="duplicate",region="us",note="a \\"quoted\\" word"} 3
nodejs_eventloop_lag_seconds 1.5e-3
`;

describe('a metrics page', () => {
  const samples = parseMetrics(PAGE);

  it('is read line by line, comments aside', () => {
    expect(samples).toHaveLength(9);
    expect(samples.at(-1)).toEqual({ name: 'nodejs_eventloop_lag_seconds', labels: {}, value: 0.0015 });
    expect(samples.at(-2)?.labels.note).toContain('quoted');
  });

  it('is summed by name and labels', () => {
    expect(sum(samples, 'muster_events_total')).toBe(15);
    expect(sum(samples, 'muster_events_total', { outcome: 'applied' })).toBe(12);
    expect(sum(samples, 'muster_events_total', { outcome: 'rejected' })).toBe(0);
  });

  it('merges histograms over all labels but the bound', () => {
    expect(mergeHistograms(samples, 'muster_propagation_seconds')).toEqual([
      { le: 0.001, count: 1 },
      { le: 0.002, count: 8 },
      { le: Number.POSITIVE_INFINITY, count: 10 },
    ]);
  });
});

test('propagation is exported in seconds and reported in ms', () => {
  const reading = { region: 'us', instances: 1, samples: parseMetrics(PAGE), report: undefined };
  expect(propagationMs([reading], [], 0.1)).toBeCloseTo(1);
  expect(propagationMs([reading], [], 0.8)).toBeCloseTo(2);
  expect(propagationMs([reading], [reading], 0.8)).toBeUndefined();
});

describe('a quantile of a histogram', () => {
  const infinity = Number.POSITIVE_INFINITY;
  const buckets = [
    { le: 10, count: 0 },
    { le: 20, count: 50 },
    { le: 40, count: 90 },
    { le: infinity, count: 100 },
  ];

  it.each([
    [0.25, 15],
    [0.5, 20],
    [0.7, 30],
    [0.9, 40],
    [0.99, 40],
  ])('%d lies at %d', (q, expected) => expect(quantile(buckets, q)).toBeCloseTo(expected));

  it('of nothing is undefined', () => {
    expect(quantile([], 0.5)).toBeUndefined();
    expect(quantile([{ le: infinity, count: 0 }], 0.5)).toBeUndefined();
  });

  it('counts what was gained, and everything after a restart', () => {
    const before = [
      { le: 10, count: 0 },
      { le: 20, count: 40 },
      { le: 40, count: 40 },
      { le: infinity, count: 40 },
    ];
    expect(bucketsSince(buckets, before).map(({ count }) => count)).toEqual([0, 10, 50, 60]);
    expect(bucketsSince(before, buckets)).toEqual(before);
    expect(joinBuckets([...before, ...before]).map(({ count }) => count)).toEqual([0, 80, 80, 80]);
  });
});

describe('latencies', () => {
  it('are counted one by one', () => {
    const latencies = new Latencies();
    for (let ms = 1; ms <= 100; ms++) latencies.add(ms + 0.005);
    expect(latencies.count).toBe(100);
    expect(latencies.quantile(0.5)).toBeCloseTo(50);
    expect(latencies.quantile(0.99)).toBeCloseTo(99);
    expect(latencies.quantile(1)).toBeCloseTo(100);
  });

  it('have room for the slowest, and none for a quantile of nothing', () => {
    const latencies = new Latencies();
    expect(latencies.quantile(0.5)).toBeUndefined();
    for (const ms of [0, 999.999, 1000, 59_999.9, 1e9]) latencies.add(ms);
    expect([0.2, 0.4, 0.6, 0.8, 1].map((q) => latencies.quantile(q))).toEqual([0, 999.99, 1000, 59_999, 60_000]);
  });

  it('are merged without loss', () => {
    const [one, other] = [new Latencies(), new Latencies()];
    one.add(5);
    other.add(15);
    one.merge(other);
    expect([one.count, one.quantile(0.5), one.quantile(1)]).toEqual([2, 5, 15]);
  });
});
