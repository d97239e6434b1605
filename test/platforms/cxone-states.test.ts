import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { interactionsFacet } from '../../src/agent/facets.ts';
import { statusOf } from '../../src/agent/status.ts';
import { Row } from '../../src/platforms/cxone/row.ts';
import type { UnavailableCodes } from '../../src/platforms/cxone/settings.ts';
import {
  readStateRow,
  type StateRow,
  stampState,
  stateOf,
  tupleOf,
  vocabularyOf,
} from '../../src/platforms/cxone/state.ts';

const START = '2026-03-02T15:03:58.000Z';
const CODES: UnavailableCodes = {
  Coaching: { reason: 'COACHING', state: 'PAUSED' },
  '417': { reason: 'OFF_SITE', state: 'OFF_DUTY' },
  'Wrapping Up': { reason: 'PAPERWORK', state: 'WRAP_UP' },
};

function rowOf(fields: object): StateRow {
  const row = readStateRow(
    new Row({ agentId: 1001, isActive: true, startDate: START, lastUpdateTime: START, ...fields }),
  );
  if (!row) throw new Error('the row cannot be read');
  return row;
}

/** What comes of a row, in one word or two. */
function statusIn(fields: object, acw: string[] = []): string {
  const row = rowOf(fields);
  const vocabulary = { ...vocabularyOf(CODES), acwCodes: new Set(acw) };
  const { status, reason } = statusOf(stampState('1001', stateOf(row, vocabulary), row.startMs), row.startMs);
  return reason ? `${status} ${reason}` : status;
}

const state = (agentStateId: number, fields: object = {}): object => ({ agentStateId, ...fields });
const pending = (outStateId: number, agentStateId = 2): object => ({ agentStateId, outStateId });

