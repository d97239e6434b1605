import { describe, expect, it } from 'vitest';
import {
  type Circumstances,
  completionTime,
  conflictOf,
  mayGrantInstead,
  nextMove,
  settlementsDue,
} from '../../src/agent/claim.ts';
import {
  type Claim,
  type ClaimState,
  type Facets,
  type Interaction,
  interactionsFacet,
} from '../../src/agent/facets.ts';

const times = { heldMs: 10_000, confirmedMs: 60_000 };
const BY_CALL = { reportsInteractions: true, claimsBy: 'call', confirmedMs: 60_000 } as const;
const none = { rule: 'none', seconds: 0 } as const;
/** As a caller settles, where there is no wrap-up. */
const caller: Circumstances = { times, wrapUp: none, completedAt: 'now', isPlatform: false };

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
    const move = nextMove({ state }, settlement, caller);
    expect(typeof move === 'string' ? move : `${move.state} ${move.lockMs}`).toBe(expected);
  });

  it('locks the agent through a timed wrap-up and completes the interaction', () => {
    expect(
      nextMove({ state: 'CONFIRMED' }, 'complete', {
        ...caller,
        wrapUp: { rule: 'timed', seconds: 30 },
        completedAt: 500,
      }),
    ).toEqual({
      state: 'WRAP_UP',
      lockMs: 30_000,
      completed: { from: 500, restMs: 30_000 },
      endReason: 'completed',
    });
  });

  it('completes nothing if the time of the end is unknown', () => {
    expect(nextMove({ state: 'CONFIRMED' }, 'complete', { ...caller, completedAt: undefined })).toEqual({
      state: 'ENDED',
      lockMs: 0,
      endReason: 'completed',
    });
  });

  it('locks an agent who missed a call for a moment and moves them behind all others', () => {
    const missed = { state: 'WRAP_UP', lockMs: 2000, endReason: 'refused', goesBehind: true };
    expect(nextMove({ state: 'CONFIRMED' }, 'missed', caller)).toEqual(missed);
    expect(nextMove({ state: 'ENDED' }, 'missed', caller)).toBe('done');
    expect(nextMove({ state: 'HELD' }, 'refused', caller)).toEqual(missed);
    expect(nextMove({ state: 'WRAP_UP' }, 'refused', caller)).toBe('done');
  });

  it('records the end reason and keeps it through the wrap-up', () => {
    const reasonOf = (
      claim: Parameters<typeof nextMove>[0],
      ...how: [Parameters<typeof nextMove>[1], Circumstances?]
    ) => {
      const move = nextMove(claim, how[0], how[1] ?? caller);
      return typeof move === 'string' ? move : move.endReason;
    };
    const platform = { ...caller, isPlatform: true };
    expect(reasonOf({ state: 'HELD' }, 'release')).toBe('released');
    expect(reasonOf({ state: 'CONFIRMED' }, 'complete')).toBe('completed');
    expect(reasonOf({ state: 'CONFIRMED' }, 'complete', platform)).toBe('platform');
    expect(reasonOf({ state: 'HELD' }, 'lapse')).toBe('lapsed');
    expect(reasonOf({ state: 'WRAP_UP', endReason: 'platform' }, 'release', platform)).toBe('platform');
    expect(reasonOf({ state: 'WRAP_UP', endReason: 'completed' }, 'release')).toBe('completed');
    expect(reasonOf({ state: 'HELD' }, 'confirm')).toBeUndefined();
  });

  it('ends lapsed and superseded claims', () => {
    const lapsed = { state: 'ENDED', lockMs: 0, endReason: 'lapsed', onlyLapsed: true };
    expect(nextMove({ state: 'HELD' }, 'lapse', caller)).toEqual(lapsed);
    expect(nextMove({ state: 'CONFIRMED' }, 'lapse', caller)).toEqual(lapsed);
    expect(nextMove({ state: 'WRAP_UP' }, 'lapse', caller)).toBe('done');
    expect(nextMove({ state: 'HELD' }, 'supersede', caller)).toMatchObject({ state: 'ENDED', endReason: 'superseded' });
    expect(nextMove({ state: 'CONFIRMED' }, 'supersede', caller)).toBe('done');
  });

  it('keeps the queue position of an agent whose claim was released', () => {
    expect(nextMove({ state: 'HELD' }, 'release', caller)).toEqual({
      state: 'ENDED',
      lockMs: 0,
      endReason: 'released',
    });
  });
});

