import { describe, expect, it } from 'vitest';
import { settlementsDue } from '../../src/agent/claim.ts';
import {
  type Claim,
  type Facets,
  type Interaction,
  interactionsFacet,
  interactionsOf,
  type Stamped,
} from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { readContactRow, stepOfContact, stepOfState } from '../../src/platforms/cxone/contact.ts';
import { AgentContacts } from '../../src/platforms/cxone/contacts.ts';
import { Row } from '../../src/platforms/cxone/row.ts';
import { readStateRow } from '../../src/platforms/cxone/state.ts';

const BY_CALL = { reportsInteractions: true, claimsBy: 'call', confirmedMs: 60_000 } as const;
const T = Date.UTC(2026, 2, 2, 15);
const at = (seconds: number): string => new Date(T + seconds * 1000).toISOString();
const contact = (fields: object) => {
  const row = readContactRow(new Row({ contactId: 77, agentId: 5, mediaTypeId: 4, lastUpdateTime: at(0), ...fields }));
  if (!row) throw new Error('not read');
  return row;
};
const none = new Map<number, string>();
const stepOf = (fields: object, categories: ReadonlyMap<number, string> = none) =>
  stepOfContact(contact(fields), categories, T)?.interaction;
const stateStep = (fields: object) => {
  const row = readStateRow(new Row({ agentId: 5, contactId: 77, startDate: at(10), ...fields }));
  return row && stepOfState(row)?.interaction;
};

describe('a row of contacts/active', () => {
  it('is an alert while the agent has not taken it, and connected from then on', () => {
    expect(stepOf({ stateId: 3, stateName: 'InQueue' })).toMatchObject({ callId: '77', state: 'ALERTING', at: T });
    const taken = { contactStateCategory: 'With Agent', agentStartDate: at(4), lastUpdateTime: at(9) };
    const expected = { callId: '77', state: 'CONNECTED', at: T + 4000, connectedAt: T + 4000 };
    expect(stepOf({ stateId: 99, ...taken })).toMatchObject(expected);
    expect(stepOf({ stateId: 4, agentStartDate: at(4) })).toMatchObject(expected);
    expect(stepOf({ agentStartDate: at(4) })).toMatchObject(expected);
  });

  it('knows the tenant’s own states, with names in any case and old words', () => {
    const row = { State: 21, CONTACTSTARTDATE: at(1), AgentStartDate: at(2) };
    expect(stepOf(row, new Map([[21, 'Agent: With Agent']]))?.state).toBe('CONNECTED');
  });

  it('leaves open what an agent does with a contact that is parked', () => {
    expect(stepOf({ contactStateCategory: 'Parked', agentStartDate: at(2) })).toBeUndefined();
  });

  it('is nobody’s without an agent', () => {
    expect(stepOf({ agentId: 0 })).toBeUndefined();
  });

  it.each([
    [1, 'email'],
    [3, 'chat'],
    [4, 'voice'],
    [5, 'voicemail'],
    [6, 'work_item'],
    [9, 'message'],
    [0, 'voice'],
    [2, 'voice'],
  ])('has the medium of its type: %s is %s', (mediaTypeId, media) => {
    expect(stepOf({ mediaTypeId, stateId: 4 })?.media).toBe(media);
  });
});

describe('the contact in focus of a state', () => {
  it('rings, is connected, is wrapped up', () => {
    expect(stateStep({ agentStateId: 2, outStateId: -3 })).toMatchObject({ state: 'ALERTING', at: T + 10_000 });
    const since = { contactStartHandleTime: at(8) };
    expect(stateStep({ agentStateId: 3, ...since })).toMatchObject({ state: 'CONNECTED', at: T + 8000 });
    expect(stateStep({ agentStateId: 3 })).toMatchObject({ state: 'ALERTING', at: T + 10_000 });
    expect(stateStep({ agentStateId: 2, isACW: true, ...since })).toMatchObject({
      state: 'WRAP_UP',
      at: T + 10_000,
      connectedAt: T + 8000,
    });
  });

  it.each([
    ['a consultation', { agentStateId: 5 }],
    ['a dialled call', { agentStateId: 4, outStateId: -4 }],
    ['a refusal', { agentStateId: 2, outStateId: -1 }],
    ['lunch', { agentStateId: 2, outStateDescription: 'Lunch' }],
    ['no contact', { agentStateId: 3, contactId: 0 }],
    ['after-call work beside an open contact', { agentStateId: 2, isACW: true, openContacts: 1 }],
  ])('says nothing in %s', (_, fields) => {
    expect(stateStep(fields)).toBeUndefined();
  });

  it('is connected by both lists as one fact', () => {
    const byState = stateStep({ agentStateId: 3, contactStartHandleTime: at(4) });
    expect(byState).toEqual(stepOf({ stateId: 4, agentStartDate: at(4), lastUpdateTime: at(30) }));
  });
});

