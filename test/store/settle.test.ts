import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fenceOf } from '../fixtures/pool.ts';
import { type Store, startStore } from '../fixtures/store.ts';

const TAIL = 1e15;
let store: Store;
beforeAll(async () => {
  store = await startStore();
});
afterAll(() => store.stop());

const confirm = { state: 'CONFIRMED', lockMs: 60_000 } as const;
const NOW = { from: 'now', restMs: 0 } as const;
const release = { state: 'ENDED', lockMs: 0 } as const;

describe('settle', () => {
  it('frees an agent at once, at the former queue position', async () => {
    const d = store.domain('release');
    const agent = await d.free('a', 1000);
    await d.free('b', 2000);
    await d.settle(agent, fenceOf(await d.claim('c')), release);
    expect((await d.members()).map(([id]) => id)).toEqual([agent, 'release:b']);
    expect((await d.members())[0]).toEqual([agent, 1000]);
  });

  it('moves an agent who completed to the end of the queue', async () => {
    const d = store.domain('complete');
    const agent = await d.free('a', 1000);
    await d.free('b', 2000);
    const settled = await d.settle(agent, fenceOf(await d.claim('c')), { ...release, completed: NOW });
    expect((await d.members()).map(([id]) => id)).toEqual(['complete:b', agent]);
    expect((await d.members())[1]?.[1]).toBe(settled.record?.facets.claim?.completedAtMs);
  });

  it('locks an agent through a wrap-up, and then moves them behind those who waited', async () => {
    const d = store.domain('wrapup');
    const agent = await d.free('a', 1000);
    const wrapUp = { state: 'WRAP_UP', lockMs: 5000, completed: { from: 'now', restMs: 5000 } } as const;
    const settled = await d.settle(agent, fenceOf(await d.claim('c')), wrapUp);
    const { claim } = settled.record?.facets ?? {};
    expect(claim).toMatchObject({ state: 'WRAP_UP', completedAtMs: claim?.untilMs });
    expect(await d.members()).toEqual([[agent, TAIL + (claim?.untilMs ?? 0)]]);
    expect(settled.record?.arrivalMs).toBe(claim?.untilMs);
    const ended = await d.settle(agent, claim?.fence ?? 0, { ...release, completed: NOW });
    expect(ended.record?.arrivalMs).toBe(claim?.untilMs);
    await d.settle(agent, fenceOf(await d.claim('next')), release);
    expect((await d.members())[0]).toEqual([agent, claim?.untilMs]);
  });

  it("counts a completion by the platform's time and not by the shard's clock", async () => {
    const d = store.domain('platform-time');
    const agent = await d.free('a', 1000);
    const settled = await d.settle(agent, fenceOf(await d.claim('c')), {
      ...release,
      completed: { from: 5000, restMs: 700 },
    });
    expect(settled.record?.facets.claim?.completedAtMs).toBe(5700);
    expect((await d.members())[0]).toEqual([agent, 5700]);
  });

  it('refuses a lower fence for every settlement', async () => {
    const d = store.domain('fence');
    const agent = await d.free('a', 1000);
    const first = fenceOf(await d.claim('c1'));
    await d.settle(agent, first, release);
    const second = fenceOf(await d.claim('c2'));
    for (const move of [confirm, release]) {
      expect(await d.settle(agent, first, move)).toMatchObject({ kind: 'fenced' });
    }
    expect((await d.agents.get(agent))?.facets.claim).toMatchObject({ fence: second, state: 'HELD' });
  });

  it('restores a lock that a failover lost, because its fence is higher', async () => {
    const d = store.domain('lost');
    const agent = await d.free('a', 1000);
    const line = (await d.command('HGET', 'agents:{lost}', agent)) as string;
    const fence = fenceOf(await d.claim('c'));
    await d.command('HSET', 'agents:{lost}', agent, line);
    const settled = await d.settle(agent, fence, confirm);
    expect(settled).toMatchObject({ kind: 'settled', record: { facets: { claim: { fence, state: 'CONFIRMED' } } } });
    expect((await d.members())[0]?.[1]).toBeGreaterThan(TAIL);
    expect(await d.claim('other')).toMatchObject({ verdict: 'none', tally: { claimed: 1 } });
  });

  it('does nothing if the record has changed, and answers the stored one', async () => {
    const d = store.domain('conflict');
    const agent = await d.free('a', 1000);
    const fence = fenceOf(await d.claim('c'));
    const before = await d.agents.get(agent);
    await d.set(agent, { presence: { state: 'PAUSED', reason: 'BREAK', at: 5000, id: 'x' } });
    if (!before) throw new Error('the agent is gone');
    const request = { agentId: agent, unit: 'voice', fence, callId: 'c', queue: d.queue, move: confirm };
    const settled = await d.agents.settle(request, before, 2000);
    expect(settled).toMatchObject({ kind: 'conflict', record: { facets: { presence: { state: 'PAUSED' } } } });
    expect((await d.agents.get(agent))?.facets.claim?.state).toBe('HELD');
  });
});
