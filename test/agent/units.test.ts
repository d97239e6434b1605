import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claimIdOf, readClaimId } from '../../src/agent/claim.ts';
import type { Claim, Facets, Interaction, Stamped } from '../../src/agent/facets.ts';
import { type Capacity, MEDIA, type Media } from '../../src/agent/media.ts';
import { liveDigital, ownStatus } from '../../src/agent/status.ts';
import { digitalMedia, digitalUnits, exclusions, mediaOf, seenFrom } from '../../src/agent/units.ts';
import { facets } from './arbitrary.ts';

const free: Facets = {
  presence: { state: 'ON_DUTY', at: 100, id: 'p' },
  activity: { state: 'IDLE', at: 110, id: 'a' },
};
const interacting: Facets = { ...free, activity: { state: 'INTERACTING', at: 120, id: 'a' } };

const able = (capacity: Capacity): Facets => ({
  profile: { name: 'Ann', queues: [], skills: {}, tenureDays: 0, capacity, at: 1, id: 'p' },
});
const chat = (callId: string, state: Interaction['state'] = 'CONNECTED'): Stamped<Interaction> => ({
  callId,
  state,
  media: 'chat',
  at: 130,
  id: callId,
});
const on = (...all: Stamped<Interaction>[]): Facets => ({
  digital: Object.fromEntries(all.map((one) => [one.callId, one])),
});
const call: Facets = { interaction: { callId: 'v', state: 'CONNECTED', at: 130, id: 'v' } };

/** Chats beside each other only; voice beside e-mail; three in all. */
const capacity: Capacity = {
  media: {
    voice: { units: 1, beside: ['email'] },
    chat: { units: 2, beside: [] },
    email: { units: 3, beside: ['voice'] },
  },
  total: 3,
};
const email = (callId: string): Stamped<Interaction> => ({ ...chat(callId), media: 'email' });

describe('an agent who may carry several interactions', () => {
  it.each<[string, Facets, Partial<Record<Media, string>>]>([
    ['without work', free, { voice: 'AVAILABLE', chat: 'AVAILABLE', email: 'AVAILABLE', social: 'BUSY NO_CAPACITY' }],
    ['at work that nobody names', interacting, { voice: 'BUSY ON_CALL', chat: 'BUSY ON_CALL' }],
    [
      'on one chat',
      { ...interacting, ...on(chat('1')) },
      { chat: 'AVAILABLE', voice: 'BUSY ON_CALL', email: 'BUSY ON_CALL' },
    ],
    ['on two chats', { ...interacting, ...on(chat('1'), chat('2')) }, { chat: 'BUSY ON_CALL' }],
    ['on a chat, and one that ended', { ...interacting, ...on(chat('1'), chat('2', 'ENDED')) }, { chat: 'AVAILABLE' }],
    [
      'alerted of a second chat',
      { ...interacting, ...on(chat('1'), chat('2', 'ALERTING')) },
      { chat: 'BUSY ALERTING' },
    ],
    ['on a call', { ...interacting, ...call }, { voice: 'BUSY ON_CALL', chat: 'BUSY ON_CALL', email: 'AVAILABLE' }],
    [
      'on a call of their own',
      { ...free, activity: { ...interacting.activity, reason: 'NON_ACD' } } as Facets,
      { voice: 'BUSY NON_ACD', email: 'AVAILABLE' },
    ],
    [
      'on an e-mail',
      { ...interacting, ...on(email('1')) },
      { voice: 'AVAILABLE', email: 'AVAILABLE', chat: 'BUSY ON_CALL' },
    ],
    ['on three e-mails', { ...interacting, ...on(email('1'), email('2'), email('3')) }, { voice: 'BUSY ON_CALL' }],
    [
      'idle since a chat',
      { ...free, activity: { state: 'IDLE', at: 140, id: 'a' }, ...on(chat('1')) },
      { voice: 'AVAILABLE' },
    ],
    [
      'on a break with a chat',
      { ...interacting, presence: { state: 'PAUSED', reason: 'BREAK', at: 1, id: 'p' }, ...on(chat('1')) },
      { chat: 'BUSY BREAK' },
    ],
    [
      'not responding',
      { ...free, activity: { state: 'NOT_RESPONDING', at: 1, id: 'a' } },
      { chat: 'BUSY NOT_RESPONDING' },
    ],
  ])('%s', (_, work, expected) => {
    const told = Object.keys(expected).map((media) => {
      const { status, reason } = ownStatus({ ...able(capacity), ...work }, media as Media);
      return [media, reason ? `${status} ${reason}` : status];
    });
    expect(Object.fromEntries(told)).toEqual(expected);
  });

  it('keeps everybody else to one voice call, whatever else they do', () => {
    expect(ownStatus(free, 'chat')).toEqual({ status: 'BUSY', reason: 'NO_CAPACITY' });
    expect(ownStatus({ ...interacting, ...on(chat('1')) })).toEqual({ status: 'BUSY', reason: 'ON_CALL' });
    expect(ownStatus({ ...free, ...on(chat('1')) })).toEqual({ status: 'BUSY', reason: 'ON_CALL' });
  });
});