describe('the contacts of an agent', () => {
  const connected = (callId: string, seconds: number, media = 4) =>
    stepOfContact(contact({ contactId: callId, mediaTypeId: media, stateId: 4, agentStartDate: at(seconds) }), none, T);
  const ringing = (callId: string, seconds: number) =>
    stepOfContact(contact({ contactId: callId, lastUpdateTime: at(seconds) }), none, T);
  const known = (...steps: ReturnType<typeof connected>[]): AgentContacts => {
    const contacts = new AgentContacts('5');
    for (const step of steps) if (step) contacts.take(step);
    return contacts;
  };
  const states = (steps: Stamped<Interaction>[]) => steps.map(({ callId, state }) => `${callId} ${state}`);
  const listed = (...rows: object[]) =>
    new Map(rows.map((fields) => contact(fields)).map((row) => [row.contactId, row]));

  it('tells a step once, by whichever list', () => {
    const contacts = new AgentContacts('5');
    const [first, again] = [connected('7', 4), connected('7', 5)];
    if (!first || !again) throw new Error('not read');
    expect(states(contacts.take(first))).toEqual(['7 CONNECTED']);
    expect(contacts.take(first)).toEqual([]);
    expect(contacts.take(again)).toEqual([]);
  });

  it('are over when they are missing in two complete lists, or with somebody else', () => {
    const read = T + 60_000;
    const missing = known(connected('7', 4));
    expect(missing.missing(listed(), read)).toEqual([]);
    expect(missing.hasMissed).toBe(true);
    expect(missing.missing(listed(), read + 2000)).toMatchObject([{ callId: '7', state: 'ENDED', at: read }]);
    expect(missing.hasMissed).toBe(false);
    expect(states(known(connected('7', 4)).missing(listed({ contactId: 7, agentId: 6 }), read))).toEqual(['7 ENDED']);
    expect(states(known(connected('7', 4)).missing(listed({ contactId: 7, agentId: 0 }), read))).toEqual(['7 ENDED']);
    expect(known(connected('7', 4)).missing(listed({ contactId: 7 }), read)).toEqual([]);
    expect(known(connected('7', 4)).facets()).toMatchObject({
      interactions: { byCall: { 7: { callId: '7', state: 'CONNECTED' } } },
    });
  });

  it('are not over where one list of two has them: another contact had ended between two of its pages', () => {
    const contacts = known(connected('7', 4));
    for (const seconds of [60, 64, 68]) {
      expect(contacts.missing(listed(), T + seconds * 1000)).toEqual([]);
      expect(contacts.missing(listed({ contactId: 7 }), T + (seconds + 2) * 1000)).toEqual([]);
    }
  });

  const state = (seconds: number, fields: object, updated = seconds) => {
    const times = { startDate: at(seconds), lastUpdateTime: at(updated) };
    const row = readStateRow(
      new Row({ agentId: 5, agentStateId: 3, mediaTypeId: 3, openContacts: 1, ...times, ...fields }),
    );
    if (!row) throw new Error('not read');
    return row;
  };
  const focus = (contactId: number, seconds: number) => ({ contactId, contactStartHandleTime: at(seconds) });

  it('are over when a state counts one, and it is another, only once a later reading is without them, too', () => {
    const chats = () => known(connected('7', 4, 3), connected('8', 9, 3));
    const one = state(4, focus(8, 9), 20);
    const listless = chats();
    expect(listless.follow(one)).toEqual([]);
    expect(listless.hasMissed).toBe(true);
    expect(listless.missing(listed({ contactId: 8 }), T + 21_000)).toEqual([]);
    expect(listless.missing(listed({ contactId: 8 }), T + 22_000)).toMatchObject([
      { callId: '7', state: 'ENDED', at: T + 20_000 },
    ]);
    const there = chats();
    there.follow(one);
    expect(there.missing(listed({ contactId: 7 }, { contactId: 8 }), T + 23_000)).toEqual([]);
    expect(there.missing(listed({ contactId: 8 }), T + 24_000)).toEqual([]);
    const twice = chats();
    twice.follow(one);
    expect(twice.follow(state(4, focus(8, 9), 30))).toMatchObject([{ callId: '7', state: 'ENDED', at: T + 20_000 }]);
  });

  it('never end as of when they were connected', () => {
    expect(known(connected('7', 4, 3)).movedOn(T + 4_000, 'all')).toEqual([]);
    const contacts = known(connected('7', 30, 3));
    expect(contacts.missing(listed(), T + 31_000)).toEqual([]);
    expect(contacts.missing(listed(), T + 33_000)).toEqual([]);
    expect(contacts.missing(listed(), T + 35_000)).toMatchObject([{ callId: '7', state: 'ENDED', at: T + 33_000 }]);
  });

  it('are not over while the agent’s state has them in hand, and go on to after-call work with it', () => {
    const contacts = known(connected('7', 4));
    contacts.follow(state(4, { ...focus(7, 4), mediaTypeId: 4 }));
    for (const seconds of [60, 63, 66]) expect(contacts.missing(listed(), T + seconds * 1000)).toEqual([]);
    const acw = { ...focus(7, 4), mediaTypeId: 4, agentStateId: 2, isACW: true, openContacts: 0 };
    expect(states(contacts.follow(state(59, acw, 66)))).toEqual(['7 WRAP_UP']);
    for (const seconds of [69, 72]) expect(contacts.missing(listed(), T + seconds * 1000)).toEqual([]);
    expect(contacts.follow(state(80, focus(9, 79)))).toMatchObject([
      { callId: '7', state: 'ENDED', at: T + 80_000 },
      { callId: '9', state: 'CONNECTED' },
    ]);
  });

  it('go with when they came to be, whichever list tells of them', () => {
    const contacts = new AgentContacts('5', (contactId) => (contactId === '7' ? T + 1_000 : undefined));
    expect(contacts.follow(state(4, focus(7, 4)))).toMatchObject([{ callId: '7', beganAt: T + 1_000 }]);
    expect(contacts.movedOn(T + 9_000, 'all')).toMatchObject([{ state: 'ENDED', beganAt: T + 1_000 }]);
  });

  it('may ring in nobody’s name, and be younger than the list', () => {
    expect(known(ringing('7', 4)).missing(listed({ contactId: 7, agentId: 0 }), T + 60_000)).toEqual([]);
    expect(known(connected('7', 4)).missing(listed(), T + 5_000)).toEqual([]);
  });

  it('is not offered again before it has ended', () => {
    const contacts = known(connected('7', 4));
    const again = ringing('7', 9);
    if (!again) throw new Error('not read');
    expect(contacts.take(again)).toEqual([]);
    contacts.movedOn(T + 8_000, 'all');
    expect(states(contacts.take(again))).toEqual(['7 ALERTING']);
  });

  it('are left behind by a state that moved on, voice alone where they are not counted', () => {
    const both = () => known(connected('7', 4), connected('8', 5, 3));
    expect(states(both().movedOn(T + 9_000, 'all'))).toEqual(['7 ENDED', '8 ENDED']);
    expect(states(both().movedOn(T + 9_000, 'voice'))).toEqual(['7 ENDED']);
    expect(states(both().movedOn(T + 9_000, 'all', '7'))).toEqual(['8 ENDED']);
    expect(both().movedOn(T + 3_000, 'all')).toEqual([]);
  });

  it('remember some of those that ended, the latest', () => {
    const contacts = known(connected('7', 4), ...Array.from({ length: 30 }, (_, chat) => connected(`c${chat}`, 5, 3)));
    contacts.movedOn(T + 9_000, 'all');
    const kept = interactionsOf(contacts.facets());
    expect(kept).toHaveLength(10);
    expect(kept.at(-1)).toMatchObject({ callId: 'c29', state: 'ENDED', connectedAt: T + 5_000 });
  });

  it('confirm and complete the claim of the same call; one that only rang was missed', () => {
    const claim: Claim = { fence: 1, state: 'HELD', untilMs: T, callId: '7', queue: 'q', completedAtMs: 0 };
    const due = (steps: Stamped<Interaction>[], state: Claim['state']) => {
      let facets: Facets = { claim: { ...claim, state } };
      for (const step of steps) facets = merge(facets, interactionsFacet(step)).facets;
      return settlementsDue(interactionsFacet(...steps.slice(-1)), facets, BY_CALL)[0]?.settlement;
    };
    const [ring, take] = [ringing('7', 1)?.interaction, connected('7', 4)?.interaction];
    if (!ring || !take) throw new Error('not read');
    expect(due([ring], 'HELD')).toBeUndefined();
    expect(due([ring, take], 'HELD')).toBe('confirm');
    expect(due([ring, take, ...known(ringing('7', 1), connected('7', 4)).movedOn(T + 9_000, 'all')], 'CONFIRMED')).toBe(
      'complete',
    );
    expect(due([ring, ...known(ringing('7', 1)).movedOn(T + 9_000, 'all')], 'HELD')).toBe('missed');
  });
});
