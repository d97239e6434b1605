import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderEnd, renderHead, renderStep, wrap } from '../../drills/stage/render.ts';
import type { DrillReport, StepReport } from '../../drills/stage/report.ts';
import { renderTimeline } from '../../drills/stage/timeline.ts';
import { renderVerdict } from '../../drills/stage/verdict.ts';
import { duration, shown } from '../../drills/stage/words.ts';
import { coloured, plain } from '../../world/tools/paint.ts';

const LONG = 'The others notice that nobody answers there, and that nothing is heard from it any more, either';

function step(more: Partial<StepReport> = {}): StepReport {
  return { name: 'The link is cut', ok: true, evidence: {}, at_ms: 12_340, took_ms: 1_250, ...more };
}

function drill(more: Partial<DrillReport> = {}): DrillReport {
  return {
    name: 'bus-partition',
    proves: LONG,
    ok: true,
    took_ms: 40_000,
    steps: [step({ at_ms: 0 }), step({ at_ms: 20_000 })],
    calls: { connected: 1_234_567, abandoned: 0, nobody: 3, unavailable: 0, verified: 0 },
    refusals: { skill: 7, stale: 1_234_567, busy: 2 },
    double_bookings: 0,
    refused_calls: 0,
    pulse: {
      interval_ms: 500,
      granted: { 'eu-west-1': [...Array(40).fill(4), ...Array(40).fill(0)], 'us-east-1': [8] },
    },
    ...more,
  };
}

const everything = (report: DrillReport): string[] => [
  ...renderHead(report.name, report.proves, plain),
  ...report.steps.flatMap((one, at) => renderStep(one, at + 1, plain)),
  ...renderTimeline(report, plain),
  ...renderEnd(report, plain),
  ...renderVerdict({ ok: report.ok, drills: [report, report] }, 'shortened intervals', plain),
];

describe('what a drill prints', () => {
  it('fits 80 columns, whatever a step saw', () => {
    const evidence = { [LONG.slice(0, 30)]: 'x'.repeat(200), list: [LONG, LONG], failed: LONG };
    for (const line of everything(drill({ steps: [step({ name: LONG, evidence })] }))) {
      expect(line.length, line).toBeLessThanOrEqual(80);
    }
  });

  it('is the same with colours and without', () => {
    const one = step({ ok: false, evidence: { before: 'AVAILABLE', failed: 'no' } });
    const stripped = renderStep(one, 3, coloured).map(stripVTControlCharacters);
    expect(stripped).toEqual(renderStep(one, 3, plain));
  });

  it('shows when a step began, how it ended, and its evidence beside the labels', () => {
    const [head = '', ...evidence] = renderStep(
      step({ ok: false, evidence: { was: 1, 'is now': ['a', 'b'] } }),
      11,
      plain,
    );
    expect(head).toMatch(/^ {2}12\.3 s ✗ b The link is cut +1\.3 s$/);
    expect(evidence).toEqual(['             was     1', '             is now  a', '                     b']);
  });

  it('draws what callers got above the steps that began then', () => {
    const [, , eu = '', us = '', steps = ''] = renderTimeline(drill(), plain);
    expect(eu).toMatch(/^eu-west-1 +█{20}$/);
    expect(us).toMatch(/^us-east-1 +█$/);
    expect(steps.indexOf('2') - steps.indexOf('1')).toBe(20);
    expect(renderTimeline(drill({ pulse: { interval_ms: 500, granted: {} } }), plain)).toEqual([]);
  });

  it('names every failed step in the verdict, and what was refused for safety first', () => {
    const failed = drill({ ok: false, double_bookings: 2, steps: [step(), step({ name: 'It heals', ok: false })] });
    const lines = renderVerdict({ ok: false, drills: [drill(), failed] }, 'real intervals', plain);
    expect(lines.find((line) => line.includes('stale'))).toMatch(/stale +busy +skill$/);
    expect(lines.slice(-2)).toEqual([
      '✗ 1 of 2 drills failed in 1 min 20 s, at real intervals; 2 double bookings.',
      '  bus-partition: It heals',
    ]);
  });
});

describe('words', () => {
  it('are broken between words, and anywhere if need be', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('abcdefgh i', 3)).toEqual(['abc', 'def', 'gh', 'i']);
  });

  it('say of a problem what a person needs, and of anything else what fits', () => {
    const body = { code: 'no_agent_available', detail: 'nobody can take the call', passed_over: { stale: 3 } };
    expect(shown({ status: 409, body })).toBe('409 no_agent_available: nobody can take the call');
    expect(shown({ state: 'stale', regions: ['a'] })).toBe('state stale · regions ["a"]');
    expect(shown(new Error('gone'))).toBe('gone');
    expect(shown('x'.repeat(1_000)).length).toBeLessThan(250);
  });
});

it('durations are said as people do', () => {
  expect([0.4, 740, 999.6, 4_120, 59_960, 134_000, 300_000, -300_000].map(duration)).toEqual([
    ...['0 ms', '740 ms', '1.0 s', '4.1 s'],
    ...['1 min', '2 min 14 s', '5 min', '-5 min'],
  ]);
});