describe('a row of agents/states', () => {
  it.each<[string, object, string]>([
    ['logged out', state(0), 'OFFLINE LOGGED_OUT'],
    ['an account that is closed', state(1, { isActive: false }), 'OFFLINE LOGGED_OUT'],
    ['after-contact work in state 2', state(2, { isACW: true, outStateId: 411 }), 'BUSY WRAP_UP'],
    ['after-contact work in state 3', state(3, { isAcw: true }), 'BUSY WRAP_UP'],
    ['after-contact work in state 1', state(1, { isACW: 'True' }), 'BUSY WRAP_UP'],
    ['logging in', state(8, { outStateId: 3 }), 'BUSY LOGGING_IN'],
    ['available', state(1, { outStateId: 0, outStateDescription: '', openContacts: 0 }), 'AVAILABLE'],
    ['available, with a code that says so', state(1, { outStateDescription: 'Available' }), 'AVAILABLE'],
    ['available with contacts', state(1, { openContacts: 1 }), 'BUSY PARTIAL_LOAD'],
    ['refused', pending(-1), 'BUSY NO_ANSWER'],
    ['refused, by name alone', state(2, { outStateDescription: 'refused' }), 'BUSY NO_ANSWER'],
    ['refused while available', pending(-1, 1), 'BUSY NO_ANSWER'],
    ['a held party that hung up', pending(-2), 'BUSY HELD_PARTY_ABANDONED'],
    ['the same by name', state(2, { outStateDescription: 'Held Party Abandoned' }), 'BUSY HELD_PARTY_ABANDONED'],
    ['ringing', pending(-3), 'BUSY RINGING'],
    ['ringing in state 1', pending(-3, 1), 'BUSY RINGING'],
    ['ringing in state 3', pending(-3, 3), 'BUSY RINGING'],
    ['a callback', pending(-8), 'BUSY RINGING'],
    ['a promise', pending(-9), 'BUSY RINGING'],
    ['outbound', pending(-4), 'BUSY CONNECTING'],
    ['consult', pending(-5), 'BUSY CONNECTING'],
    ['dialer', pending(-6), 'BUSY CONNECTING'],
    ['transfer', pending(-7), 'BUSY CONNECTING'],
    ['preview', pending(-13), 'BUSY PREVIEW'],
    ['logging off', pending(-12), 'BUSY LOGGING_OUT'],
    ['lunch', state(2, { outStateId: 402, outStateDescription: 'LUNCH' }), 'BUSY LUNCH'],
    ['break', state(2, { outStateId: 401, outStateDescription: 'Break' }), 'BUSY BREAK'],
    ['a code of the config by name', state(2, { outStateId: 9, outStateDescription: 'coaching' }), 'BUSY COACHING'],
    ['a code of the config by id', state(2, { outStateId: 417, outStateDescription: 'x' }), 'OFFLINE OFF_SITE'],
    ['one that is work', state(2, { outStateId: 5, outStateDescription: 'Wrapping up' }), 'BUSY PAPERWORK'],
    [
      'a code flagged as after-contact work',
      state(2, { outStateId: 411, outStateDescription: 'Notes' }),
      'BUSY WRAP_UP',
    ],
    ['the default code', state(2, { outStateId: 3, outStateDescription: 'Unavailable' }), 'BUSY UNAVAILABLE'],
    ['no code', state(2), 'BUSY UNAVAILABLE'],
    ['any other', state(2, { outStateId: 5, outStateDescription: 'Gym' }), 'BUSY UNAVAILABLE (5 Gym)'],
    ['unavailable with contacts', state(2, { outStateDescription: 'Lunch', openContacts: 2 }), 'BUSY LUNCH'],
    ['a call', state(3, { mediaTypeId: 4 }), 'BUSY ON_CALL'],
    ['a contact without a medium', state(3, { mediaTypeId: 0 }), 'BUSY ON_CALL'],
    ['a chat', state(3, { mediaTypeId: 3 }), 'BUSY ON_CONTACT'],
    ['a chat in the words of old versions', state(3, { mediaType: 3 }), 'BUSY ON_CONTACT'],
    ['an outbound call', state(4, { isOutbound: true }), 'BUSY ON_CALL'],
    ['an outbound e-mail', state(4, { mediaTypeId: 1 }), 'BUSY ON_CONTACT'],
    ['called by a colleague', state(5), 'BUSY CONSULT'],
    ['consulting a colleague', state(6), 'BUSY CONSULT'],
    ['the dialer', state(7), 'BUSY DIALER'],
    ['a bucket of the vendor’s desktop', { agentStateName: 'Working' }, 'BUSY ON_CALL'],
    ['a name alone', { agentStateName: 'available' }, 'AVAILABLE'],
    ['a number nobody knows', state(99, { agentStateName: 'DeepFocus' }), 'BUSY DEEP_FOCUS'],
    ['one that is called available', state(99, { agentStateName: 'Available' }), 'BUSY STATE_99'],
    ['available with a code', state(1, { outStateId: 402, outStateDescription: 'Lunch' }), 'BUSY UNKNOWN'],
    ['nothing at all', {}, 'BUSY UNKNOWN'],
  ])('is read: %s', (_, fields, expected) => {
    expect(statusIn(fields, ['411'])).toBe(expected);
  });

  it('leaves room to an agent’s capacity where the state does, and all contacts are known', () => {
    const chat = { callId: 'c', state: 'CONNECTED' as const, media: 'chat' as const, at: 1, id: 'c' };
    const units = { voice: { units: 1, beside: ['chat' as const] }, chat: { units: 2, beside: ['voice' as const] } };
    const profile = { name: 'Ana', queues: [], skills: {}, tenureDays: 0, capacity: { media: units }, at: 1, id: 'p' };
    const statusWith = (fields: object, isCounted = true) => {
      const row = rowOf({ openContacts: 1, mediaTypeId: 3, ...fields });
      const registers = stampState('1', stateOf(row, vocabularyOf(), isCounted), row.startMs);
      return statusOf({ ...registers, profile, ...interactionsFacet(chat) }, row.startMs).status;
    };
    expect(statusWith(state(1))).toBe('AVAILABLE');
    expect(statusWith(state(3))).toBe('AVAILABLE');
    expect(statusWith(state(1), false)).toBe('BUSY');
    expect(statusWith(state(3), false)).toBe('BUSY');
    for (const fields of [pending(-3), pending(-1), state(2), state(3, { isACW: true })])
      expect(statusWith(fields)).toBe('BUSY');
  });

  it('counts what nobody knows', () => {
    const vocabulary = vocabularyOf();
    expect(stateOf(rowOf(state(99)), vocabulary).unknown).toBe('agentState:99');
    expect(stateOf(rowOf({ agentStateName: 'Zen' }), vocabulary).unknown).toBe('agentState:ZEN');
    expect(stateOf(rowOf(state(1, { outStateId: 402 })), vocabulary).unknown).toBe('outState:402');
    expect(stateOf(rowOf(state(3)), vocabulary).unknown).toBeUndefined();
  });

  it('makes nobody available but in state 1, whatever else it says and the config says of codes', () => {
    const reasons = fc.constantFrom('AVAILABLE', 'IDLE', 'ON_DUTY');
    const states = fc.constantFrom('PAUSED' as const, 'OFF_DUTY' as const, 'WRAP_UP' as const);
    const codes = fc.dictionary(
      fc.constantFrom('Lunch', '0', '3', '402', 'Available', '-1'),
      fc.record({ reason: reasons, state: states }),
    );
    const rows = fc.record(
      {
        agentStateId: fc.integer({ min: -2, max: 12 }),
        agentStateName: fc.constantFrom('Available', 'Ready', ''),
        outStateId: fc.integer({ min: -14, max: 4 }),
        outStateDescription: fc.constantFrom('Available', 'Lunch', '', 'Refused'),
        openContacts: fc.integer({ min: 0, max: 2 }),
        isACW: fc.boolean(),
      },
      { requiredKeys: ['agentStateId'] },
    );
    fc.assert(
      fc.property(rows, codes, fc.boolean(), (fields, config, isCounted) => {
        const row = rowOf(fields);
        const { status } = statusOf(stampState('1', stateOf(row, vocabularyOf(config), isCounted), row.startMs), 0);
        if (status === 'AVAILABLE') expect(fields).toMatchObject({ agentStateId: 1 });
        if (fields.isACW) expect(status).not.toBe('AVAILABLE');
      }),
    );
  });
});

