import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settlementsDue } from '../../src/agent/claim.ts';
import { clampFuture, InvalidEvent, readEvent, withEndsOfIdle } from '../../src/agent/event.ts';
import {
  type Activity,
  type Claim,
  type Facets,
  type Interaction,
  type Interactions,
  interactionsFacet,
  interactionsOf,
} from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { isLive, statusOf } from '../../src/agent/status.ts';
import { type AgentEvent, writeEvent, writeFacets } from '../../src/agent/wire.ts';
import { facets } from './arbitrary.ts';

const nowMs = 1_764_000_000_000;
const context = { region: 'eu-west-1', status: 'report' } as const;
const plain = { event_id: 'e1', timestamp: 1_763_999_990, agent_id: 'crm:7', status: 'AVAILABLE' };

describe('reading an event', () => {
  it('accepts the plain form, and times in seconds and in ms', () => {
    const seconds = readEvent(plain, context);
    const milliseconds = readEvent({ ...plain, timestamp: 1_763_999_990_000 }, context);
    expect(seconds).toEqual(milliseconds);
    expect(seconds).toMatchObject({ agentId: 'crm:7', region: 'eu-west-1', timestampMs: 1_763_999_990_000 });
    expect(statusOf(seconds.facets, nowMs).status).toBe('AVAILABLE');
  });

  it.each([
    ['AVAILABLE', undefined, 'AVAILABLE '],
    ['BUSY', undefined, 'BUSY ON_CALL'],
    ['BUSY', 'WRAP_UP', 'BUSY WRAP_UP'],
    ['BUSY', 'NOT_RESPONDING', 'BUSY NOT_RESPONDING'],
    ['OFFLINE', 'SHIFT_OVER', 'OFFLINE SHIFT_OVER'],
  ])('%s %s means what it says', (status, reason, expected) => {
    const event = readEvent({ ...plain, status, ...(reason && { reason }) }, context);
    const answer = statusOf(event.facets, nowMs);
    expect(`${answer.status} ${answer.reason ?? ''}`).toBe(expected);
  });

  it('leaves the activity alone for a break', () => {
    const event = readEvent({ ...plain, status: 'BUSY', reason: 'BREAK' }, context);
    expect(Object.keys(event.facets)).toEqual(['presence']);
  });

  it.each([
    [{ ...plain, status: 'AWAY' }, '/status'],
    [{ ...plain, event_id: undefined }, '/event_id'],
    [{ ...plain, timestamp: 'yesterday' }, '/timestamp'],
    [{ ...plain, timestamp: 17 }, '/timestamp'],
    [{ ...plain, timestamp: -1 }, '/timestamp'],
    [{ ...plain, timestamp: 1e15 }, '/timestamp'],
    [{ ...plain, agent_id: 'two words' }, '/agent_id'],
    [{ ...plain, colour: 'red' }, '/colour'],
    [{ ...plain, presence: { state: 'ON_DUTY', mood: 'good' } }, '/presence/mood'],
    [{ ...plain, status: undefined }, '/status'],
    [[plain], '/'],
    ['text', '/'],
    [null, '/'],
  ])('refuses %j, naming the field', (payload, field) => {
    const read = (): unknown => readEvent(JSON.parse(JSON.stringify(payload)), context);
    expect(read).toThrow(InvalidEvent);
    try {
      read();
    } catch (error) {
      expect((error as InvalidEvent).errors.map((each) => each.field)).toEqual([field]);
    }
  });

  it('refuses anything else with InvalidEvent and no other error', () => {
    fc.assert(
      fc.property(fc.anything(), (anything) => {
        try {
          readEvent(anything, context);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidEvent);
        }
      }),
    );
  });
});

describe('a plain status', () => {
  const said = (event_id: string, ms: number, more: object): Facets =>
    readEvent({ event_id, timestamp: nowMs + ms, agent_id: 'crm:a', ...more }, context).facets;
  const claim: Claim = { fence: 1, state: 'CONFIRMED', untilMs: nowMs + 9, callId: 'l', queue: 'q', completedAtMs: 0 };
  const sum = (...changes: Facets[]): Facets => changes.reduce<Facets>((now, each) => merge(now, each).facets, {});

  it('ends a pause, but no call and no claim', () => {
    const agent = sum(
      said('1', 1, { status: 'AVAILABLE' }),
      { claim },
      said('2', 2, { interactions: [{ call_id: 'l', state: 'CONNECTED' }] }),
      said('3', 3, { status: 'BUSY', reason: 'BREAK' }),
      said('4', 4, { status: 'AVAILABLE' }),
    );
    expect(agent.claim).toEqual(claim);
    expect(
      settlementsDue(said('4', 4, { status: 'AVAILABLE' }), agent, {
        reportsInteractions: true,
        claimsBy: 'call',
        confirmedMs: 60_000,
      }),
    ).toEqual([]);
    expect(statusOf(agent, nowMs)).toEqual({ status: 'BUSY', reason: 'ON_CALL' });
    const over = sum(agent, said('5', 5, { interactions: [{ call_id: 'l', state: 'ENDED' }] }));
    expect(statusOf({ ...over, claim: { ...claim, state: 'ENDED' } }, nowMs)).toEqual({ status: 'AVAILABLE' });
  });

  it('makes an agent available without an activity', () => {
    expect(statusOf(said('1', 1, { status: 'AVAILABLE' }), nowMs)).toEqual({ status: 'AVAILABLE' });
    expect(statusOf(said('1', 1, { presence: { state: 'ON_DUTY' } }), nowMs)).toEqual({
      status: 'BUSY',
      reason: 'UNKNOWN',
    });
  });
});

