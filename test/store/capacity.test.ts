import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  type Capacity,
  type DigitalMedia,
  type Facets,
  type InteractionState,
  interactionsFacet,
  type Media,
} from '../../src/agent/facets.ts';
import { roomOf } from '../../src/agent/status.ts';
import type { AgentRecord } from '../../src/store/agent-record.ts';
import { SOON } from '../fixtures/soon.ts';
import { type Domain, type Store, startStore } from '../fixtures/store.ts';

let store: Store;
beforeAll(async () => {
  store = await startStore({ replicas: false });
});
afterAll(() => store.stop());

const chats = (units: number): Capacity => ({
  media: { voice: { units: 1, beside: [] }, chat: { units, beside: [] } },
});
/** Everything beside everything, but no more than two at a time. */
const mixed: Capacity = {
  media: {
    voice: { units: 1, beside: ['chat', 'email'] },
    chat: { units: 2, beside: ['voice', 'email'] },
    email: { units: 2, beside: ['voice', 'chat'] },
  },
  total: 2,
};

async function able(d: Domain, id: string, sinceMs: number, capacity: Capacity): Promise<string> {
  const agentId = await d.free(id, sinceMs);
  const profile = { name: id, queues: [d.queue], skills: {}, tenureDays: 0, capacity };
  await d.set(agentId, { profile: { ...profile, at: sinceMs + 1, id: `${id}-able` } });
  return agentId;
}

const taken = (callId: string, media: DigitalMedia, state: 'CONNECTED' | 'ENDED', at: number): Facets => ({
  ...interactionsFacet({ callId, state, media, at, id: `${callId}/${state}`, connectedAt: at }),
  activity: { state: state === 'ENDED' ? 'IDLE' : 'INTERACTING', at, id: `${callId}/${state}/activity` },
});

