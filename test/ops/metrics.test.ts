import { describe, expect, it, test } from 'vitest';
import { createMetrics } from '../../src/ops/metrics.ts';

interface Described {
  name: string;
  type: string;
  help: string;
  labelNames: string[];
}

const SNAKE_CASE = /^[a-z]+(_[a-z]+)*$/;
/** Units that Prometheus has a base unit for. */
const SCALED =
  /_(ns|us|ms|(nano|micro|milli)seconds?|minutes?|hours?|days?|kb|mb|gb|(kilo|mega|giga)bytes|percent)(_|$)/;
const TIME = /_(age|duration|latency|lag|offset|delay|propagation)(_|$)/;
/** Endings that a histogram gives its own series. */
const RESERVED_ENDINGS = /_(bucket|count|sum)$/;
/** Labels that the registry, a scrape, a histogram or a summary sets. */
const RESERVED_LABELS = new Set(['region', 'job', 'instance', 'le', 'quantile']);

/** What breaks the conventions of Prometheus, https://prometheus.io/docs/practices/naming/. Empty for a metric that keeps them. */
function faultsIn({ name, type, help, labelNames }: Described): string[] {
  const faults: [string, boolean][] = [
    ['a name is snake_case and begins with muster_', !SNAKE_CASE.test(name) || !name.startsWith('muster_')],
    ['a counter, and nothing else, ends in _total', (type === 'counter') !== name.endsWith('_total')],
    ['units are base units', SCALED.test(name)],
    ['times are in seconds', TIME.test(name) && !name.endsWith('_seconds')],
    ['a histogram names its unit', type === 'histogram' && !/_(seconds|bytes)$/.test(name)],
    ['an ending of a histogram is not used', RESERVED_ENDINGS.test(name)],
    ['labels are snake_case', !labelNames.every((label) => SNAKE_CASE.test(label))],
    ['labels that others set are not used', labelNames.some((label) => RESERVED_LABELS.has(label))],
    ['a help text begins with a capital or a digit, and ends with one full stop', !/^[A-Z0-9].*[^.]\.$/.test(help)],
    ['a help text is one line', /\n| {2}/.test(help)],
  ];
  return faults.filter(([, isBroken]) => isBroken).map(([rule]) => rule);
}

const registered = createMetrics('eu').registry.getMetricsAsArray() as unknown as Described[];
const own = registered.filter(({ name }) => name.startsWith('muster_'));

describe('the metrics of an instance', () => {
  it.each(own.map((metric) => [metric.name, metric] as const))('%s keeps the conventions', (_, metric) => {
    expect(faultsIn(metric)).toEqual([]);
  });

  it('are in the registry beside those of the process, whose help texts end alike', () => {
    expect(own.length).toBeGreaterThan(0);
    const others = registered.filter((metric) => !own.includes(metric));
    expect(others.map(({ name }) => /^[a-z]+_/.exec(name)?.[0])).toEqual(
      others.map(() => expect.stringMatching(/^(process|nodejs)_$/)),
    );
    expect(registered.filter(({ help }) => !/[^.]\.$/.test(help))).toEqual([]);
  });

  it.each<[string, Partial<Described>]>([
    ['a name is snake_case and begins with muster_', { name: 'events_total' }],
    ['a name is snake_case and begins with muster_', { name: 'muster_deadLetters_total' }],
    ['a counter, and nothing else, ends in _total', { name: 'muster_events' }],
    ['a counter, and nothing else, ends in _total', { type: 'gauge' }],
    ['units are base units', { name: 'muster_wait_ms_total' }],
    ['times are in seconds', { name: 'muster_region_age', type: 'gauge' }],
    ['a histogram names its unit', { name: 'muster_sizes', type: 'histogram' }],
    ['an ending of a histogram is not used', { name: 'muster_streams_count', type: 'gauge' }],
    ['labels are snake_case', { labelNames: ['fromRegion'] }],
    ['labels that others set are not used', { labelNames: ['instance'] }],
    ['a help text begins with a capital or a digit, and ends with one full stop', { help: 'Events' }],
    ['a help text begins with a capital or a digit, and ends with one full stop', { help: 'events.' }],
    ['a help text begins with a capital or a digit, and ends with one full stop', { help: 'Events..' }],
    ['a help text is one line', { help: 'Events  by outcome.' }],
  ])('break the rule "%s" as %j does', (rule, changed) => {
    const kept = { name: 'muster_events_total', type: 'counter', help: 'Events by outcome.', labelNames: ['outcome'] };
    expect(faultsIn(kept)).toEqual([]);
    expect(faultsIn({ ...kept, ...changed })).toEqual([rule]);
  });
});

test('durations from 0.1 ms up fall into buckets of their own', async () => {
  const { claimDuration, registry } = createMetrics('eu');
  claimDuration.observe({ grant: 'local' }, 0.25);
  claimDuration.observe({ grant: 'local' }, 0.0002);
  const page = await registry.metrics();
  expect(page).toContain('muster_claim_duration_seconds_bucket{le="0.00015",region="eu",grant="local"} 0\n');
  expect(page).toContain('muster_claim_duration_seconds_bucket{le="0.00023",region="eu",grant="local"} 1\n');
  expect(page).toContain('muster_claim_duration_seconds_bucket{le="0.22",region="eu",grant="local"} 1\n');
  expect(page).toContain('muster_claim_duration_seconds_bucket{le="0.33",region="eu",grant="local"} 2\n');
});