describe('reported interactions', () => {
  it('are written in the same order, however they arrived', () => {
    fc.assert(
      fc.property(facets, facets, (one, other) => {
        const told = (...changes: Facets[]) =>
          writeFacets(changes.reduce<Facets>((now, each) => merge(now, each).facets, {})).interactions;
        expect(told(one, other)).toEqual(told(other, one));
      }),
    );
  });
});

describe('a call that is listed twice in one event', () => {
  it('has the state of the newer entry, at either place', () => {
    const words = [
      { call_id: 'c', state: 'ENDED', at: nowMs - 1 },
      { call_id: 'c', state: 'CONNECTED', at: nowMs - 5 },
    ];
    for (const interactions of [words, [...words].reverse()]) {
      const { facets } = readEvent({ event_id: '1', timestamp: nowMs, agent_id: 'crm:a', interactions }, context);
      expect(interactionsOf(facets)).toMatchObject([{ state: 'ENDED', at: nowMs - 1 }]);
    }
  });
});

describe('an almost valid event', () => {
  const whole = {
    ...plain,
    reason: 'BREAK',
    profile: { name: 'Ana', queues: ['crm:support'], skills: { billing: 80 }, tenure_days: 3 },
    presence: { state: 'ON_DUTY', at: nowMs },
    activity: { state: 'IDLE' },
    interactions: [
      { call_id: 'c', state: 'CONNECTED', connected_at: nowMs, began_at: nowMs },
      { call_id: 'd', state: 'ENDED', media: 'chat' },
    ],
  };
  const odd = fc.oneof(fc.jsonValue(), fc.constantFrom(Number.NaN, -0, 1e308, '__proto__', '\u0000', ' '));
  const spoilt = fc.dictionary(fc.constantFrom(...Object.keys(whole), 'constructor', 'claim'), odd, { maxKeys: 3 });
  const inside = fc.constantFrom('profile' as const, 'presence' as const, 'activity' as const, 'interactions' as const);
  const spoiltInside = fc
    .tuple(inside, fc.dictionary(fc.constantFrom('name', 'at', 'state', 'skills', 'event_id'), odd, { maxKeys: 2 }))
    .map(([name, fields]) => {
      if (name !== 'interactions') return { [name]: { ...whole[name], ...fields } };
      return { interactions: whole.interactions.map((one) => ({ ...one, ...fields })) };
    });

  it('is refused, or can be read by every region', () => {
    fc.assert(
      fc.property(fc.oneof(spoilt, spoiltInside), (changes) => {
        const event = readOrRefuse({ ...whole, ...changes });
        if (!event) return;
        const sent = JSON.parse(JSON.stringify(writeEvent(event, { status: 'BUSY' })));
        expect(readEvent(sent, { ...context, status: 'summary' })).toEqual(event);
      }),
      { numRuns: 500 },
    );
  });
});

function readOrRefuse(payload: unknown): AgentEvent | undefined {
  try {
    return readEvent(payload, context);
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidEvent);
    return undefined;
  }
}

describe('a time in the future', () => {
  const at = (ms: number) => readEvent({ ...plain, presence: { state: 'ON_DUTY', at: ms } }, context);

  it('is replaced by now beyond 5 minutes, with the difference', () => {
    const { event, aheadMs } = clampFuture(at(nowMs + 3_600_000), nowMs);
    expect(event.facets.presence?.at).toBe(nowMs);
    expect(event.timestampMs).toBe(1_763_999_990_000);
    expect(aheadMs).toBe(3_600_000);
  });

  it('is left alone within 5 minutes', () => {
    const near = at(nowMs + 60_000);
    expect(clampFuture(near, nowMs)).toEqual({ event: near, aheadMs: 0 });
  });
});

