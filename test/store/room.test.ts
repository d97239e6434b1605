import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Activity,
  type Claim,
  type Facets,
  type InteractionState,
  interactionsFacet,
  type Media,
  type Presence,
} from '../../src/agent/facets.ts';
import { claimOn, liveInteractions, mediaOfUnit, roomOf, VOICE } from '../../src/agent/status.ts';
import type { AgentRecord } from '../../src/store/agent-record.ts';
import { capacity } from '../agent/arbitrary.ts';
import { type Domain, type Store, startStore } from '../fixtures/store.ts';

let store: Store;
beforeAll(async () => {
  store = await startStore({ replicas: false });
});
afterAll(() => store.stop());

const MEDIA = ['voice', 'chat', 'email'] as const;
/** Longer than any test. */
const LONG_MS = 3_600_000;
/** Few, so that the platform often tells of what is claimed. */
const call = fc.constantFrom('a', 'b', 'c', 'd');
const interactionState = fc.constantFrom<InteractionState>('ALERTING', 'CONNECTED', 'WRAP_UP', 'CONNECTED', 'ENDED');
const unit = fc.constantFrom('voice', 'chat-1', 'chat-2', 'chat-3', 'chat-5', 'email-1', 'email-2', 'social-1');
const claimState = fc.constantFrom<Claim['state']>('HELD', 'CONFIRMED', 'WRAP_UP', 'ENDED');
const PRESENCES: Presence[] = [{ state: 'ON_DUTY' }, { state: 'ON_DUTY' }, { state: 'PAUSED' }, { state: 'OFF_DUTY' }];
const ACTIVITIES: Activity[] = [
  { state: 'IDLE' },
  { state: 'IDLE' },
  { state: 'INTERACTING' },
  { state: 'INTERACTING', reason: 'NON_ACD' },
  { state: 'INTERACTING', reason: 'NON_ACD' },
  { state: 'WRAP_UP' },
  { state: 'NOT_RESPONDING' },
];

/** Whatever can happen to an agent. */
const act = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('capacity'), capacity }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('presence'), presence: fc.constantFrom(...PRESENCES) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('activity'),
      activity: fc.constantFrom(...ACTIVITIES),
      // An idle agent has no interaction that began before.
      endsWork: fc.boolean(),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: fc.constant('interaction'),
      call,
      media: fc.constantFrom<Media>('voice', 'voice', 'chat', 'chat', 'email', 'social'),
      state: interactionState,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('heard'), unit, call, state: claimState, isLive: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('claim'), media: fc.constantFrom(...MEDIA), call }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('settle'), unit, call, state: claimState, isOurs: fc.boolean() }),
  },
) as fc.Arbitrary<Act>;

type Act =
  | { kind: 'capacity'; capacity: NonNullable<Facets['profile']>['capacity'] }
  | { kind: 'presence'; presence: Presence }
  | { kind: 'activity'; activity: Activity; endsWork: boolean }
  | { kind: 'interaction'; call: string; media: Media; state: InteractionState }
  | { kind: 'heard'; unit: string; call: string; state: Claim['state']; isLive: boolean }
  | { kind: 'claim'; media: Media; call: string }
  | { kind: 'settle'; unit: string; call: string; state: Claim['state']; isOurs: boolean };

/** One agent of a domain of their own, to whom all of it happens. */
class Somebody {
  readonly d: Domain;
  readonly id: string;
  #at = 5000;
  #calls = 0;

  constructor(d: Domain) {
    this.d = d;
    this.id = `${d.name}:a`;
  }

  async record(): Promise<AgentRecord> {
    return (await this.d.agents.get(this.id)) as AgentRecord;
  }

  /** By the store's clock. */
  async nowMs(): Promise<number> {
    return (await this.d.claim('nobody', { queue: 'nobody' })).clockMs;
  }

  async take(media: Media): Promise<{ unit: string; fence: number } | undefined> {
    const { verdict, fence } = await this.d.claim(`probe-${this.#calls++}`, { media, heldMs: LONG_MS });
    if (verdict !== 'granted') return undefined;
    const { facets } = await this.record();
    const claims = [facets.claim, ...Object.values(facets.digitalClaims ?? {})];
    return { fence, unit: claims.find((each) => each?.fence === fence)?.unit ?? VOICE };
  }

