import { describe, expect, it } from 'vitest';
import { claimIdOf, readClaimId, settle, settlementDue } from '../../src/agent/claim.ts';
import type { Claim, ClaimState, Facets, Interaction } from '../../src/agent/facets.ts';

const times = { heldMs: 10_000, confirmedMs: 60_000 };
const none = { rule: 'none', seconds: 0 } as const;

describe('settling a claim', () => {
  it.each<[ClaimState, 'confirm' | 'renew' | 'release' | 'complete', string]>([
    ['HELD', 'confirm', 'CONFIRMED 60000'],
    ['HELD', 'renew', 'HELD 10000'],
    ['HELD', 'release', 'ENDED 0'],
    ['HELD', 'complete', 'ENDED 0'],
    ['CONFIRMED', 'confirm', 'CONFIRMED 60000'],
    ['CONFIRMED', 'renew', 'CONFIRMED 60000'],
    ['CONFIRMED', 'release', 'ENDED 0'],
    ['CONFIRMED', 'complete', 'ENDED 0'],
    ['WRAP_UP', 'confirm', 'over'],
    ['WRAP_UP', 'renew', 'over'],
    ['WRAP_UP', 'complete', 'done'],
    ['WRAP_UP', 'release', 'ENDED 0'],
    ['ENDED', 'confirm', 'over'],
    ['ENDED', 'renew', 'over'],
    ['ENDED', 'complete', 'done'],
    ['ENDED', 'release', 'done'],
  ])('%s, %s: %s', (state, settlement, expected) => {
    const move = settle(state, settlement, times, none);
    expect(typeof move === 'string' ? move : `${move.state} ${move.lockMs}`).toBe(expected);
  });

  it('keeps the agent through a timed wrap-up and counts the interaction as completed', () => {
    expect(settle('CONFIRMED', 'complete', times, { rule: 'timed', seconds: 30 })).toEqual({
      state: 'WRAP_UP',
      lockMs: 30_000,
      completed: true,
    });
  });

  it('keeps an agent who missed a call for a moment, until the platform has said what that means', () => {
    expect(settle('CONFIRMED', 'missed', times, none)).toEqual({ state: 'WRAP_UP', lockMs: 2000, completed: false });
    expect(settle('ENDED', 'missed', times, none)).toBe('done');
  });

  it('keeps the place of an agent whose claim was released', () => {
    expect(settle('HELD', 'release', times, none)).toMatchObject({ completed: false });
  });
});

describe('what a platform event calls for', () => {
  const held: Claim = { fence: 7, state: 'HELD', untilMs: 1, callId: 'c', queue: 'q', completedAtMs: 0 };
  const on = (state: Interaction['state'], at: number, connectedAt?: number): Facets => ({
    interaction: { callId: 'c', state, at, id: `i${at}`, ...(connectedAt && { connectedAt }) },
  });
  const connected = on('CONNECTED', 20, 20);
  const ended = on('ENDED', 30, 20);
  const missed = on('ENDED', 30);
  const idle: Facets = { activity: { state: 'IDLE', at: 40, id: 'a' } };
  const other: Facets = { interaction: { callId: 'other', state: 'CONNECTED', at: 20, id: 'i', connectedAt: 20 } };

  it.each<[string, Facets, Facets, string | undefined]>([
    ['connected', connected, { claim: held }, 'confirm'],
    ['connected, already confirmed', connected, { claim: { ...held, state: 'CONFIRMED' } }, undefined],
    ['ended after talking', ended, { claim: { ...held, state: 'CONFIRMED' } }, 'complete'],
    ['ended without talking', missed, { claim: held }, 'missed'],
    ['idle, the end missed', idle, { ...connected, claim: { ...held, state: 'CONFIRMED' } }, 'complete'],
    ['idle after the wrap-up', idle, { ...ended, claim: { ...held, state: 'WRAP_UP' } }, 'release'],
    ["somebody else's call", other, { claim: held }, undefined],
    [
      'idle after a wrap-up of a call the platform never told of',
      idle,
      { claim: { ...held, state: 'WRAP_UP', completedAtMs: 39 } },
      'release',
    ],
    ['no claim', ended, {}, undefined],
  ])('%s', (_, event, before, expected) => {
    expect(settlementDue(event, { ...before, ...event })).toBe(expected);
  });

  it('calls for nothing when the event is no longer part of the state', () => {
    expect(settlementDue(ended, { ...on('ALERTING', 50), claim: held })).toBeUndefined();
  });
});

describe('a claim id', () => {
  it('names the agent and the fence, whatever the agent is called', () => {
    expect(readClaimId(claimIdOf('crm:a~b', 42))).toEqual({ agentId: 'crm:a~b', fence: 42 });
  });

  it.each(['', 'x', '~5', 'agent~', 'agent~0', 'agent~1.5', 'agent~-3'])('is not "%s"', (text) => {
    expect(readClaimId(text)).toBeUndefined();
  });
});