describe('an event on the wire', () => {
  const recently = (interactions: Interactions): Interactions => ({
    ...interactions,
    byCall: Object.fromEntries(
      Object.entries(interactions.byCall)
        .slice(0, 32)
        .map(([id, one]) => [id, { ...one, at: nowMs - 7 }]),
    ),
  });

  it('is parsed to the same event, with every facet and its version', () => {
    const recent = facets.map((set) => ({
      ...set,
      ...(set.forgotten && { forgotten: { ...set.forgotten, at: nowMs - 9 } }),
      ...(set.profile && { profile: { ...set.profile, at: nowMs } }),
      ...(set.presence && { presence: { ...set.presence, at: nowMs + 1 } }),
      ...(set.activity && { activity: { ...set.activity, at: nowMs } }),
      ...(set.interactions && { interactions: recently(set.interactions) }),
    }));
    fc.assert(
      fc.property(recent, (sent) => {
        fc.pre(Object.keys(sent).length > 0);
        const event = { eventId: 'a', agentId: 'crm:1', timestampMs: nowMs, region: 'us', facets: sent };
        const payload = JSON.parse(JSON.stringify(writeEvent(event, { status: 'BUSY' })));
        expect(readEvent(payload, { ...context, status: 'summary' })).toEqual(event);
      }),
    );
  });
});

describe('an event that replaces IDLE', () => {
  const call = (state: Interaction['state'], at: number, more: Partial<Interaction> = {}) =>
    interactionsFacet({ callId: 'c1', state, media: 'voice', at, id: `${state}/${at}`, ...more });
  const activity = (state: Activity['state'], at: number, reason?: string): Facets => ({
    activity: { state, at, id: `${state}/${at}`, ...(reason && { reason }) },
  });
  const onDuty: Facets = { presence: { state: 'ON_DUTY', at: 1, id: 'p' } };
  const held = (...parts: Facets[]): Facets => parts.reduce((now, part) => merge(now, part).facets, onDuty);
  const eventWith = (change: Facets): AgentEvent => ({
    eventId: 'e',
    agentId: 'crm:ann',
    timestampMs: nowMs,
    region: 'eu',
    facets: change,
  });
  const taking = (before: Facets, change: Facets) =>
    merge(before, withEndsOfIdle(eventWith(change), before).facets).facets;

  it('ends the call that IDLE had ended, so that it does not ring again', () => {
    const before = held(call('ALERTING', 5), activity('IDLE', 9));
    const change = { presence: { state: 'PAUSED', reason: 'BREAK', at: 12, id: 'b' } as const };
    for (const next of [activity('NOT_RESPONDING', 12, 'OFF_QUEUE'), activity('INTERACTING', 12, 'NON_ACD')]) {
      const now = taking(before, { ...change, ...next });
      expect(statusOf(now, nowMs).reason).toBe(next.activity?.reason === 'NON_ACD' ? 'NON_ACD' : 'BREAK');
      expect(interactionsOf(now)).toMatchObject([{ callId: 'c1', state: 'ENDED', at: 9, id: 'IDLE/9' }]);
    }
  });

  it('changes nothing if no call was hidden, or if it says itself what became of the call', () => {
    const busy = activity('INTERACTING', 12);
    const unchanged = (before: Facets, change: Facets) =>
      expect(withEndsOfIdle(eventWith(change), before)).toEqual(eventWith(change));
    unchanged(held(activity('IDLE', 9)), busy);
    unchanged(held(call('CONNECTED', 10), activity('IDLE', 9)), busy);
    unchanged(held(call('CONNECTED', 5, { isAcd: false }), activity('IDLE', 9)), busy);
    unchanged(held(call('ENDED', 5), activity('IDLE', 9)), busy);
    unchanged(held(call('ALERTING', 5), activity('IDLE', 9)), { ...busy, ...call('CONNECTED', 11) });
    unchanged(held(call('ALERTING', 5), activity('IDLE', 9)), activity('INTERACTING', 8));
    unchanged(held(call('ALERTING', 5), activity('IDLE', 9)), onDuty);
    unchanged(held(call('ALERTING', 5), activity('INTERACTING', 9)), activity('NOT_RESPONDING', 12));
  });

  it('never lets a call go on that IDLE had ended, whatever the agent did', () => {
    fc.assert(
      fc.property(facets, facets, (before, change) => {
        const over = interactionsOf(before).filter((one) => one.state !== 'ENDED' && !isLive(one, before));
        const now = taking(before, change);
        for (const one of over) {
          // A later report of the call, which may have the same id, is another matter.
          const same = interactionsOf(now).find(
            ({ callId, at, state }) => callId === one.callId && at === one.at && state === one.state,
          );
          if (same) expect(isLive(same, now)).toBe(false);
        }
        // Where the event comes twice, its second time has no effect.
        expect(merge(now, withEndsOfIdle(eventWith(change), before).facets).outcome).not.toBe('applied');
      }),
    );
  });
});