describe('the version of a state', () => {
  it('is when it began; the last change of the row where that is not said', () => {
    expect(rowOf({}).startMs).toBe(Date.parse(START));
    expect(rowOf({ startDate: '' }).startMs).toBe(Date.parse(START));
    expect(rowOf({ startDate: '0001-01-01T00:00:00Z' }).startMs).toBe(Date.parse(START));
    const none = { agentId: 1, startDate: null, lastUpdateTime: '2026-03-02T15:03:58' };
    expect(readStateRow(new Row(none))).toBeUndefined();
  });

  it('is the same for the same fact, and puts the less available last in one millisecond', () => {
    const versions = [state(1), state(3), state(0)].map((fields) => {
      const { presence } = stampState('1', stateOf(rowOf(fields), vocabularyOf()), 1_000);
      return presence.id;
    });
    expect([...versions].sort()).toEqual(versions);
    expect(new Set(versions).size).toBe(3);
  });

  it('tells rows apart by what matters', () => {
    const row = rowOf(state(1));
    expect(tupleOf(rowOf(state(1, { lastUpdateTime: '2026-03-02T16:00:00Z', stationId: 4 })))).toBe(tupleOf(row));
    for (const other of [
      { agentStateId: 2 },
      { openContacts: 1 },
      { isACW: true },
      { contactId: 5 },
      { outStateId: 4 },
    ])
      expect(tupleOf(rowOf({ ...state(1), ...other }))).not.toBe(tupleOf(row));
  });
});
