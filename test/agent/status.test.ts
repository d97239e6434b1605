import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Facets, type Interaction, interactionsFacet } from '../../src/agent/facets.ts';
import { availableSince, liveInteractions, STATUSES, statusOf } from '../../src/agent/status.ts';
import { facets, nowMs } from './arbitrary.ts';

const free: Facets = {
  presence: { state: 'ON_DUTY', at: 100, id: 'p' },
  activity: { state: 'IDLE', at: 110, id: 'a' },
};
const claim = { fence: 1, state: 'HELD', untilMs: 1000, callId: 'c', queue: 'q', completedAtMs: 0 } as const;

const call = (state: Interaction['state'], at: number) =>
  interactionsFacet({ callId: 'c', state, media: 'voice', at, id: 'i' });

describe('status', () => {
  it('exists for any facets at any time, with a reason unless available', () => {
    fc.assert(
      fc.property(facets, nowMs, (any, now) => {
        const { status, reason } = statusOf(any, now);
        expect(STATUSES).toContain(status);
        expect(reason === undefined).toBe(status === 'AVAILABLE');
      }),
    );
  });

  it('is available only if every condition agrees', () => {
    fc.assert(
      fc.property(facets, nowMs, (any, now) => {
        if (statusOf(any, now).status !== 'AVAILABLE') return;
        expect(any.presence?.state).toBe('ON_DUTY');
        // Who may carry several may be at work on others.
        const mayWork =
          any.profile?.capacity && liveInteractions(any).length > 0 && any.activity?.state !== 'NOT_RESPONDING';
        if (!mayWork) expect(any.activity?.state).toBe('IDLE');
        const held = any.claim && any.claim.state !== 'ENDED' && any.claim.untilMs > now;
        expect(held ?? false).toBe(false);
      }),
    );
  });

  it.each<[string, Facets, number, string]>([
    ['nothing known', {}, 0, 'OFFLINE UNKNOWN'],
    ['logged out', { ...free, presence: { state: 'OFF_DUTY', at: 120, id: 'p' } }, 0, 'OFFLINE LOGGED_OUT'],
    ['on duty, activity unknown', { presence: { state: 'ON_DUTY', at: 1, id: 'p' } }, 0, 'BUSY UNKNOWN'],
    ['free', free, 0, 'AVAILABLE '],
    ['on a break', { ...free, presence: { state: 'PAUSED', reason: 'BREAK', at: 120, id: 'p' } }, 0, 'BUSY BREAK'],
    [
      'on a break, nothing else known',
      { presence: { state: 'PAUSED', reason: 'BREAK', at: 1, id: 'p' } },
      0,
      'BUSY BREAK',
    ],
    ['not responding', { ...free, activity: { state: 'NOT_RESPONDING', at: 120, id: 'a' } }, 0, 'BUSY NOT_RESPONDING'],
    ['alerting', { ...free, ...call('ALERTING', 120) }, 0, 'BUSY ALERTING'],
    ['on a call', { ...free, ...call('CONNECTED', 110) }, 0, 'BUSY ON_CALL'],
    ['wrapping up', { ...free, ...call('WRAP_UP', 120) }, 0, 'BUSY WRAP_UP'],
    ['idle again, the end missed', { ...free, ...call('CONNECTED', 109) }, 0, 'AVAILABLE '],
    ['claimed', { ...free, claim }, 999, 'BUSY CLAIMED'],
    ['claim lapsed', { ...free, claim }, 1000, 'AVAILABLE '],
    ['claim ended', { ...free, claim: { ...claim, state: 'ENDED' } }, 0, 'AVAILABLE '],
  ])('%s', (_, agent, now, expected) => {
    const { status, reason = '' } = statusOf(agent, now);
    expect(`${status} ${reason}`).toBe(expected);
  });
});

describe('available since', () => {
  it('stays when a claim is released and moves when one is completed', () => {
    expect(availableSince({ ...free, claim: { ...claim, state: 'ENDED' } })).toBe(110);
    expect(availableSince({ ...free, claim: { ...claim, state: 'ENDED', completedAtMs: 500 } })).toBe(500);
  });
});