describe('units', () => {
  const claim = (unit: string, callId: string, state: Claim['state'] = 'CONFIRMED'): Facets['digitalClaims'] => ({
    [unit]: { unit, callId, state, fence: 7, untilMs: 1, queue: 'q', completedAtMs: 0 },
  });
  const states = (work: Facets) =>
    Object.fromEntries(digitalUnits({ ...able(capacity), ...work }).map(({ name, state }) => [name, state]));

  it('are as many as the capacity says, and open as the agent is', () => {
    expect(states(free)).toEqual({
      'chat-1': 'FREE',
      'chat-2': 'FREE',
      'email-1': 'FREE',
      'email-2': 'FREE',
      'email-3': 'FREE',
    });
    expect(new Set(Object.values(states({})))).toEqual(new Set(['CLOSED']));
  });

  it('hold the interaction they were claimed for; one that nobody claimed takes one that nobody claims', () => {
    const digitalClaims = { ...claim('chat-2', 'mine') };
    expect(states({ ...interacting, ...on(chat('mine')), digitalClaims })).toMatchObject({
      'chat-1': 'FREE',
      'chat-2': 'TAKEN',
    });
    expect(states({ ...interacting, ...on(chat('other')), digitalClaims })).toMatchObject({
      'chat-1': 'TAKEN',
      'chat-2': 'FREE',
    });
    const both = states({ ...interacting, ...on(chat('other'), chat('mine')), digitalClaims });
    expect(both).toMatchObject({ 'chat-1': 'TAKEN', 'chat-2': 'TAKEN', 'email-1': 'CLOSED' });
  });

  it('that were claimed before the capacity shrank stay, closed', () => {
    expect(states({ ...free, digitalClaims: claim('social-2', 'x') })).toMatchObject({ 'social-2': 'CLOSED' });
  });

  it('never hold fewer interactions than the agent carries, as far as there are units', () => {
    fc.assert(
      fc.property(facets, (any) => {
        for (const media of digitalMedia(any)) {
          const live = liveDigital(any).filter((one) => one.media === media).length;
          const units = digitalUnits(any).filter((unit) => unit.media === media);
          const taken = units.filter(({ state }) => state === 'TAKEN').length;
          const count = any.profile?.capacity?.media[media]?.units ?? 0;
          expect(taken).toBe(Math.min(live, count));
        }
      }),
    );
  });

  it('are seen with their own claim and interaction', () => {
    const digitalClaims = claim('chat-1', 'c1');
    const all: Facets = { ...free, ...call, ...on(chat('c1'), chat('c2')), digitalClaims };
    expect(seenFrom(all, 'voice')).toBe(all);
    expect(seenFrom(all, 'chat-1')).toMatchObject({ claim: digitalClaims?.['chat-1'], interaction: chat('c1') });
    expect(seenFrom(all, 'chat-2').claim).toBeUndefined();
    expect(seenFrom(all, 'chat-2').interaction).toBeUndefined();
  });

  it('say what keeps what away', () => {
    expect(exclusions(able(capacity)).map(({ work, bars }) => `${work} bars ${bars}`)).toEqual([
      'email bars chat',
      'voice bars chat',
      'chat bars email',
      'chat bars voice',
    ]);
  });
});

describe("a claim's id", () => {
  it('names its unit, and reads back as it was', () => {
    const media = fc.constantFrom(...MEDIA.filter((name) => name !== 'voice'));
    const unit = fc.option(
      fc.tuple(media, fc.integer({ min: 1, max: 25 })).map(([name, n]) => `${name}-${n}`),
      { nil: undefined },
    );
    const by = fc.option(fc.constantFrom('eu-west-1', '7.b'), { nil: undefined });
    const proof = 'GXrgqQd0oI2fJ5Fq3hUxYw';
    const agentId = fc.constantFrom('crm:1', 'a~b', 'x~7:chat-1', 'ann~5.eu');
    fc.assert(
      fc.property(agentId, fc.integer({ min: 1, max: 2e12 }), unit, by, (agent, fence, ofUnit, granter) => {
        const ofGranter = granter === undefined ? { region: 'us' } : { by: granter, region: granter };
        const name = { agentId: agent, fence, ...(ofUnit && { unit: ofUnit }), ...ofGranter };
        expect(readClaimId(claimIdOf(name, proof))).toEqual({ name, proof });
        expect(mediaOf(ofUnit)).toBe(ofUnit?.split('-')[0] ?? 'voice');
      }),
    );
  });
});