describe('capacity', () => {
  it('is granted unit by unit and not beyond', async () => {
    const d = store.domain('units');
    const agent = await able(d, 'a', 1000, chats(2));
    const first = await d.claim('1', { media: 'chat' });
    const second = await d.claim('2', { media: 'chat' });
    expect([first, second]).toMatchObject([
      { verdict: 'granted', agentId: agent },
      { verdict: 'granted', agentId: agent },
    ]);
    expect(second.fence).toBeGreaterThan(first.fence);
    expect(await d.claim('3', { media: 'chat' })).toMatchObject({ verdict: 'none', tally: { claimed: 1 } });
    const { facets } = (await d.agents.get(agent)) as AgentRecord;
    expect(facets.claim).toBeUndefined();
    expect(facets.digitalClaims).toMatchObject({
      'chat-1': { unit: 'chat-1', fence: first.fence, callId: '1', state: 'HELD' },
      'chat-2': { unit: 'chat-2', fence: second.fence, callId: '2', state: 'HELD' },
    });
  });

  it('gives a retried call the unit that it has', async () => {
    const d = store.domain('again');
    await able(d, 'a', 1000, chats(2));
    const { fence } = await d.claim('1', { media: 'chat' });
    await d.claim('2', { media: 'chat' });
    expect(await d.claim('1', { media: 'chat' })).toMatchObject({ verdict: 'again', fence });
  });

  it('respects which media types exclude each other', async () => {
    const d = store.domain('apart');
    const agent = await able(d, 'a', 1000, chats(2));
    const chat = await d.claim('chat', { media: 'chat' });
    expect(await d.claim('call')).toMatchObject({ verdict: 'none', tally: { claimed: 1 } });
    await d.settle(agent, chat.fence, { state: 'ENDED', lockMs: 0 }, 'chat-1');
    expect(await d.claim('call')).toMatchObject({ verdict: 'granted' });
    expect(await d.claim('chat2', { media: 'chat' })).toMatchObject({ verdict: 'none', tally: { claimed: 1 } });
  });

  it('counts all media types together if there is a total', async () => {
    const d = store.domain('total');
    const agent = await able(d, 'a', 1000, mixed);
    await d.claim('call');
    const email = await d.claim('email', { media: 'email' });
    expect(email).toMatchObject({ verdict: 'granted' });
    expect(await d.claim('chat', { media: 'chat' })).toMatchObject({ verdict: 'none' });
    await d.settle(agent, email.fence, { state: 'ENDED', lockMs: 0 }, 'email-1');
    expect(await d.claim('chat', { media: 'chat' })).toMatchObject({ verdict: 'granted' });
  });

  it('is one voice call for an agent without one', async () => {
    const d = store.domain('none');
    await d.free('a', 1000);
    expect(await d.claim('chat', { media: 'chat' })).toMatchObject({ verdict: 'none', tally: { seen: 0 } });
    expect(await d.claim('call')).toMatchObject({ verdict: 'granted' });
  });

  it('goes to the agent with the fewest interactions, and among those to the one who waits longest', async () => {
    const d = store.domain('least');
    const [a, b] = [await able(d, 'a', 1000, chats(3)), await able(d, 'b', 2000, chats(3))];
    const order = [];
    for (const call of ['1', '2', '3', '4']) order.push((await d.claim(call, { media: 'chat' })).agentId);
    expect(order).toEqual([a, b, a, b]);
    await d.set(a, taken('elsewhere', 'chat', 'CONNECTED', 3000));
    expect(await d.claim('5', { media: 'chat' })).toMatchObject({ agentId: b });
  });

  it('is used once by an interaction that the platform reports, whoever claimed it', async () => {
    const d = store.domain('told');
    const agent = await able(d, 'a', 1000, chats(2));
    const { fence } = await d.claim('mine', { media: 'chat' });
    await d.set(agent, taken('mine', 'chat', 'CONNECTED', 3000));
    await d.settle(agent, fence, { state: 'CONFIRMED', lockMs: 60_000 }, 'chat-1');
    expect(await d.claim('next', { media: 'chat' })).toMatchObject({ verdict: 'granted' });
    expect(await d.claim('third', { media: 'chat' })).toMatchObject({ verdict: 'none' });
    await d.set(agent, taken('mine', 'chat', 'ENDED', 4000));
    await d.settle(agent, fence, { state: 'ENDED', lockMs: 0 }, 'chat-1');
    expect(await d.claim('third', { media: 'chat' })).toMatchObject({ verdict: 'granted' });
  });

  it('comes back when a claim lapses, in both queues', async () => {
    const d = store.domain('lapse');
    const agent = await able(d, 'a', 1000, chats(1));
    await d.claim('1', { media: 'chat', heldMs: 1 });
    await vi.waitFor(
      async () => expect(await d.claim('2')).toMatchObject({ verdict: 'granted', agentId: agent }),
      SOON,
    );
  });

  it('refuses a lower fence on a unit, whatever the fences of others', async () => {
    const d = store.domain('fenced');
    const agent = await able(d, 'a', 1000, chats(2));
    const first = await d.claim('1', { media: 'chat' });
    await d.settle(agent, first.fence, { state: 'ENDED', lockMs: 0 }, 'chat-1');
    const other = await d.claim('2', { media: 'chat' });
    const confirm = { state: 'CONFIRMED', lockMs: 60_000 } as const;
    expect(await d.settle(agent, first.fence, confirm, 'chat-1')).toMatchObject({ kind: 'fenced' });
    expect(await d.settle(agent, other.fence, confirm, 'chat-1')).toMatchObject({ kind: 'settled' });
  });

  it('lets a claim end whose unit no longer exists', async () => {
    const d = store.domain('shrunk');
    const agent = await able(d, 'a', 1000, chats(2));
    const { fence } = await d.claim('1', { media: 'chat' });
    await d.set(agent, { profile: { name: 'a', queues: [d.queue], skills: {}, tenureDays: 0, at: 9000, id: 'voice' } });
    expect(await d.members('chat')).toEqual([]);
    const confirmed = await d.settle(agent, fence, { state: 'CONFIRMED', lockMs: 60_000 }, 'chat-1');
    expect(confirmed).toMatchObject({
      kind: 'settled',
      record: { facets: { digitalClaims: { 'chat-1': { fence } } } },
    });
  });

  it('grants no unit while a claim of a former, larger capacity holds the agent', async () => {
    const d = store.domain('smaller');
    const agent = await able(d, 'a', 1000, chats(3));
    const fences = [];
    for (const call of ['1', '2', '3']) fences.push((await d.claim(call, { media: 'chat' })).fence);
    const [first, second, third] = fences as [number, number, number];
    await d.settle(agent, third, { state: 'CONFIRMED', lockMs: 60_000 }, 'chat-3');
    await d.settle(agent, first, { state: 'ENDED', lockMs: 0 }, 'chat-1');
    await d.settle(agent, second, { state: 'ENDED', lockMs: 0 }, 'chat-2');
    const profile = { name: 'a', queues: [d.queue], skills: {}, tenureDays: 0, capacity: chats(1) };
    await d.set(agent, { profile: { ...profile, at: 9000, id: 'smaller' } });
    const { verdict, tally, clockMs } = await d.claim('4', { media: 'chat' });
    expect({ verdict, tally }).toEqual({ verdict: 'none', tally: { seen: 0, claimed: 1 } });
    expect(roomOf((await d.agents.get(agent)) as AgentRecord, clockMs)).toEqual({ voice: 0, chat: 0 });
    await d.settle(agent, third, { state: 'ENDED', lockMs: 0 }, 'chat-3');
    expect(await d.claim('4', { media: 'chat' })).toMatchObject({ verdict: 'granted' });
  });

  it.each<[string, Facets]>([
    ['a call', interactionsFacet({ callId: 'call', state: 'CONNECTED', media: 'voice', at: 3000, id: 'i' })],
    ['a call of their own', { activity: { state: 'INTERACTING', reason: 'NON_ACD', at: 3000, id: 'i' } }],
  ])('counts %s that the platform tells of with what is claimed', async (name, work) => {
    const d = store.domain(name.replaceAll(' ', '-'));
    const agent = await able(d, 'a', 1000, mixed);
    await d.set(agent, work);
    const { clockMs, ...first } = await d.claim('1', { media: 'chat' });
    expect(first).toMatchObject({ verdict: 'granted' });
    expect(roomOf((await d.agents.get(agent)) as AgentRecord, clockMs)).toEqual({ voice: 0, chat: 0, email: 0 });
    expect(await d.claim('2', { media: 'chat' })).toMatchObject({ verdict: 'none' });
    expect(await d.claim('3', { media: 'email' })).toMatchObject({ verdict: 'none' });
  });

  it('counts an interaction once if its call is claimed after the platform reported it', async () => {
    const d = store.domain('late');
    const agent = await able(d, 'a', 1000, chats(2));
    await d.set(agent, taken('mine', 'chat', 'CONNECTED', 3000));
    const { clockMs } = await d.claim('mine', { media: 'chat' });
    expect(roomOf((await d.agents.get(agent)) as AgentRecord, clockMs)).toEqual({ voice: 0, chat: 1 });
    expect(await d.claim('next', { media: 'chat' })).toMatchObject({ verdict: 'granted' });
    expect(await d.claim('third', { media: 'chat' })).toMatchObject({ verdict: 'none' });
  });

  it('counts a claim beside one for voice whose call the platform tells of as voice', async () => {
    const d = store.domain('spoken');
    const agent = await able(d, 'a', 1000, mixed);
    await d.claim('1', { media: 'voice' });
    await d.claim('2', { media: 'chat' });
    await d.set(agent, interactionsFacet({ callId: '2', state: 'ALERTING', media: 'voice', at: 3000, id: 'told' }));
    const { verdict, clockMs } = await d.claim('3', { media: 'chat' });
    expect(verdict).toBe('none');
    expect(roomOf((await d.agents.get(agent)) as AgentRecord, clockMs)).toEqual({ voice: 0, chat: 0, email: 0 });
  });

  it('uses the unit of a lapsed claim last while its interaction goes on, so that it can be settled', async () => {
    const d = store.domain('lapsed');
    const agent = await able(d, 'a', 1000, chats(2));
    const { fence } = await d.claim('mine', { media: 'chat', heldMs: 1 });
    await vi.waitFor(
      async () => expect(await d.claim('later', { media: 'chat', heldMs: 1 })).toMatchObject({ verdict: 'granted' }),
      SOON,
    );
    await d.set(agent, taken('mine', 'chat', 'CONNECTED', 3000));
    await vi.waitFor(
      async () => expect(await d.claim('next', { media: 'chat' })).toMatchObject({ verdict: 'granted' }),
      SOON,
    );
    const confirmed = await d.settle(agent, fence, { state: 'CONFIRMED', lockMs: 60_000 }, 'chat-1');
    expect(confirmed).toMatchObject({ kind: 'settled' });
    expect(await d.claim('third', { media: 'chat' })).toMatchObject({ verdict: 'none' });
  });

  it("takes over another region's claim on a unit for the remaining time", async () => {
    const d = store.domain('word');
    const agent = await able(d, 'away-word:x', 1000, chats(1));
    const { clockMs } = await d.claim('probe', { media: 'email' });
    const claim = { unit: 'chat-1', fence: 9, state: 'HELD', callId: 'far', queue: d.queue, completedAtMs: 0 } as const;
    await d.set(agent, { digitalClaims: { 'chat-1': { ...claim, untilMs: 5, remainingMs: 8000 } } });
    const record = (await d.agents.get(agent)) as AgentRecord;
    expect(record.locksMs['chat-1']).toBeGreaterThanOrEqual(clockMs + 8000);
    expect(roomOf(record, clockMs)).toEqual({ voice: 0, chat: 0 });
    expect(await d.claim('far', { media: 'chat', region: 'us' })).toMatchObject({ verdict: 'again', fence: 9 });
  });
});

