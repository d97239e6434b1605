import { describe, expect, it } from 'vitest';
import { statusOf } from '../../src/agent/status.ts';
import { canonical } from '../../src/platforms/genesys/mapping.ts';
import { profileOf, type StateSource, skillsOf, stateOf } from '../../src/platforms/genesys/normalise.ts';

const USER = '0b7a3c1e-5a0e-4c5e-9d0e-3f0f5a1c1111';
const PRESENCE_AT = '2026-03-02T14:05:08.990Z';
const ROUTING_AT = '2026-03-02T14:05:09.123Z';
const NOW = Date.parse('2026-03-02T15:00:00Z');
const DEFINITIONS = new Map([['lunch', 'MEAL']]);

function source(systemPresence: string, status: string, work?: { active: number; acw: number }): StateSource {
  const given: StateSource = {
    presence: { presenceDefinition: { id: 'any', systemPresence }, modifiedDate: PRESENCE_AT },
    routingStatus: { status, startTime: ROUTING_AT },
  };
  if (work) given.conversationSummary = { userId: USER, call: { contactCenter: work } };
  return given;
}

function statusFor(given: StateSource): string {
  const { presence, activity } = stateOf(USER, given, DEFINITIONS);
  const { status, reason } = statusOf({ ...(presence && { presence }), ...(activity && { activity }) }, NOW);
  return reason ? `${status} ${reason}` : status;
}

const acw = { active: 0, acw: 1 };
const acwAndCall = { active: 1, acw: 1 };

describe('the status of a user', () => {
  it.each<[string, string, { active: number; acw: number } | undefined, string]>([
    ['Offline', 'INTERACTING', undefined, 'OFFLINE LOGGED_OUT'],
    ['Offline', 'OFF_QUEUE', undefined, 'OFFLINE LOGGED_OUT'],
    ['On Queue', 'IDLE', undefined, 'AVAILABLE'],
    ['On Queue', 'IDLE', { active: 0, acw: 0 }, 'AVAILABLE'],
    ['On Queue', 'IDLE', acw, 'BUSY WRAP_UP'],
    ['On Queue', 'INTERACTING', acw, 'BUSY WRAP_UP'],
    ['On Queue', 'INTERACTING', acwAndCall, 'BUSY ON_CALL'],
    ['On Queue', 'INTERACTING', undefined, 'BUSY ON_CALL'],
    ['On Queue', 'COMMUNICATING', undefined, 'BUSY NON_ACD'],
    ['On Queue', 'NOT_RESPONDING', undefined, 'BUSY NOT_RESPONDING'],
    ['On Queue', 'OFF_QUEUE', undefined, 'BUSY OFF_QUEUE'],
    ['Break', 'INTERACTING', acw, 'BUSY WRAP_UP'],
    ['Meeting', 'INTERACTING', undefined, 'BUSY ON_CALL'],
    ['Busy', 'COMMUNICATING', undefined, 'BUSY NON_ACD'],
    ['Available', 'OFF_QUEUE', undefined, 'BUSY OFF_QUEUE'],
    ['Available', 'NOT_RESPONDING', undefined, 'BUSY OFF_QUEUE'],
    ['Idle', 'OFF_QUEUE', undefined, 'BUSY AWAY'],
    ['Break', 'OFF_QUEUE', undefined, 'BUSY BREAK'],
    ['Meal', 'NOT_RESPONDING', undefined, 'BUSY MEAL'],
    ['Available', 'IDLE', undefined, 'BUSY OFF_QUEUE'],
    ['Idle', 'IDLE', undefined, 'BUSY AWAY'],
    ['Away', 'IDLE', undefined, 'BUSY AWAY'],
    ['Break', 'IDLE', undefined, 'BUSY BREAK'],
    ['Meal', 'IDLE', undefined, 'BUSY MEAL'],
    ['Training', 'IDLE', undefined, 'BUSY TRAINING'],
  ])('%s and %s with %o is %s', (presence, routing, work, expected) => {
    expect(statusFor(source(presence, routing, work))).toBe(expected);
  });

  it.each(['Available', 'Busy', 'Away', 'Break', 'Meal', 'Meeting', 'Training', 'Idle'])(
    '%s is busy whatever the routing status',
    (presence) => {
      for (const routing of ['OFF_QUEUE', 'IDLE', 'INTERACTING', 'COMMUNICATING', 'NOT_RESPONDING', 'UNKNOWN']) {
        expect(statusFor(source(presence, routing))).toMatch(/^BUSY /);
      }
    },
  );

  it.each(['On Queue', 'OnQueue', 'ON_QUEUE', 'on-queue'])('reads %s as on queue', (spelling) => {
    expect(canonical(spelling)).toBe('ONQUEUE');
    expect(statusFor(source(spelling, 'Idle'))).toBe('AVAILABLE');
  });

  it('never takes a value it has not met for available, and says which', () => {
    expect(statusFor(source('Gone Fishing', 'IDLE'))).toBe('BUSY GONEFISHING');
    expect(statusFor(source('On Queue', 'MULTITASKING'))).toBe('BUSY MULTITASKING');
    const { unknown } = stateOf(USER, source('Gone Fishing', 'MULTITASKING'), DEFINITIONS);
    expect(unknown).toEqual(['systemPresence:GONEFISHING', 'routingStatus:MULTITASKING']);
  });

  it('takes an absent expand for unknown, not for offline', () => {
    const { presence: _, ...withoutPresence } = source('On Queue', 'IDLE');
    const { routingStatus: __, ...withoutRouting } = source('On Queue', 'IDLE');
    expect(stateOf(USER, withoutPresence, DEFINITIONS).presence).toBeUndefined();
    expect(statusFor(withoutPresence)).toBe('OFFLINE UNKNOWN');
    expect(statusFor(withoutRouting)).toBe('BUSY UNKNOWN');
  });

  it('resolves a presence of the organisation by its definition', () => {
    const presence = { presenceDefinition: { id: 'lunch' }, modifiedDate: PRESENCE_AT };
    expect(stateOf(USER, { presence }, DEFINITIONS).presence).toMatchObject({ state: 'PAUSED', reason: 'MEAL' });
  });

  it('ignores a presence mirrored from another source', () => {
    const { presence } = source('Offline', 'IDLE');
    expect(stateOf(USER, { presence: { ...presence, primary: false } }, DEFINITIONS).presence).toBeUndefined();
  });
});