  async undergo(what: Act): Promise<void> {
    const version = { at: this.#at++, id: 'e' };
    if (what.kind === 'claim') await this.d.claim(what.call, { media: what.media, heldMs: LONG_MS });
    else if (what.kind === 'settle') await this.#settle(what);
    else await this.d.set(this.id, await this.#told(what, version));
  }

  /** A claim that is on record, or one that a failover took and that its holder makes again. */
  async #settle({ unit: name, call: callId, state, isOurs }: Act & { kind: 'settle' }): Promise<void> {
    const record = await this.record();
    const held = claimOn(record.facets, name);
    if (!held && isOurs) return;
    const move = { state, lockMs: state === 'ENDED' ? 0 : LONG_MS };
    const fence = isOurs ? (held?.fence ?? 0) : (held?.fence ?? 1_000) + 5;
    const of = { agentId: this.id, unit: name, fence, queue: this.d.queue, move };
    await this.d.agents.settle({ ...of, callId: isOurs ? (held?.callId ?? '') : callId }, record, 2000);
  }

  async #told(what: Exclude<Act, { kind: 'claim' | 'settle' }>, version: { at: number; id: string }): Promise<Facets> {
    const { queue } = this.d;
    if (what.kind === 'capacity') {
      const profile = { name: 'a', queues: [queue], skills: {}, tenureDays: 0, ...version };
      return { profile: { ...profile, ...(what.capacity && { capacity: what.capacity }) } };
    }
    if (what.kind === 'presence') return { presence: { ...what.presence, ...version } };
    if (what.kind === 'activity') {
      return { activity: { ...what.activity, ...version, at: what.endsWork ? version.at : version.at - 4000 } };
    }
    const { call: callId } = what;
    if (what.kind === 'interaction')
      return interactionsFacet({ callId, state: what.state, media: what.media, ...version });
    const fence = (claimOn((await this.record()).facets, what.unit)?.fence ?? 0) + 1;
    const untilMs = what.isLive ? (await this.nowMs()) + LONG_MS : 1;
    const claim: Claim = { fence, state: what.state, untilMs, callId, queue, completedAtMs: 0 };
    return what.unit === VOICE ? { claim } : { digitalClaims: { [what.unit]: { ...claim, unit: what.unit } } };
  }
}

/** What the agent has in hand: what the platform tells of, and what is held for a claim of which it does not. */
function inHand({ facets, locksMs }: AgentRecord, nowMs: number, media?: Media): number {
  const { activity } = facets;
  const live: { media: Media; callId?: string }[] = liveInteractions(facets);
  const isCalling = activity?.state === 'INTERACTING' && activity.reason === 'NON_ACD';
  const own = isCalling && !live.some((each) => each.media === VOICE) ? [{ media: VOICE, callId: undefined }] : [];
  const told = [...own, ...live].filter((each) => media === undefined || each.media === media);
  const held = Object.entries(locksMs).filter(([name, lockMs]) => {
    const isLive = lockMs > nowMs && claimOn(facets, name)?.state !== 'ENDED';
    return isLive && (media === undefined || mediaOfUnit(name) === media);
  });
  // The call that the platform tells of is the one that is claimed; there is no second one for another unit.
  const isSpoken = held.some(([name]) => name === VOICE);
  const beside = held.filter(([name]) => {
    const callId = claimOn(facets, name)?.callId;
    const free = isSpoken && name !== VOICE ? told.filter((each) => each.media !== VOICE) : told;
    return !free.some((each) => (name === VOICE && each.media === VOICE) || each.callId === callId);
  });
  return told.length + beside.length;
}

/** Whether one more interaction of the type would be within what the agent may carry. */
function mayCome(record: AgentRecord, nowMs: number, media: Media): boolean {
  const { profile, presence, activity } = record.facets;
  if (presence?.state !== 'ON_DUTY' || !activity || activity.state === 'NOT_RESPONDING') return false;
  const isNamed = liveInteractions(record.facets).length > 0;
  const isUnnamed = activity.state === 'WRAP_UP' || (activity.state === 'INTERACTING' && activity.reason !== 'NON_ACD');
  if (isUnnamed && !isNamed) return false;
  const may = profile?.capacity ?? { media: { voice: { units: 1, beside: [] } } };
  const { units = 0, beside = [] } = may.media[media] ?? {};
  const most = media === VOICE ? Math.min(units, 1) : units;
  const isBarred = (['voice', 'chat', 'email', 'social'] as const).some(
    (other) => other !== media && !beside.includes(other) && inHand(record, nowMs, other) > 0,
  );
  const names = media === VOICE ? [VOICE] : Array.from({ length: most }, (_, i) => `${media}-${i + 1}`);
  const isFree = names.some(
    (name) => (record.locksMs[name] ?? 0) <= nowMs || claimOn(record.facets, name)?.state === 'ENDED',
  );
  const inAll = inHand(record, nowMs);
  return inHand(record, nowMs, media) < most && inAll < (may.total ?? 100) && !isBarred && isFree;
}

describe('room', () => {
  it('equals what claims are granted, and stays within the capacity', async () => {
    let number = 0;
    const lives = fc.array(act, { minLength: 1, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(capacity, lives, async (first, acts) => {
        const d = store.domain(`room${number++}`);
        const somebody = new Somebody(d);
        await d.free('a', 1000);
        for (const what of [{ kind: 'capacity' as const, capacity: first }, ...acts]) await somebody.undergo(what);
        const nowMs = await somebody.nowMs();
        const said = roomOf(await somebody.record(), nowMs);
        for (const media of MEDIA) {
          const granted = [];
          for (;;) {
            const isRight = mayCome(await somebody.record(), nowMs, media);
            const one = await somebody.take(media);
            expect({ media, nth: granted.length, isGranted: one !== undefined }).toEqual({
              media,
              nth: granted.length,
              isGranted: isRight,
            });
            if (!one) break;
            granted.push(one);
          }
          expect({ [media]: granted.length }).toEqual({ [media]: said[media] ?? 0 });
          for (const one of granted) await d.settle(somebody.id, one.fence, { state: 'ENDED', lockMs: 0 }, one.unit);
          expect(roomOf(await somebody.record(), nowMs)).toEqual(said);
        }
        expect(await d.store.align(d.name, async () => undefined)).toMatchObject({ repaired: {} });
      }),
      { numRuns: 100 },
    );
  });
});