describe('settlements that a platform event requires', () => {
  const held: Claim = { fence: 7, state: 'HELD', untilMs: 1, callId: 'c', queue: 'q', completedAtMs: 0 };
  const on = (state: Interaction['state'], at: number, connectedAt?: number): Facets =>
    interactionsFacet({ callId: 'c', state, media: 'voice', at, id: `i${at}`, ...(connectedAt && { connectedAt }) });
  const connected = on('CONNECTED', 20, 20);
  const ended = on('ENDED', 30, 20);
  const missed = on('ENDED', 30);
  const idle: Facets = { activity: { state: 'IDLE', at: 40, id: 'a' } };
  const others = (state: Interaction['state'], at: number): Facets =>
    interactionsFacet({ callId: 'other', state, media: 'voice', at, id: `o${at}`, connectedAt: 20 });
  const other = others('CONNECTED', 20);

  const dueBy = (event: Facets, facets: Facets, by: 'call' | 'agent' = 'call') =>
    settlementsDue(event, facets, { reportsInteractions: true, claimsBy: by, confirmedMs: 60_000 }).map(
      ({ settlement }) => settlement,
    )[0];

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
    expect(dueBy(event, { ...before, ...event })).toBe(expected);
  });

  it.each<[string, Facets, Facets, string | undefined]>([
    ['the next call connected', other, { claim: held }, 'confirm'],
    ['a call that was there before the claim', other, { claim: { ...held, fence: 20 } }, undefined],
    ['the same call id', connected, { claim: { ...held, fence: 20 } }, 'confirm'],
    ['the next call over', others('ENDED', 30), { claim: { ...held, state: 'CONFIRMED' } }, 'complete'],
    ['idle since', idle, { ...other, claim: { ...held, state: 'CONFIRMED' } }, 'complete'],
  ])('by agent: %s', (_, event, before, expected) => {
    expect(dueBy(event, { ...before, ...event }, 'agent')).toBe(expected);
  });

  it('settle each unit by its own interaction', () => {
    const chat = (callId: string, state: Interaction['state']) =>
      ({ callId, state, media: 'chat', at: 30, id: callId, connectedAt: 20 }) as const;
    const digitalClaims = {
      'chat-1': { ...held, unit: 'chat-1', callId: 'one' },
      'chat-2': { ...held, unit: 'chat-2', callId: 'two', state: 'CONFIRMED' as const },
    };
    const facets = {
      claim: held,
      digitalClaims,
      ...interactionsFacet(chat('one', 'CONNECTED'), chat('two', 'ENDED')),
    };
    expect(settlementsDue(interactionsFacet(chat('one', 'CONNECTED')), facets, BY_CALL)).toEqual([
      { claim: digitalClaims['chat-1'], settlement: 'confirm' },
    ]);
    expect(settlementsDue(interactionsFacet(chat('two', 'ENDED')), facets, BY_CALL)).toEqual([
      { claim: digitalClaims['chat-2'], settlement: 'complete' },
    ]);
  });

  it('are none if the event has been replaced by a newer one', () => {
    expect(dueBy(ended, { ...on('ALERTING', 50), claim: held })).toBeUndefined();
  });
});

