import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/ops/metrics.ts';
import { PlatformCounts } from '../../src/ops/platform-counts.ts';

function counting() {
  const logged: object[] = [];
  const metrics = createMetrics('eu-west-1');
  const counts = new PlatformCounts(metrics, { warn: (fields: object) => void logged.push(fields) });
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
      { connection: 'emea', value: 'systemPresence:FISHING' },
      { connection: 'apac', value: 'systemPresence:FISHING' },
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