describe('the version of a fact', () => {
  it('is the platform’s own time, the same from REST and from a notification', () => {
    const read = stateOf(USER, source('On Queue', 'IDLE'), DEFINITIONS);
    const notified = stateOf(USER, source('ON_QUEUE', 'IDLE'), DEFINITIONS);
    expect(read.presence?.at).toBe(Date.parse(PRESENCE_AT));
    expect(read.activity?.at).toBe(Date.parse(ROUTING_AT));
    expect(notified).toEqual(read);
  });

  it('is missing where the platform gives no time: the fact is left out and looked up', () => {
    const given = source('On Queue', 'IDLE');
    delete given.presence?.modifiedDate;
    delete given.routingStatus?.startTime;
    expect(stateOf(USER, given, DEFINITIONS)).toEqual({
      unknown: [],
      zoneless: [],
      needsRecheck: true,
      isUnoccupied: false,
    });
  });

  it.each([
    ['On Queue', 'OFF_QUEUE', undefined, true],
    ['On Queue', 'IDLE', acw, true],
    ['On Queue', 'IDLE', undefined, false],
    ['Break', 'OFF_QUEUE', undefined, false],
  ] as const)('%s and %s with %o: recheck %s', (presence, routing, work, needsRecheck) => {
    expect(stateOf(USER, source(presence, routing, work), DEFINITIONS).needsRecheck).toBe(needsRecheck);
  });
});

describe('a profile', () => {
  it('has the active skills as levels from 0 to 100', () => {
    const skills = [
      { name: 'Billing', proficiency: 4, state: 'ACTIVE' },
      { name: 'Sales', proficiency: 2.5, state: 'active' },
      { name: 'Odd', proficiency: 7 },
      { name: 'Old', proficiency: 5, state: 'deleted' },
    ];
    expect(skillsOf(skills)).toEqual({ Billing: 80, Sales: 50, Odd: 100 });
  });

  it('names queues by connection, in an order of its own', () => {
    const user = { name: 'Ana', queueIds: ['q2', 'q1', 'q2'], skills: {} };
    expect(profileOf('genesys-emea', user).profile.queues).toEqual(['genesys-emea:q1', 'genesys-emea:q2']);
  });
});
