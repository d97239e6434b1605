import { describe, expect, it } from 'vitest';
import { merge } from '../../src/agent/merge.ts';
import { statusOf } from '../../src/agent/status.ts';
import { PRESENCES, ROUTING_STATUSES } from '../../src/platforms/genesys/mapping.ts';
import { stateOf } from '../../src/platforms/genesys/normalise.ts';
import { type GenesysSettings, ownPresences } from '../../src/platforms/genesys/settings.ts';
import { COMBINATIONS, statusOfValues, type UserValues, valuesOf } from '../../src/platforms/genesys/state-docs.ts';

const OFF_QUEUE = ['Available', 'Busy', 'Away', 'Break', 'Meal', 'Meeting', 'Training', 'Idle'];
const ANY_PRESENCE = ['On Queue', ...OFF_QUEUE, 'Offline'];
const ANY_ROUTING = ['OFF_QUEUE', 'IDLE', 'INTERACTING', 'COMMUNICATING', 'NOT_RESPONDING'];
const NOT_WORKING = ['OFF_QUEUE', 'IDLE', 'NOT_RESPONDING'];
const none = { active: 0, acw: 0 };
const active = { active: 1, acw: 0 };
const acw = { active: 0, acw: 1 };
const both = { active: 1, acw: 1 };
const any = [none, active, acw, both];

type Row = [
  row: string,
  presences: (string | undefined)[],
  routing: string[],
  work: UserValues['work'][],
  answer: string,
];

/** The rows of what an integration guide says of Genesys Cloud, from the top. */
const ROWS: Row[] = [
  ['2 missing', [undefined], ANY_ROUTING, any, 'OFFLINE UNKNOWN'],
  ['2 unknown', ['Gone Fishing'], NOT_WORKING, [none], 'BUSY GONEFISHING'],
  ['3', ['Offline'], ['INTERACTING', 'COMMUNICATING'], any, 'OFFLINE LOGGED_OUT'],
  ['4', ['Offline'], NOT_WORKING, any, 'OFFLINE LOGGED_OUT'],
  ['5', ['On Queue'], ['IDLE'], [none], 'AVAILABLE'],
  ['5 counted', ['On Queue'], ['IDLE'], [active], 'BUSY ON_CALL'],
  ['6', ['On Queue'], ['IDLE'], [acw, both], 'BUSY WRAP_UP'],
  ['7', ['On Queue'], ['INTERACTING'], [acw], 'BUSY WRAP_UP'],
  ['8, 9', ['On Queue'], ['INTERACTING'], [none, active, both], 'BUSY ON_CALL'],
  ['10', ['On Queue'], ['COMMUNICATING'], any, 'BUSY NON_ACD'],
  ['11', ['On Queue'], ['NOT_RESPONDING'], any, 'BUSY NOT_RESPONDING'],
  ['12', ['On Queue'], ['OFF_QUEUE'], any, 'BUSY OFF_QUEUE'],
  ['13', OFF_QUEUE, ['INTERACTING'], [acw], 'BUSY WRAP_UP'],
  ['14', OFF_QUEUE, ['INTERACTING'], [none, active, both], 'BUSY ON_CALL'],
  ['15', OFF_QUEUE, ['COMMUNICATING'], any, 'BUSY NON_ACD'],
  ['16', ['Available'], NOT_WORKING, any, 'BUSY OFF_QUEUE'],
  ['17', ['Idle', 'Away'], NOT_WORKING, any, 'BUSY AWAY'],
  ...['Busy', 'Break', 'Meal', 'Meeting', 'Training'].map(
    (presence): Row => ['18', [presence], NOT_WORKING, any, `BUSY ${presence.toUpperCase()}`],
  ),
];

const words = (presences: (string | undefined)[], routing: string[], work: UserValues['work'][], states = ['active']) =>
  valuesOf({ states, presences, routingStatuses: routing, work, says: '' });

