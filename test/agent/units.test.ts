import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Capacity,
  type Claim,
  type Facets,
  type Interaction,
  interactionsFacet,
  MEDIA,
  type Media,
  type Stamped,
} from '../../src/agent/facets.ts';
import {
  digitalUnits,
  liveInteractions,
  mediaOfUnit,
  openingsOf,
  ownStatus,
  roomLeft,
} from '../../src/agent/status.ts';
import { claimIdOf, readClaimId } from '../../src/contract/claim-ids.ts';
import { capacity as anyCapacity, facets } from './arbitrary.ts';

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
const on = (...all: Stamped<Interaction>[]): Facets => interactionsFacet(...all);
const call: Stamped<Interaction> = { ...chat('v'), media: 'voice' };

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

describe('an agent who takes several interactions', () => {
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
    ['on a call', { ...interacting, ...on(call) }, { voice: 'BUSY ON_CALL', chat: 'BUSY ON_CALL', email: 'AVAILABLE' }],
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

  it('takes one voice call without a capacity', () => {
    expect(ownStatus(free, 'chat')).toEqual({ status: 'BUSY', reason: 'NO_CAPACITY' });
    expect(ownStatus({ ...interacting, ...on(chat('1')) })).toEqual({ status: 'BUSY', reason: 'ON_CALL' });
    expect(ownStatus({ ...free, ...on(chat('1')) })).toEqual({ status: 'BUSY', reason: 'ON_CALL' });
  });
});

describe('units', () => {
  const claim = (unit: string, callId: string, state: Claim['state'] = 'CONFIRMED'): Facets['digitalClaims'] => ({
    [unit]: { unit, callId, state, fence: 7, untilMs: 1, queue: 'q', completedAtMs: 0 },
  });
  const room = (work: Facets, ...locked: string[]) =>
    roomLeft({ ...able(capacity), ...work }, (unit) => locked.includes(unit));

  it('follow from the capacity, and room from the agent’s work', () => {
    const names = digitalUnits(able(capacity)).map(({ name, isOffered }) => (isOffered ? name : `not ${name}`));
    expect(names).toEqual(['chat-1', 'chat-2', 'email-1', 'email-2', 'email-3']);
    expect(room(free)).toEqual({ voice: 1, chat: 2, email: 3 });
    expect(room({})).toEqual({ voice: 0, chat: 0, email: 0 });
  });

  it('that are locked count once with the interaction that they were claimed for', () => {
    const digitalClaims = { ...claim('chat-2', 'mine') };
    expect(room({ ...free, digitalClaims }, 'chat-2')).toEqual({ voice: 0, chat: 1, email: 0 });
    const mine = { ...interacting, ...on(chat('mine')), digitalClaims };
    expect(room(mine, 'chat-2')).toEqual({ voice: 0, chat: 1, email: 0 });
    const other = { ...interacting, ...on(chat('other')), digitalClaims };
    expect(room(other)).toEqual({ voice: 0, chat: 1, email: 0 });
    expect(room(other, 'chat-2')).toEqual({ voice: 0, chat: 0, email: 0 });
    // Of voice there is one, whatever the call is named.
    const both = { ...interacting, ...on(call, email('mine')), digitalClaims: claim('email-1', 'mine') };
    expect(room(both, 'email-1', 'voice')).toEqual({ voice: 0, chat: 0, email: 1 });
  });

  it('that were claimed before the capacity shrank are not granted, but count while locked', () => {
    const digitalClaims = { ...claim('email-9', 'a'), ...claim('social-2', 'b') };
    const left = digitalUnits({ ...able(capacity), digitalClaims }).filter(({ isOffered }) => !isOffered);
    expect(left.map(({ name }) => name)).toEqual(['email-9', 'social-2']);
    expect(room({ ...free, digitalClaims })).toEqual({ voice: 1, chat: 2, email: 3 });
    expect(room({ ...free, digitalClaims }, 'email-9')).toEqual({ voice: 1, chat: 0, email: 2 });
    expect(room({ ...free, digitalClaims }, 'social-2')).toEqual({ voice: 0, chat: 0, email: 0 });
    const { capacity: _, ...others } = able(capacity).profile ?? ({} as never);
    expect(roomLeft({ ...free, profile: others, digitalClaims }, (unit) => unit === 'email-9')).toEqual({ voice: 0 });
  });

  it('exclude other media types by `beside`', () => {
    expect(room(free, 'voice')).toEqual({ voice: 0, chat: 0, email: 2 });
    expect(room(free, 'chat-1')).toEqual({ voice: 0, chat: 1, email: 0 });
    expect(room(free, 'email-1')).toEqual({ voice: 1, chat: 0, email: 2 });
  });

  it('leave no more room than the agent’s interactions do', () => {
    fc.assert(
      fc.property(facets, (any) => {
        for (const { media, left, inHand } of openingsOf(any).open) {
          const live = liveInteractions(any).filter((one) => one.media === media).length;
          const { units = media === 'voice' ? 1 : 0 } = any.profile?.capacity?.media[media] ?? {};
          expect(inHand).toBe(live);
          expect(left).toBe((media === 'voice' ? Math.min(units, 1) : units) - live);
          expect(ownStatus(any, media)).toEqual({ status: 'AVAILABLE' });
        }
      }),
    );
  });

  const names = fc.subarray(['voice', 'chat-1', 'chat-2', 'chat-4', 'email-1', 'social-1']);

  it('leave less room the more of them are locked', () => {
    fc.assert(
      fc.property(facets, names, names, (any, some, others) => {
        const few = roomLeft(any, (unit) => some.includes(unit));
        const more = roomLeft(any, (unit) => [...some, ...others].includes(unit));
        for (const [media, most] of Object.entries(few) as [Media, number][]) {
          expect(more[media]).toBeLessThanOrEqual(most);
          const free = digitalUnits(any).filter((unit) => unit.media === media && !some.includes(unit.name));
          if (media !== 'voice') expect(most).toBeLessThanOrEqual(free.length);
        }
      }),
    );
  });

  it('take the same room whether or not the platform reports their interaction', () => {
    const units = fc.subarray(['chat-1', 'chat-2', 'chat-4', 'email-1', 'social-1'], { minLength: 1 });
    fc.assert(
      fc.property(anyCapacity, units, (may, held) => {
        const claims = Object.assign({}, ...held.map((unit) => claim(unit, `call of ${unit}`)));
        const agent: Facets = { ...free, ...(may && able(may)), digitalClaims: claims };
        const isHeld = (unit: string) => held.includes(unit);
        const told = on(...held.map((unit) => ({ ...chat(`call of ${unit}`), media: mediaOfUnit(unit) as 'chat' })));
        expect(roomLeft({ ...agent, ...told }, isHeld)).toEqual(roomLeft(agent, isHeld));
      }),
    );
  });
});

describe("a claim's id", () => {
  it('names its unit and is parsed to the same claim', () => {
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
        expect(mediaOfUnit(ofUnit)).toBe(ofUnit?.split('-')[0] ?? 'voice');
      }),
    );
  });
});
