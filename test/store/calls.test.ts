import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nextMove as decide, type Move } from '../../src/agent/claim.ts';
import type { AgentRecord } from '../../src/store/agent-record.ts';
import { fenceOf } from '../fixtures/pool.ts';
import { type Domain, type Store, startStore } from '../fixtures/store.ts';

let store: Store;

beforeAll(async () => {
  store = await startStore();
});
afterAll(() => store.stop());

const HELD = { state: 'HELD' } as const;
const circumstances = {
  times: { heldMs: 10_000, confirmedMs: 60_000 },
  wrapUp: { rule: 'none', seconds: 0 },
  completedAt: 'now',
  isPlatform: false,
} as const;
const refused = moveOf('refused');
const released = { state: 'ENDED', lockMs: 0, endReason: 'released' } as const;

function moveOf(settlement: 'refused' | 'lapse'): Move {
  const move = decide(HELD, settlement, circumstances);
  if (typeof move === 'string') throw new Error(move);
  return move;
}

/** Settles the claim of a call as whoever holds it. */
async function settleCall(d: Domain, call: string, agentId: string, fence: number, move: Move) {
  const record = await d.agents.get(agentId);
  if (!record) throw new Error(`${agentId} is not known`);
  const { queue } = d;
  return d.agents.settle({ agentId, unit: 'voice', fence, callId: call, queue, move }, record, 2000);
}

describe('a call', () => {
  it('repeats its claim request, or makes another one', async () => {
    const d = store.domain('wish');
    await d.free('a', 1000);
    await d.free('b', 2000);
    const first = await d.claim('call', { wish: 'one' });
    expect(await d.claim('call', { wish: 'one' })).toMatchObject({ verdict: 'again', fence: first.fence });
    expect(await d.claim('call', { wish: 'two' })).toMatchObject({ verdict: 'other', fence: first.fence });
    await settleCall(d, 'call', first.agentId, first.fence, released);
    expect(await d.claim('call', { wish: 'two' })).toMatchObject({ verdict: 'granted' });
  });

  it('that asks again raises the version that the grant wrote, so that the grant is not taken back', async () => {
    const d = store.domain('raise');
    const agent = await d.free('a', 1000);
    const granted = await d.claim('call');
    const before = granted.record as AgentRecord;
    const again = await d.claim('call');
    expect(again.versionBefore).toBe(before.version);
    expect(BigInt(again.record?.version ?? 0)).toBeGreaterThan(BigInt(before.version));
    const request = { agentId: agent, unit: 'voice', fence: granted.fence, callId: 'call', queue: d.queue };
    expect(await d.agents.settle({ ...request, move: released }, before, 2000)).toMatchObject({ kind: 'conflict' });
  });

  it('is offered an agent who refused it only if there is no other', async () => {
    const d = store.domain('declined');
    const early = await d.free('early', 1000);
    const late = await d.free('late', 2000);
    const first = await d.claim('call');
    expect(first.agentId).toBe(early);
    await settleCall(d, 'call', early, first.fence, refused);
    await settleCall(d, 'call', early, first.fence, released);
    const second = await d.claim('call');
    expect(second.agentId).toBe(late);
    // Nobody else: the one who refused is better than nobody.
    await settleCall(d, 'call', late, second.fence, released);
    expect((await d.claim('others')).agentId).toBe(late);
    expect((await d.claim('call')).agentId).toBe(early);
  });

  it('keeps its entry as long as its claim', async () => {
    const d = store.domain('entry');
    await d.free('a', 1000);
    const { agentId, fence } = await d.claim('call');
    const entryMs = async () => Number(String(await d.command('HGET', 'calls:{entry}', 'call')).split(' ')[0]);
    const before = await entryMs();
    const movedMs = async () => {
      await settleCall(d, 'call', agentId, fence, released);
      return entryMs();
    };
    await expect.poll(movedMs).toBeGreaterThan(before);
    expect(await d.store.calls.entryOf('entry', 'call')).toEqual({ agentId, fence });
  });
});

describe('a call whose claim another region granted', () => {
  const heard = (d: Domain, agentId: string, more: object) =>
    d.set(agentId, {
      claim: { fence: 5, state: 'HELD', untilMs: 9, callId: 'call', queue: d.queue, completedAtMs: 0, ...more },
    });

  it('is another claim request, too, if only queue and media type of the first are known here', async () => {
    const d = store.domain('heard');
    const away = await d.free('away-heard:x', 1000);
    await heard(d, away, { remainingMs: 60_000 });
    expect(await d.claim('call')).toMatchObject({ verdict: 'copy', agentId: away });
    expect(await d.claim('call', { media: 'chat' })).toMatchObject({ verdict: 'copy_other', agentId: away });
    const other = await d.claim('call', { queue: 'heard:other' });
    expect(other).toMatchObject({ verdict: 'copy_other', agentId: away });
  });

  it('asks that region first, if the claim has lapsed here and may have been renewed there', async () => {
    const d = store.domain('renewed');
    const own = await d.free('own', 1000);
    const away = await d.free('away-renewed:x', 2000);
    await heard(d, away, { remainingMs: 1 });
    await expect.poll(async () => (await d.claim('call')).verdict).toBe('ask');
    expect(await d.claim('call')).toMatchObject({ verdict: 'ask', agentId: away });
    expect(await d.claim('call', { excluded: [away] })).toMatchObject({ verdict: 'granted', agentId: own });
  });

  it('is not asked about once the claim has ended', async () => {
    const d = store.domain('over');
    const own = await d.free('own', 1000);
    const away = await d.free('away-over:x', 2000);
    await heard(d, away, { remainingMs: 60_000 });
    await heard(d, away, { state: 'ENDED', untilMs: 0, endReason: 'lapsed' });
    expect(await d.claim('call')).toMatchObject({ verdict: 'granted', agentId: own });
  });
});

