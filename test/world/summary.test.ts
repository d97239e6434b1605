import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { RegionSnapshot, Snapshot } from '../../world/reports/snapshot.ts';
import { renderLine, renderSummary } from '../../world/reports/summary.ts';
import { coloured, plain } from '../../world/tools/paint.ts';

const NAMES = ['us-east-1', 'eu-west-1', 'ap-southeast-1'];

function region(name: string, more: Partial<RegionSnapshot> = {}): RegionSnapshot {
  const ageMs = new Map(NAMES.filter((other) => other !== name).map((other) => [other, 400]));
  const measured = { granted: 1_200, p50Ms: 2.14, p99Ms: 118.3, nobody: 1_234, eventsApplied: 9_000 };
  return { region: name, ...measured, propagationP99Ms: 1_234.5, ageMs, ...more };
}

function snapshot(
  seconds: number,
  regions: RegionSnapshot[],
  doubleBookings = 0,
  doubleBookingsByVerify = 0,
): Snapshot {
  return {
    ...{ seconds, regions, claims: { granted: 3_600, p50Ms: 2.14, p99Ms: 118.3 }, propagationP99Ms: 12 },
    ...{ onQueue: 14_583, idle: 7_253, busy: 7_329, connected: 123_456, abandoned: 789, nobody: 3_702, inFlight: 512 },
    doubleBookings,
    doubleBookingsByVerify,
    verified: 12,
    refusedCalls: 7,
  };
}

describe('the summary', () => {
  const before = snapshot(
    60,
    NAMES.map((name) => region(name)),
  );
  const now = snapshot(
    62,
    NAMES.map((name) => region(name, { granted: 1_214, eventsApplied: 9_170 })),
  );

  it('fits a terminal of 80 columns, its columns under their titles', () => {
    const lines = renderSummary(now, before, plain);
    for (const line of lines) expect(line.length, line).toBeLessThan(80);
    const [head = '', ...rows] = lines.slice(0, 4);
    expect(new Set(rows.map((row) => row.length)).size).toBe(1);
    for (const row of rows) {
      expect(row.slice(0, head.indexOf('claims/s') + 8)).toMatch(/ 7\.0$/);
      expect(row.slice(0, head.indexOf('events/s') + 8)).toMatch(/ 85\.0$/);
    }
  });

  it('says the same with colours and without', () => {
    const shown = renderSummary(now, before, coloured);
    expect(shown.join()).not.toBe(stripVTControlCharacters(shown.join()));
    expect(shown.map(stripVTControlCharacters)).toEqual(renderSummary(now, before, plain));
  });

  it('shows a double booking and a region nobody hears of in red', () => {
    const silent = region('us-east-1', { ageMs: new Map([['eu-west-1', null]]) });
    const shown = renderSummary(snapshot(1, [silent, region('eu-west-1')], 2), undefined, coloured).join('\n');
    expect(shown).toContain(coloured('red', 'never'));
    expect(shown).toContain(coloured('red', '2 double bookings'));
  });

  it('tells double bookings that `authority: verify` explains from others', () => {
    const shown = renderSummary(snapshot(1, [region('us-east-1')], 7, 7), undefined, coloured).join('\n');
    expect(shown).toContain(coloured('green', '0 double bookings'));
    expect(shown).toContain(coloured('yellow', '7 double bookings by `authority: verify`'));
    for (const line of stripVTControlCharacters(shown).split('\n')) expect(line.length, line).toBeLessThan(80);
    expect(renderLine(snapshot(1, [], 7, 5), undefined)).toContain('double bookings 2  by verify 5');
  });

  it('is one line where there is no terminal', () => {
    expect(renderLine(now, before)).toMatch(
      /^01:02 {2}claims\/s 0\.0 {2}p50 2\.1 ms .* double bookings 0 {2}by verify 0 {2}refused 7$/,
    );
  });
});
