import { describe, expect, it } from 'vitest';
import type { Log } from '../../src/ops/log.ts';
import { createMetrics } from '../../src/ops/metrics.ts';
import { PlatformCounts } from '../../src/ops/platform-counts.ts';

function counting() {
  const logged: unknown[] = [];
  const metrics = createMetrics('eu-west-1');
  const warn: Log['warn'] = (event, fields) => void logged.push([event, fields]);
  const counts = new PlatformCounts(metrics, { warn });
  const counted = async (kind: string) =>
    Object.fromEntries(
      (await metrics.platformAnomalies.get()).values
        .filter(({ labels }) => labels.kind === kind)
        .map(({ labels, value }) => [`${labels.connection} ${labels.value}`, value]),
    );
  return { counts, logged, counted };
}

describe('a value that nobody has met before', () => {
  it('is counted every time and logged once per connection, whoever counts', async () => {
    const { counts, logged, counted } = counting();
    const [mirror, reader, other] = [counts.of('emea'), counts.of('emea'), counts.of('apac')];
    for (const count of [mirror, mirror, reader, other]) count('unknown_value', 'systemPresence:FISHING');
    expect(await counted('unknown_value')).toEqual({
      'emea systemPresence:FISHING': 3,
      'apac systemPresence:FISHING': 1,
    });
    expect(logged).toEqual([
      ['platform_value_unknown', { connection: 'emea', value: 'systemPresence:FISHING' }],
      ['platform_value_unknown', { connection: 'apac', value: 'systemPresence:FISHING' }],
    ]);
  });

  it('is one of a bounded number: those beyond are counted together', async () => {
    const { counts, logged, counted } = counting();
    const count = counts.of('emea');
    for (let number = 1; number <= 1000; number++) count('unknown_value', `systemPresence:${number}`);
    const series = await counted('unknown_value');
    expect(Object.keys(series)).toHaveLength(101);
    expect(series['emea other']).toBe(900);
    expect(logged).toHaveLength(101);
    const last = { connection: 'emea', value: 'systemPresence:101', last: true };
    expect(logged.at(-1)).toEqual(['platform_value_unknown', last]);
  });
});

it('whatever else happens on the way to a platform is counted, and not logged', async () => {
  const { counts, logged, counted } = counting();
  counts.of('emea')('throttled');
  counts.of('emea')('request_failed', '500');
  expect(await counted('throttled')).toEqual({ 'emea ': 1 });
  expect(await counted('request_failed')).toEqual({ 'emea 500': 1 });
  expect(logged).toEqual([]);
});