describe('a refusal', () => {
  it('sends the agent behind all who wait at that moment, whatever the bonus and the clocks', async () => {
    const d = store.domain('behind', { tenureSecondsPerYear: 1000 });
    const refuses = await d.free('refuses', 1000);
    const nowMs = (await d.claim('probe', { agentId: 'nobody' })).clockMs;
    // Of a platform whose clock is a minute ahead of the shard's.
    await d.free('waits', nowMs + 60_000);
    const version = { at: 1001, id: 'tenure' };
    await d.set(refuses, { profile: { name: 'r', queues: [d.queue], skills: {}, tenureDays: 3650, ...version } });
    const { agentId, fence } = await d.claim('call');
    expect(agentId).toBe(refuses);
    await settleCall(d, 'call', refuses, fence, refused);
    await settleCall(d, 'call', refuses, fence, released);
    expect((await d.members()).map(([id]) => id)).toEqual(['behind:waits', refuses]);
  });

  it('keeps no position in queues of other media types either', async () => {
    const d = store.domain('behind-chat');
    for (const [at, name] of ['one', 'two', 'three'].entries()) {
      const agent = await d.free(name, 1000 + at);
      const capacity = { media: { voice: { units: 1, beside: [] }, chat: { units: 1, beside: [] } } };
      const profile = { name, queues: [d.queue], skills: {}, tenureDays: 0, capacity, at: 2000, id: `c-${name}` };
      await d.set(agent, { profile });
    }
    const { agentId, fence } = await d.claim('chat', { media: 'chat' });
    expect(agentId).toBe('behind-chat:one');
    await d.settle(agentId, fence, refused, 'chat-1');
    await d.settle(agentId, fence, released, 'chat-1');
    expect((await d.members('chat')).map(([id]) => id)).toEqual(
      ['two', 'three', 'one'].map((id) => `behind-chat:${id}`),
    );
  });
});

describe('the end of a claim', () => {
  it('is found once, and not while the claim may still be renewed', async () => {
    const d = store.domain('ends');
    const agent = await d.free('a', 1000);
    const ends = d.store.calls;
    const { fence } = await d.claim('call', { heldMs: 100 });
    await expect.poll(() => ends.lapsed('ends', 10)).toMatchObject([{ agentId: agent, unit: 'voice' }]);
    const lapse = moveOf('lapse');
    const settled = await d.settle(agent, fence, lapse);
    expect(settled.record?.facets.claim).toMatchObject({ state: 'ENDED', endReason: 'lapsed' });
    expect(await ends.lapsed('ends', 10)).toEqual([]);
    const held = await d.claim('next');
    expect(await d.settle(agent, fenceOf(held), lapse)).toMatchObject({ kind: 'conflict' });
    expect(await ends.lapsed('ends', 10)).toEqual([]);
  });

  it('is found, too, after a failover lost the claim and the bus delivered it again', async () => {
    const d = store.domain('back');
    const agent = await d.free('a', 1000);
    const { clockMs } = await d.claim('probe', { agentId: 'nobody' });
    const claim = { fence: clockMs, state: 'HELD', callId: 'call', queue: d.queue, completedAtMs: 0 } as const;
    await d.set(agent, { claim: { ...claim, untilMs: clockMs + 100, remainingMs: 100 } });
    await d.set(await d.free('away-back:x', 1000), { claim: { ...claim, untilMs: clockMs + 100, remainingMs: 1 } });
    const ends = d.store.calls;
    await expect.poll(() => ends.lapsed('back', 10)).toMatchObject([{ agentId: agent, unit: 'voice' }]);
    await d.set(agent, { claim: { ...claim, state: 'ENDED', untilMs: 0, endReason: 'released' } });
    expect(await d.command('ZCARD', 'ends:{back}')).toBe(0);
  });

  it('is found only for claims that this region granted, and the list is corrected by the record', async () => {
    const d = store.domain('ours');
    const away = await d.free('away-ours:x', 1000);
    const agent = await d.free('a', 2000);
    await d.command('ZADD', 'ends:{ours}', '1', `${away} voice`, '1', `${agent} voice`, '1', 'nobody voice');
    const { fence } = await d.claim('call', { agentId: agent });
    await d.command('ZADD', 'ends:{ours}', '1', `${agent} voice`);
    expect(await d.store.calls.lapsed('ours', 10)).toEqual([]);
    const left = (await d.command('ZRANGE', 'ends:{ours}', '0', '-1', 'WITHSCORES')) as unknown[];
    const record = await d.agents.get(agent);
    expect(left.flat().map(String)).toEqual([`${agent} voice`, String(record?.locksMs.voice)]);
    expect(record?.facets.claim?.fence).toBe(fence);
  });
});