describe('the completion time of an interaction', () => {
  const claim: Claim = { fence: 7, state: 'CONFIRMED', untilMs: 1, callId: 'c', queue: 'q', completedAtMs: 0 };
  const call = (callId = 'c', state: Interaction['state'] = 'CONNECTED', at = 20) =>
    interactionsFacet({ callId, state, media: 'voice', at, id: 'i', connectedAt: 20 });

  it.each<[string, Facets, boolean, number | 'now' | undefined]>([
    ['is by the shard if the platform reports no interactions', { claim, ...call() }, false, 'now'],
    ["the platform's last word on the call", { claim, ...call() }, true, 20],
    ['idle since', { claim, ...call(), activity: { state: 'IDLE', at: 40, id: 'a' } }, true, 40],
    ['a call that the platform never reported', { claim }, true, undefined],
    ["somebody else's call", { claim, ...call('other') }, true, undefined],
  ])('%s', (_, facets, reportsInteractions, expected) => {
    expect(completionTime(facets, claim, { ...BY_CALL, reportsInteractions })).toBe(expected);
  });
});

describe('a delegated grant', () => {
  const claim: Claim = { fence: 7, state: 'HELD', untilMs: 1, callId: 'c', queue: 'q', completedAtMs: 0 };
  const call = (callId = 'c', state: Interaction['state'] = 'CONNECTED', at = 20) =>
    interactionsFacet({ callId, state, media: 'voice', at, id: 'i', connectedAt: 20 });

  it.each<[string, Facets, boolean]>([
    ['never claimed', {}, true],
    ['the last claim ended', { claim: { ...claim, state: 'ENDED' } }, true],
    ['lapsed here, perhaps renewed there', { claim }, false],
    ['its interaction goes on', { claim, ...call() }, false],
    ['its interaction is over', { claim, ...call('c', 'ENDED', 30) }, true],
    ['its end was missed', { claim, ...call(), activity: { state: 'IDLE', at: 30, id: 'a' } }, true],
    ['granted here before', { claim: { ...claim, by: 'us' } }, true],
    ['granted elsewhere before', { claim: { ...claim, by: 'ap' } }, false],
  ])('%s: %s', (_, facets, expected) => {
    expect(mayGrantInstead(facets, 'us')).toBe(expected);
  });
});

describe('a delegated grant and the claim on record at the home', () => {
  const ours: Claim = {
    fence: 2_000_000,
    state: 'CONFIRMED',
    untilMs: 9_000_000,
    callId: 'x',
    queue: 'q',
    completedAtMs: 0,
  };
  const theirs: Claim = { ...ours, fence: 1_000_001, untilMs: 2_000_500, callId: 'y', by: 'us', state: 'HELD' };

  it.each<[string, Claim | undefined, number, Claim, string | undefined]>([
    ['nothing on record', undefined, 0, theirs, undefined],
    ['a claim of the home', ours, 500, { ...ours, fence: 3_000_000 }, undefined],
    ['granted since, while it was held', ours, 500, theirs, 'x certain'],
    ['granted since, perhaps after it was over', ours, 500, { ...theirs, untilMs: 1_500_000 }, 'x possible'],
    ['granted since, after it ended', ours, 500, { ...theirs, state: 'ENDED', untilMs: 0 }, 'x possible'],
    ['still held under a lower fence', { ...ours, fence: 1_000_000 }, 500, theirs, 'y certain'],
    ['lapsed under a lower fence', { ...ours, fence: 1_000_000 }, 0, theirs, undefined],
    ['the same call again', { ...ours, callId: 'y' }, 500, theirs, undefined],
    ['two in its stead', { ...theirs, by: 'ap', callId: 'z' }, 500, theirs, 'z certain'],
    ['one after another from the same region', { ...theirs, fence: 1_000_002 }, 500, theirs, undefined],
  ])('%s', (_, record, remainingMs, heard, expected) => {
    const conflict = conflictOf(record, remainingMs, heard);
    expect(conflict && `${conflict.kept.callId} ${conflict.overlap}`).toBe(expected);
  });
});