describe('the status of a user', () => {
  it.each(ROWS)('row %s: %j and %j with %j is %s', (_row, presences, routing, work, answer) => {
    expect(new Set(words(presences, routing, work).map(statusOfValues))).toEqual(new Set([answer]));
  });

  it('row 1: is offline for one who is no active user, whatever else is said', () => {
    const said = words([...ANY_PRESENCE, undefined], ANY_ROUTING, any, ['inactive', 'deleted']);
    expect(new Set(said.map(statusOfValues))).toEqual(new Set(['OFFLINE INACTIVE']));
  });

  it('is available On Queue and IDLE, and never else', () => {
    const presences = [...Object.keys(PRESENCES), undefined, 'Gone Fishing'];
    const routing = [...Object.keys(ROUTING_STATUSES), 'MULTITASKING', 'UNKNOWN'];
    for (const said of words(presences, routing, any)) {
      const isFree = said.presence === 'On Queue' && said.routingStatus === 'IDLE' && said.work === none;
      expect(statusOfValues(said).startsWith('AVAILABLE'), JSON.stringify(said)).toBe(isFree);
    }
  });

  it('is what the platform says again of the same moment, where its counts said something else', () => {
    const at = '2026-03-02T14:05:09.123Z';
    const read = (acwCount: number) => {
      const conversationSummary = { call: { contactCenter: { active: 0, acw: acwCount } } };
      return stateOf('ana', { routingStatus: { status: 'IDLE', startTime: at }, conversationSummary }, new Map());
    };
    const [busy, idle] = [read(1), read(0)].map(({ activity }) => (activity ? { activity } : {}));
    expect(merge(busy ?? {}, idle ?? {}).facets.activity?.state).toBe('IDLE');
    expect(merge(idle ?? {}, busy ?? {}).facets.activity?.state).toBe('IDLE');
  });

  it('is described in the docs for every one of these rows', () => {
    const described = COMBINATIONS.flatMap(valuesOf).map((one) => JSON.stringify(one));
    const known = ROWS.filter(([row]) => row !== '2 unknown');
    for (const [, ...row] of known) {
      const [presences, routing, work] = row;
      for (const said of words(presences, routing, work)) expect(described).toContain(JSON.stringify(said));
    }
  });
});

describe('a presence of the organisation’s own', () => {
  const COACHING = 'c0ac4149-0000-4000-8000-000000000001';
  const AT = '2026-03-02T14:05:08.990Z';
  const settings = (state: 'PAUSED' | 'OFF_DUTY'): Pick<GenesysSettings, 'presences'> => ({
    presences: { [COACHING]: { reason: 'COACHING', state } },
  });

  function statusWith(own: Pick<GenesysSettings, 'presences'>, systemPresence: string, id = COACHING): string {
    const source = {
      presence: { presenceDefinition: { id, systemPresence }, modifiedDate: AT },
      routingStatus: { status: 'IDLE', startTime: AT },
    };
    const { presence, activity } = stateOf('ana', source, new Map(), ownPresences(own));
    const { status, reason } = statusOf({ ...(presence && { presence }), ...(activity && { activity }) }, 0);
    return reason ? `${status} ${reason}` : status;
  }

  it('is its system presence unless the config says something else', () => {
    expect(statusWith({}, 'Training')).toBe('BUSY TRAINING');
    expect(statusWith(settings('PAUSED'), 'Training')).toBe('BUSY COACHING');
    expect(statusWith(settings('OFF_DUTY'), 'Training')).toBe('OFFLINE COACHING');
    expect(statusWith(settings('PAUSED'), 'Training', 'another')).toBe('BUSY TRAINING');
  });

  it('is never made available by the config, whatever its system presence', () => {
    for (const presence of Object.keys(PRESENCES)) {
      for (const state of ['PAUSED', 'OFF_DUTY'] as const) {
        expect(statusWith(settings(state), presence)).not.toMatch(/^AVAILABLE/);
      }
    }
  });

  it('is another fact once the config says something else of it, so that the store follows', () => {
    const id = (own: Pick<GenesysSettings, 'presences'>) => {
      const presence = { presenceDefinition: { id: COACHING, systemPresence: 'Training' }, modifiedDate: AT };
      return stateOf('ana', { presence }, new Map(), ownPresences(own)).presence?.id ?? '';
    };
    expect(id(settings('PAUSED')) > id({})).toBe(true);
    expect(id(settings('PAUSED'))).not.toBe(id(settings('OFF_DUTY')));
  });
});
