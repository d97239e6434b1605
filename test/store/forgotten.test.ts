import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AgentRecord } from '../../src/store/agent-record.ts';
import { fenceOf } from '../fixtures/pool.ts';
import { type Domain, type Store, startStore } from '../fixtures/store.ts';

let store: Store;
beforeAll(async () => {
  store = await startStore({ replicas: false });
});
afterAll(() => store.stop());

const ENDED = { state: 'ENDED', lockMs: 0, endReason: 'released' } as const;
const listed = async (d: Domain) => (await d.agents.after(d.name, '', 10)).map(([id]) => id);
const held = async (d: Domain, agentId: string) => (await d.agents.get(agentId)) as AgentRecord;
const forget = (d: Domain, agentId: string, at: number) => d.set(agentId, { forgotten: { at, id: `forget-${at}` } });
const remove = async (d: Domain, agentId: string, record?: AgentRecord) =>
  d.agents.removeForgotten(d.name, agentId, record ?? (await held(d, agentId)));
const aligned = (d: Domain) => d.store.align(d.name, async () => undefined);

describe('an agent who is forgotten', () => {
  it('leaves all queues and the agent directory, and returns under a higher fence', async () => {
    const d = store.domain('back');
    const agentId = await d.free('a', 1000);
    const fence = fenceOf(await d.claim('call-1'));
    await d.settle(agentId, fence, ENDED);
    expect(await d.members()).toHaveLength(1);
    await forget(d, agentId, 2000);
    expect([await d.members(), await listed(d)]).toEqual([[], []]);
    expect(await d.claim('call-2')).toMatchObject({ verdict: 'none' });
    expect(await aligned(d)).toMatchObject({ records: 1, repaired: {} });
    expect(await listed(d)).toEqual([]);

    await d.free('a', 2000);
    expect(await d.claim('call-2')).toMatchObject({ verdict: 'none' });
    await d.free('a', 2001);
    expect(await listed(d)).toEqual([agentId]);
    const again = await d.claim('call-2');
    expect(again).toMatchObject({ verdict: 'granted', agentId });
    expect(fenceOf(again)).toBeGreaterThan(fence);
  });

  it('keeps a claim that was granted meanwhile until it ends', async () => {
    const d = store.domain('meanwhile');
    const agentId = await d.free('a', 1000);
    const fence = fenceOf(await d.claim('call-1'));
    await forget(d, agentId, 2000);
    expect(await remove(d, agentId)).toBe(false);
    expect(await d.settle(agentId, fence, { state: 'CONFIRMED', lockMs: 5000 })).toMatchObject({ kind: 'settled' });
    expect(await d.settle(agentId, fence, ENDED)).toMatchObject({ kind: 'settled' });
    expect([await d.members(), await listed(d)]).toEqual([[], []]);
    expect(await remove(d, agentId)).toBe(true);
  });

  it('is removed only if nothing was reported since, and can then return as a new agent', async () => {
    const d = store.domain('out');
    const agentId = await d.free('a', 1000);
    const fence = fenceOf(await d.claim('call-1'));
    await d.settle(agentId, fence, ENDED);
    expect(await remove(d, agentId)).toBe(false);
    await forget(d, agentId, 2000);
    const before = await held(d, agentId);
    await forget(d, agentId, 3000);
    expect(await remove(d, agentId, before)).toBe(false);
    expect(await remove(d, agentId)).toBe(true);
    expect(await d.agents.get(agentId)).toBeUndefined();
    expect(await remove(d, agentId, before)).toBe(false);

    await d.free('a', 4000);
    expect(await listed(d)).toEqual([agentId]);
    const again = await d.claim('call-2');
    expect(again).toMatchObject({ verdict: 'granted', agentId });
    expect(fenceOf(again)).toBeGreaterThan(fence);
  });
});
