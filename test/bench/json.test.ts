import { expect, test } from 'vitest';
import { inJson } from '../../bench/json.ts';
import { emptySample, summarize } from '../../bench/summary.ts';
import { atMost } from '../../bench/targets.ts';

test('scenarios, their rows and targets, on one line', () => {
  const samples = [{ ...emptySample(), latenciesMs: [1 / 3], elapsedMs: 1 }];
  const text = inJson([
    {
      scenario: 'claims',
      title: 'Claims: 10,000 agents',
      rows: [{ inFlight: 64, ...summarize(['claim'], [samples], 0, 1) }],
      reading: 'As it is.',
      targets: [atMost('claims: script µs', 16, 12.5), atMost('claims: p50', 1.4, Number.NaN)],
    },
  ]);
  expect(text).not.toContain('\n');
  expect(JSON.parse(text)).toEqual([
    {
      scenario: 'claims',
      rows: [
        {
          name: 'claim',
          inFlight: 64,
          p50Us: 333.333,
          p99Us: 333.333,
          perSecond: 1000,
          scriptUs: null,
          commands: 0,
          unanswered: 0,
          ratios: [],
        },
      ],
      targets: [
        { name: 'claims: script µs', target: '≤ 16', measured: 12.5, ok: true },
        { name: 'claims: p50', target: '≤ 1.4', measured: null, ok: false },
      ],
    },
  ]);
});