describe('queues of other media types', () => {
  const check = (d: Domain) => d.store.align(d.name, async () => undefined);

  it('are checked and repaired like all others', async () => {
    const d = store.domain('aligned');
    const agent = await able(d, 'a', 1000, chats(2));
    await d.claim('1', { media: 'chat' });
    expect(await check(d)).toMatchObject({ repaired: {} });
    const right = await d.members('chat');
    await d.command('ZADD', `queue.chat:{aligned}:${d.queue}`, '7', agent);
    await d.command('ZADD', 'queue.email:{aligned}:global', '7', agent);
    expect(await check(d)).toMatchObject({ repaired: { misplaced: 1, ghost: 1 } });
    expect(await d.members('chat')).toEqual(right);
  });
});

describe('after any claims and settlements', () => {
  const media = fc.constantFrom<Media>('voice', 'chat', 'email');
  /** Told by the platform of a call of its own, and of one that is claimed, perhaps. */
  const tells = fc.option(
    fc.record({
      call: fc.constantFrom('call-0', 'call-1', 'call-2', 'theirs'),
      media,
      state: fc.constantFrom<InteractionState>('ALERTING', 'CONNECTED', 'ENDED'),
    }),
    { nil: undefined },
  );
  const acts = fc.array(fc.record({ media, settles: fc.boolean(), tells }), { minLength: 1, maxLength: 25 });

  it('no agent ever exceeds the capacity, or has media types together that exclude each other', async () => {
    let number = 0;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(chats(2), mixed), acts, async (capacity, all) => {
        const d = store.domain(`any${number++}`);
        const agent = await able(d, 'a', 1000, capacity);
        const held: { media: Media; fence: number; unit: string }[] = [];
        for (const [i, { media: wanted, settles, tells: work }] of all.entries()) {
          if (work) {
            const { call: callId, ...told } = work;
            await d.set(agent, interactionsFacet({ callId, ...told, at: 5000 + i, id: `told-${i}` }));
          }
          const last = held.pop();
          if (last && settles) await d.settle(agent, last.fence, { state: 'ENDED', lockMs: 0 }, last.unit);
          else if (last) held.push(last);
          const room = roomOf(
            (await d.agents.get(agent)) as AgentRecord,
            (await d.claim('x', { media: 'social' })).clockMs,
          );
          const { verdict, fence } = await d.claim(`call-${i}`, { media: wanted });
          expect(verdict).toBe((room[wanted] ?? 0) > 0 ? 'granted' : 'none');
          if (verdict !== 'granted') continue;
          const { facets } = (await d.agents.get(agent)) as AgentRecord;
          const claims = [facets.claim, ...Object.values(facets.digitalClaims ?? {})];
          held.push({ media: wanted, fence, unit: claims.find((each) => each?.fence === fence)?.unit ?? 'voice' });
          expect(held.length).toBeLessThanOrEqual(capacity.total ?? 2);
          const kinds = new Set(held.map((each) => each.media));
          if (!capacity.total) expect(kinds.size).toBe(1);
          expect(new Set(held.map(({ unit }) => unit)).size).toBe(held.length);
        }
      }),
      { numRuns: 40 },
    );
  });
});
