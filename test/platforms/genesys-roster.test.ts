import { describe, expect, it } from 'vitest';
import { interactionsOf } from '../../src/agent/facets.ts';
import type { InteractionReading } from '../../src/platforms/genesys/interaction.ts';
import { stateOf } from '../../src/platforms/genesys/normalise.ts';
import type { UserPayload } from '../../src/platforms/genesys/payloads.ts';
import { GenesysRoster } from '../../src/platforms/genesys/roster.ts';

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

const joined = (ids: string[], atMs: number) => ({ ids, atMs });

function rosterWithAna() {
  const roster = new GenesysRoster('genesys-emea', { note: () => {}, forget: () => {} });
  const told = roster.read(ANA, stateOfAna, READ_AT, joined(['q1'], READ_AT));
  return { roster, told };
}

function reading(state: 'ALERTING' | 'WRAP_UP' | 'ENDED', at: number, isTimed: boolean): InteractionReading {
  return {
    interaction: { callId: 'call-1', state, media: 'voice', at, id: `ana/call/call-1/001.${state}/${at}` },
    isTimed,
    isParked: false,
  };
}

describe('a roster', () => {
  it('tells of a user everything it knows, each fact by its own version, and the same again while nothing changes', () => {
    const { roster, told } = rosterWithAna();
    expect(told).toMatchObject({ agentId: 'genesys-emea:ana', isUnoccupied: false });
    expect(told.facets).toMatchObject({
      profile: { queues: ['genesys-emea:q1'], skills: { Billing: 80 }, at: READ_AT },
      presence: { state: 'ON_DUTY', at: IDLE_AT - 133 },
      activity: { state: 'IDLE', at: IDLE_AT },
    });
    expect(roster.read(ANA, stateOfAna, READ_AT + 60_000, joined(['q1'], READ_AT + 60_000))).toEqual(told);
  });

  it('reports what is notified once: not what has been read, and not twice', () => {
    const { roster } = rosterWithAna();
    expect(roster.state('ana', stateOfAna)).toEqual([]);
    const source = { routingStatus: { status: 'INTERACTING', startTime: '2026-03-02T14:05:10Z' } };
    const [report, ...others] = roster.state('ana', stateOf('ana', source, new Map()));
    expect(report).toMatchObject({ agentId: 'genesys-emea:ana', timestampMs: READ_AT + 10_000 });
    expect(report?.facets).toEqual({
      activity: expect.objectContaining({ id: report?.eventId, at: READ_AT + 10_000 }),
    });
    expect(others).toEqual([]);
    expect(roster.state('ana', stateOf('ana', source, new Map()))).toEqual([]);
  });

  it('dates a profile whose content changed as newer than the one before, always', () => {
    const { roster } = rosterWithAna();
    const { facets } = roster.read({ ...ANA, skills: [] }, stateOfAna, READ_AT, joined(['q1'], READ_AT));
    expect(facets.profile).toMatchObject({ skills: {}, queues: ['genesys-emea:q1'], at: READ_AT + 1 });
  });

  it('keeps queues that it hears of before the user is read, unless the reading of queues is newer', () => {
    const queuesOf = (earlyMs: number) => {
      const roster = new GenesysRoster('genesys-emea', { note: () => {}, forget: () => {} });
      expect(roster.queues('ana', joined(['early'], earlyMs))).toEqual([]);
      return roster.read(ANA, stateOfAna, READ_AT, joined(['q1'], READ_AT)).facets.profile?.queues;
    };
    expect(queuesOf(READ_AT + 500)).toEqual(['genesys-emea:early']);
    expect(queuesOf(READ_AT - 500)).toEqual(['genesys-emea:q1']);
  });

  it('takes over joined queues that are newer than those known, and no others', () => {
    const { roster } = rosterWithAna();
    expect(roster.queues('ana', { ids: ['q9'], atMs: READ_AT - 1 })).toEqual([]);
    const [report] = roster.queues('ana', { ids: ['q1', 'q2'], atMs: READ_AT + 500 });
    expect(report?.facets.profile?.queues).toEqual(['genesys-emea:q1', 'genesys-emea:q2']);
    const late = roster.read(ANA, stateOfAna, READ_AT + 60_000, joined(['q1'], READ_AT));
    expect(late.facets.profile?.queues).toEqual(['genesys-emea:q1', 'genesys-emea:q2']);
  });

  it('drops what is older than reported', () => {
    const { roster } = rosterWithAna();
    const older = { routingStatus: { status: 'INTERACTING', startTime: '2026-03-02T14:00:00Z' } };
    expect(roster.state('ana', stateOf('ana', older, new Map()))).toEqual([]);
  });

  it('dates an alert without a time no earlier than the idleness it met', () => {
    const { roster } = rosterWithAna();
    const [report] = roster.interaction('ana', reading('ALERTING', IDLE_AT - 5_000, false));
    expect(interactionsOf(report?.facets ?? {})[0]).toMatchObject({ state: 'ALERTING', at: IDLE_AT });
  });

  it('does not let a late alert without a time reopen its call', () => {
    const { roster } = rosterWithAna();
    roster.interaction('ana', reading('ENDED', IDLE_AT - 1_000, true));
    expect(roster.interaction('ana', reading('ALERTING', IDLE_AT - 5_000, false))).toEqual([]);
  });

  it('tells with every reading the last interaction it heard of, which cannot be read', () => {
    const { roster, told } = rosterWithAna();
    const [ended] = roster.interaction('ana', reading('ENDED', IDLE_AT, true));
    const again = roster.read(ANA, stateOfAna, READ_AT, joined(['q1'], READ_AT));
    expect(again.facets).toEqual({ ...told.facets, ...ended?.facets });
  });

  it('tells after-call work as an activity of its own only where the call does not tell of it', () => {
    const wrapUp: UserPayload = {
      ...ANA,
      routingStatus: { status: 'INTERACTING', startTime: '2026-03-02T14:05:10Z' },
      conversationSummary: { call: { contactCenter: { active: 0, acw: 1 } } },
    };
    const readAs = (seen: boolean) => {
      const { roster } = rosterWithAna();
      const { routingStatus = {} } = wrapUp;
      roster.state('ana', stateOf('ana', { routingStatus }, new Map()));
      if (seen) roster.interaction('ana', reading('WRAP_UP', READ_AT + 20_000, true));
      return roster.read(wrapUp, stateOf('ana', wrapUp, new Map()), READ_AT, joined([], READ_AT)).facets.activity;
    };
    expect(readAs(true)).toMatchObject({ state: 'INTERACTING', at: READ_AT + 10_000 });
    expect(readAs(false)).toMatchObject({ state: 'WRAP_UP', at: READ_AT + 10_000 });
  });

  it('tells who is gone as off duty, and knows nobody it was not told of', () => {
    const { roster } = rosterWithAna();
    expect(roster.gone('ana', READ_AT)).toMatchObject({
      agentId: 'genesys-emea:ana',
      facets: { presence: { state: 'OFF_DUTY', reason: 'INACTIVE', at: READ_AT } },
      isGone: true,
    });
    expect(roster.state('ana', stateOfAna)).toEqual([]);
    expect(roster.size).toBe(0);
  });
});
