import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Facets,
  type Interaction,
  interactionOf,
  interactionsFacet,
  interactionsOf,
} from '../../src/agent/facets.ts';
import { lostEnds, merge, raisedFloor } from '../../src/agent/merge.ts';
import { availableSince, liveInteractions } from '../../src/agent/status.ts';

const T = 1_000_000_000;
const LATE_MS = 10 * 60_000;
const MINUTE = 60_000;

const one = (callId: string, state: Interaction['state'], at: number) =>
  interactionsFacet({ callId, state, media: 'voice', at, id: `${callId}/${state}/${at}` });
const all = (...changes: Facets[]): Facets => changes.reduce<Facets>((now, change) => merge(now, change).facets, {});
/** A day of calls, one a minute, that have all ended. */
const day = (calls: number): Facets =>
  all(...Array.from({ length: calls }, (_, call) => one(`c${call}`, 'ENDED', T + call * MINUTE)));

describe('the interactions that the home forgets', () => {
  it('are none while there are few, or while reports on them may still arrive', () => {
    expect(raisedFloor(day(32), T + 10 * LATE_MS)).toBeUndefined();
    expect(raisedFloor(day(40), T + LATE_MS)).toBeUndefined();
  });

  it('are those that ended first, and late reports do not revive them', () => {
    const before = day(60);
    const forgotten = raisedFloor(before, T + 60 * MINUTE);
    const after = merge(before, forgotten?.facets ?? {}).facets;
    expect(interactionsOf(after)).toHaveLength(16);
    expect(interactionOf(after, 'c43')).toBeUndefined();
    const late = one('c3', 'CONNECTED', T + 3 * MINUTE - 1);
    expect(merge(after, late)).toMatchObject({ outcome: 'outdated', facets: after });
    expect(all(late, forgotten?.facets ?? {}, before)).toEqual(after);
    expect(availableSince(after)).toBe(availableSince(before));
  });

  it('are none that are live: those get the time of the floor and keep their time of connection', () => {
    const call = {
      callId: 'long',
      state: 'CONNECTED',
      media: 'email',
      at: T - 5,
      connectedAt: T - 5,
      id: 'long',
    } as const;
    const before = all(interactionsFacet(call), day(60));
    const { facets: change, floor } = raisedFloor(before, T + 60 * MINUTE) ?? {};
    const after = merge(before, change ?? {}).facets;
    expect(interactionOf(after, 'long')).toMatchObject({ ...call, at: floor, id: `long/lasts/${floor}` });
    const ended = one('long', 'ENDED', T + 61 * MINUTE);
    expect(liveInteractions(merge(after, ended).facets)).toEqual([]);
  });

  it('are never live ones, and forgetting twice changes nothing', () => {
    const states = ['ALERTING', 'CONNECTED', 'WRAP_UP', 'ENDED', 'ENDED', 'ENDED'] as const;
    const steps = fc.array(fc.tuple(fc.constantFrom(...states), fc.integer({ min: 0, max: 120 })), {
      minLength: 33,
      maxLength: 80,
    });
    const idle = fc.option(fc.integer({ min: 0, max: 120 }), { nil: undefined });
    fc.assert(
      fc.property(steps, idle, (told, idleAt) => {
        const activity = idleAt !== undefined && {
          activity: { state: 'IDLE', at: T + idleAt * MINUTE, id: 'i' } as const,
        };
        const calls = told.map(([state, minute], call) => one(`c${call}`, state, T + minute * MINUTE));
        const any = { ...all(...calls), ...activity };
        const nowMs = T + 120 * MINUTE;
        const forgotten = raisedFloor(any, nowMs);
        const after = merge(any, forgotten?.facets ?? {}).facets;
        const callsOf = (of: Facets) => new Set(liveInteractions(of).map(({ callId }) => callId));
        expect(callsOf(after)).toEqual(callsOf(any));
        const again = raisedFloor(after, nowMs);
        if (again) expect(again.floor).toBeGreaterThan(forgotten?.floor ?? 0);
      }),
    );
  });
});

describe('an interaction without reports', () => {
  const HOURS = 3_600_000;

  it('ends after four hours and not before', () => {
    const agent = all(one('old', 'CONNECTED', T), one('new', 'ALERTING', T + 1), one('over', 'ENDED', T));
    expect(lostEnds(agent, T + 4 * HOURS - 1)).toEqual([]);
    const ends = lostEnds(agent, T + 4 * HOURS);
    expect(ends).toMatchObject([{ callId: 'old', state: 'ENDED', at: T + 4 * HOURS }]);
    expect(liveInteractions(merge(agent, interactionsFacet(...ends)).facets)).toMatchObject([{ callId: 'new' }]);
  });
});
