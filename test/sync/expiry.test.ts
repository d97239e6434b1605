import { describe, expect, it } from 'vitest';
import type { Facets } from '../../src/agent/facets.ts';
import { readConfig } from '../../src/config/load.ts';
import type { AgentRecord } from '../../src/store/agent-record.ts';
import { fateOf } from '../../src/sync/upkeep/expiry.ts';

const DAY_MS = 86_400_000;
const nowMs = Date.UTC(2026, 2, 2);
const daysAgo = (days: number) => ({ at: nowMs - days * DAY_MS, id: `e${days}` });

const config = readConfig(
  `
region: eu
redis: { nodes: [127.0.0.1:7001] }
bus: { url: redis://127.0.0.1:6390 }
regions: { eu: { url: http://127.0.0.1:7402 }, us: { url: http://127.0.0.1:7401 } }
connections:
  crm: { platform: events, home: eu }
  far: { platform: events, home: us }
  cx: { platform: cxone, home: eu, clientId: id, clientSecret: secret, accessKeyId: id, accessKeySecret: secret }
agents: { unknown: { accept: true, home: eu }, forgetAfterDays: 10 }
`,
  'muster.yaml',
  {},
);

const record = (facets: Facets, locksMs = {}): AgentRecord => ({
  version: '1',
  home: '',
  locksMs,
  holdMs: 0,
  arrivalMs: 0,
  facets,
});
const left = (days: number): Facets => ({ presence: { state: 'OFF_DUTY', ...daysAgo(days) } });
const there = (days: number): Facets => ({ presence: { state: 'ON_DUTY', ...daysAgo(days) } });
const fate = (facets: Facets, agentId = 'crm:1', locksMs = {}) =>
  fateOf(config, agentId, record(facets, locksMs), nowMs);

describe('an agent without recent reports', () => {
  it.each<[string, Facets, string, string]>([
    ['has just left', left(9), 'crm:1', 'stays'],
    ['left long ago', left(10), 'crm:1', 'forgotten'],
    ['left long ago, and is of no connection', left(10), 'ann', 'forgotten'],
    ['left long ago, and is at home elsewhere', left(99), 'far:1', 'stays'],
    ['left long ago, and a platform may have them', left(99), 'cx:1', 'stays'],
    ['is at work, however long ago that was said', there(99), 'crm:1', 'stays'],
    ['left long ago, with a profile of yesterday', { ...left(99), profile: profile(1) }, 'crm:1', 'stays'],
    ['has a profile, and may be told to be there just now', { profile: profile(11) }, 'crm:1', 'stays'],
  ])('who %s', (_, facets, agentId, expected) => {
    expect(fate(facets, agentId)).toBe(expected);
  });

  it('stays while a claim holds them, by the clock of the store', () => {
    expect(fate(left(99), 'crm:1', { voice: 0, 'chat-1': nowMs + 1 })).toBe('stays');
    expect(fate(left(99), 'crm:1', { voice: 0, 'chat-1': nowMs })).toBe('forgotten');
  });
});

describe('the record of a forgotten agent', () => {
  it.each(['crm:1', 'far:1', 'cx:1', 'ann'])('goes when words of before are too old to count: %s', (agentId) => {
    expect(fate({ forgotten: daysAgo(10) }, agentId)).toBe('stays');
    expect(fate({ forgotten: daysAgo(19) }, agentId)).toBe('stays');
    expect(fate({ forgotten: daysAgo(20) }, agentId)).toBe('removed');
    expect(fate({ forgotten: daysAgo(20) }, agentId, { voice: nowMs + 1 })).toBe('stays');
  });

  it('stays for whoever came back, and is no word of theirs', () => {
    expect(fate({ forgotten: daysAgo(20), ...there(19) })).toBe('stays');
    expect(fate({ forgotten: daysAgo(20), ...left(9) })).toBe('stays');
    expect(fate({ forgotten: daysAgo(20), ...left(19) })).toBe('forgotten');
  });
});

function profile(days: number) {
  return { name: 'Ann', queues: [], skills: {}, tenureDays: 0, ...daysAgo(days) };
}
