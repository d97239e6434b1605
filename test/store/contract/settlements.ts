import { expect, it } from 'vitest';
import type { Move } from '../../../src/agent/claim.ts';
import { fenceOf, type Pool, told } from '../../fixtures/pool.ts';
import type { Stores } from './harness.ts';

const confirm = { state: 'CONFIRMED', lockMs: 60_000 } as const;
const released = { state: 'ENDED', lockMs: 0, endReason: 'released' } as const;
const missed: Move = { state: 'WRAP_UP', lockMs: 2000, endReason: 'refused', goesBehind: true };
const NOW = { from: 'now', restMs: 0 } as const;

const found = async (d: Pool) => (await d.find()).agents.map(({ agentId }) => agentId.slice(d.name.length + 1));

/** What becomes of a claim, and of the agent's place. */
export function settlementsContract(stores: Stores): void {
  it('free an agent at once, at the former queue position, and end the claim', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    await d.free('b', 2000);
    const fence = fenceOf(await d.claim('c'));
    const settled = await d.settle(agentId, fence, released);
    expect(settled).toMatchObject({ kind: 'settled', record: { arrivalMs: 1000, locksMs: { voice: 0 } } });
    const { claim } = settled.record?.facets ?? {};
    expect(claim).toMatchObject({ fence, state: 'ENDED', untilMs: 0, callId: 'c', endReason: 'released' });
    expect(await found(d)).toEqual(['a', 'b']);
  });

  it('lock an agent for the given time, from when they are applied', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    const { fence, clockMs } = await d.claim('c');
    const { record } = await d.settle(agentId, fence, confirm);
    expect(record?.facets.claim).toMatchObject({ state: 'CONFIRMED', untilMs: record?.locksMs.voice });
    expect(record?.locksMs.voice).toBeGreaterThanOrEqual(clockMs + 60_000);
    expect(await d.claim('other')).toMatchObject({ verdict: 'none', tally: { claimed: 1 } });
  });

  it("move an agent who completed to the end of the queue, by the platform's time", async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    await d.free('b', 2000);
    const first = await d.settle(agentId, fenceOf(await d.claim('c')), {
      ...released,
      completed: { from: 5000, restMs: 700 },
    });
    expect(first.record).toMatchObject({ arrivalMs: 5700, facets: { claim: { completedAtMs: 5700 } } });
    expect(await found(d)).toEqual(['b', 'a']);
    const second = await d.settle(agentId, fenceOf(await d.claim('e', { agentId })), { ...released, completed: NOW });
    expect(second.record?.arrivalMs).toBeGreaterThan(1_700_000_000_000);
    const third = await d.settle(agentId, fenceOf(await d.claim('f', { agentId })), released);
    expect(third.record?.arrivalMs).toBe(second.record?.arrivalMs);
  });

  it('lock an agent through a wrap-up and free them at its end', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    const wrapUp = { state: 'WRAP_UP', lockMs: 5000, completed: { from: 'now', restMs: 5000 } } as const;
    const { record } = await d.settle(agentId, fenceOf(await d.claim('c')), wrapUp);
    const { claim } = record?.facets ?? {};
    expect(claim).toMatchObject({ state: 'WRAP_UP', completedAtMs: claim?.untilMs });
    expect(record?.arrivalMs).toBe(claim?.untilMs);
    expect(await d.claim('d')).toMatchObject({ verdict: 'none' });
    await d.settle(agentId, claim?.fence ?? 0, { ...released, completed: NOW });
    expect(await d.claim('d')).toMatchObject({ verdict: 'granted' });
  });

  it('are refused under a lower fence', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    const first = fenceOf(await d.claim('c1'));
    await d.settle(agentId, first, released);
    const second = fenceOf(await d.claim('c2'));
    for (const move of [confirm, released]) {
      expect(await d.settle(agentId, first, move)).toMatchObject({
        kind: 'fenced',
        record: { facets: { claim: { fence: second, state: 'HELD' } } },
      });
    }
  });

  it('restore a lock whose fence is above the one on record, also on a unit without a claim', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    const settled = await d.settle(agentId, 900, confirm);
    expect(settled).toMatchObject({ kind: 'settled', record: { facets: { claim: { fence: 900, callId: 'call' } } } });
    expect(await d.claim('other')).toMatchObject({ verdict: 'none', tally: { claimed: 1 } });
    expect(await d.settle(agentId, 901, released, 'chat-7')).toMatchObject({
      record: { facets: { digitalClaims: { 'chat-7': { unit: 'chat-7', fence: 901, state: 'ENDED' } } } },
    });
    expect(fenceOf(await d.claim('again', { agentId }))).toBe(0);
    await d.settle(agentId, 900, released);
    expect(fenceOf(await d.claim('next'))).toBeGreaterThan(901);
  });

  it('do nothing if the record has changed, and answer the stored one', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    const { fence, record } = await d.claim('c');
    if (!record) throw new Error('nobody was granted');
    await d.set(agentId, { presence: { state: 'PAUSED', at: 5000, id: 'x' } });
    const request = { agentId, unit: 'voice', fence, callId: 'c', queue: d.queue, move: confirm };
    expect(await d.agents.settle(request, record, 2000)).toMatchObject({
      kind: 'conflict',
      record: { facets: { presence: { state: 'PAUSED' }, claim: { state: 'HELD' } } },
    });
    expect(await d.agents.affirm(agentId, record)).toMatchObject({ kind: 'conflict' });
    const nobody = { ...request, agentId: `${d.name}:nobody` };
    expect(await d.agents.settle(nobody, record, 2000)).toEqual({ kind: 'conflict', record: undefined });
  });

  it('end a lapsing lock only after its time', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    const { fence } = await d.claim('c', { heldMs: 100 });
    const lapse: Move = { state: 'ENDED', lockMs: 0, endReason: 'lapsed', onlyLapsed: true };
    expect(await d.settle(agentId, fence, lapse)).toMatchObject({ kind: 'conflict' });
    expect(await d.store.calls.lapsed(d.name, 10)).toEqual([]);
    await stores.harness.pass(110);
    expect(await d.store.calls.lapsed(d.name, 10)).toMatchObject([{ agentId, unit: 'voice', record: { locksMs: {} } }]);
    const settled = await d.settle(agentId, fence, lapse);
    expect(settled.record?.facets.claim).toMatchObject({ state: 'ENDED', endReason: 'lapsed' });
    expect(await d.store.calls.lapsed(d.name, 10)).toEqual([]);
  });

  it('send an agent who refused behind all who wait, whatever the bonus and the clocks', async () => {
    const d = stores.pool({ tenureSecondsPerYear: 1000 });
    const agentId = await d.free('refuses', 1000);
    // Of a platform whose clock is a minute ahead of the store's.
    await d.free('waits', d.store.nowMs() + 60_000);
    const version = { at: 1001, id: 'tenure' };
    await d.set(agentId, { profile: { name: 'r', queues: [d.queue], skills: {}, tenureDays: 3650, ...version } });
    const claim = await d.claim('call');
    expect(claim.agentId).toBe(agentId);
    await d.settle(agentId, claim.fence, missed);
    await d.settle(agentId, claim.fence, released);
    expect(await found(d)).toEqual(['waits', 'refuses']);
    // The next change makes the same place of what the settlement left.
    const { arrivalMs } = await d.record(agentId);
    await d.set(agentId, { presence: { state: 'ON_DUTY', at: 1002, id: 'still' } });
    expect((await d.record(agentId)).arrivalMs).toBe(arrivalMs);
    expect(await found(d)).toEqual(['waits', 'refuses']);
  });

  it('name the region of a delegated grant', async () => {
    const d = stores.pool();
    const agentId = await d.free(`away-${d.name}:x`, 1000);
    const request = { agentId, unit: 'voice', fence: 5, callId: 'c', queue: d.queue, by: 'eu', move: confirm };
    const { record } = told(await d.agents.settle(request, await d.record(agentId), 2000));
    expect(record?.facets.claim).toMatchObject({ by: 'eu', fence: 5, state: 'CONFIRMED' });
    expect(record?.home).toBe('us');
  });
}
