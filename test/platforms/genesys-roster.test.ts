import { describe, expect, it } from 'vitest';
import type { InteractionReading } from '../../src/platforms/genesys/interaction.ts';
import { stateOf } from '../../src/platforms/genesys/normalise.ts';
import type { UserPayload } from '../../src/platforms/genesys/payloads.ts';
import { Roster } from '../../src/platforms/genesys/roster.ts';

const READ_AT = Date.parse('2026-03-02T14:05:00Z');
const IDLE_AT = Date.parse('2026-03-02T14:04:59.123Z');
const ANA: UserPayload = {
  id: 'ana',
  name: 'Ana Ruiz',
  state: 'active',
  presence: { presenceDefinition: { systemPresence: 'On Queue' }, modifiedDate: '2026-03-02T14:04:58.990Z' },
  routingStatus: { status: 'IDLE', startTime: new Date(IDLE_AT).toISOString() },
  skills: [{ name: 'Billing', proficiency: 4 }],
};

const stateOfAna = stateOf('ana', ANA, new Map());

function rosterWithAna() {
  const roster = new Roster('genesys-emea');
  const reports = roster.user(ANA, stateOfAna, READ_AT, { ids: ['q1'], atMs: READ_AT });
  return { roster, reports };
}

function reading(state: 'ALERTING' | 'ENDED', at: number, isTimed: boolean): InteractionReading {
  return { interaction: { callId: 'call-1', state, at, id: `ana/call/call-1/001.${state}/${at}` }, isTimed };
}

describe('a roster', () => {
  it('reports each fact once, by the fact’s own version', () => {
    const { roster, reports } = rosterWithAna();
    expect(reports.map(({ facets }) => Object.keys(facets))).toEqual([['profile'], ['presence'], ['activity']]);
    for (const { agentId, eventId, timestampMs, facets } of reports) {
      expect(agentId).toBe('genesys-emea:ana');
      const [facet] = Object.values(facets);
      expect(facet).toMatchObject({ at: timestampMs, id: eventId });
    }
    expect(roster.user(ANA, stateOfAna, READ_AT + 60_000, { ids: ['q1'], atMs: READ_AT + 60_000 })).toEqual([]);
  });

  it('reports a profile whose content changed, always as newer than the one before', () => {
    const { roster } = rosterWithAna();
    const [first] = roster.user({ ...ANA, skills: [] }, stateOfAna, READ_AT);
    expect(first?.facets.profile).toMatchObject({ skills: {}, queues: ['genesys-emea:q1'], at: READ_AT + 1 });
  });

  it('takes over joined queues that are newer than those known, and no others', () => {
    const { roster } = rosterWithAna();
    expect(roster.queues('ana', { ids: ['q9'], atMs: READ_AT - 1 })).toEqual([]);
    const [report] = roster.queues('ana', { ids: ['q1', 'q2'], atMs: READ_AT + 500 });
    expect(report?.facets.profile?.queues).toEqual(['genesys-emea:q1', 'genesys-emea:q2']);
    const late = roster.user(ANA, stateOfAna, READ_AT + 60_000, { ids: ['q1'], atMs: READ_AT });
    expect(late).toEqual([]);
  });

  it('drops what is older than reported', () => {
    const { roster } = rosterWithAna();
    const older = { routingStatus: { status: 'INTERACTING', startTime: '2026-03-02T14:00:00Z' } };
    expect(roster.state('ana', stateOf('ana', older, new Map()))).toEqual([]);
  });

  it('dates an alert without a time no earlier than the idleness it met', () => {
    const { roster } = rosterWithAna();
    const [report] = roster.interaction('ana', reading('ALERTING', IDLE_AT - 5_000, false));
    expect(report?.facets.interaction).toMatchObject({ state: 'ALERTING', at: IDLE_AT });
  });

  it('does not let a late alert without a time reopen its call', () => {
    const { roster } = rosterWithAna();
    roster.interaction('ana', reading('ENDED', IDLE_AT - 1_000, true));
    expect(roster.interaction('ana', reading('ALERTING', IDLE_AT - 5_000, false))).toEqual([]);
  });

  it('repeats states after a gap, and everything after a loss', () => {
    const { roster, reports } = rosterWithAna();
    const [ended] = roster.interaction('ana', reading('ENDED', IDLE_AT, true));
    roster.repeatStates();
    expect(roster.user(ANA, stateOfAna, READ_AT)).toEqual(reports.slice(1));
    roster.repeatAll();
    const again = roster.user(ANA, stateOfAna, READ_AT);
    expect(again.slice(1)).toEqual([...reports.slice(1), ended]);
    expect(again[0]?.facets.profile).toMatchObject({ name: 'Ana Ruiz', at: READ_AT + 1 });
  });

  it('reports who is gone as off duty, once, and knows nobody it was not told of', () => {
    const { roster } = rosterWithAna();
    expect(roster.remove('ana', READ_AT)[0]?.facets.presence).toMatchObject({ state: 'OFF_DUTY', reason: 'INACTIVE' });
    expect(roster.remove('ana', READ_AT)).toEqual([]);
    expect(roster.state('ana', stateOfAna)).toEqual([]);
    expect(roster.size).toBe(0);
  });
});
