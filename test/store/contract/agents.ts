import { expect, it } from 'vitest';
import { isLocked, lockOf, roomOf } from '../../../src/agent/status.ts';
import type { AgentRecord } from '../../../src/store/agent-record.ts';
import { fenceOf, Pool } from '../../fixtures/pool.ts';
import type { Stores } from './harness.ts';

const ENDED = { state: 'ENDED', lockMs: 0, endReason: 'released' } as const;
const at = (ms: number) => ({ at: ms, id: `e-${ms}` });
const noPause = async () => undefined;

/** Agents as they are stored, merged, listed and forgotten. */
export function agentsContract(stores: Stores): void {
  it('hold the latest state, whatever comes late or twice, and count a change once', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000, { billing: 80 });
    const change = { presence: { state: 'PAUSED', reason: 'BREAK', ...at(2000) } } as const;
    const first = (await d.agents.apply(agentId, change)).evenIfLost();
    expect(first).toMatchObject({ outcome: 'applied', changed: ['presence'], before: { arrivalMs: 1000 } });
    const second = (await d.agents.apply(agentId, change)).evenIfLost();
    expect(second).toMatchObject({ outcome: 'duplicate', changed: [], record: { version: first.record.version } });
    const late = (await d.agents.apply(agentId, { presence: { state: 'ON_DUTY', ...at(1500) } })).evenIfLost();
    expect(late.outcome).toBe('outdated');
    expect(await d.record(agentId)).toEqual(first.record);
    expect(first.record.facets.profile).toMatchObject({ skills: { billing: 80 } });
  });

  it('have versions that grow with every write', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    const versions = [await d.record(agentId)];
    await d.set(agentId, { presence: { state: 'PAUSED', ...at(2000) } });
    versions.push(await d.record(agentId));
    const affirmed = await d.agents.affirm(agentId, await d.record(agentId));
    expect(affirmed.kind).toBe('settled');
    versions.push(await d.record(agentId));
    const numbers = versions.map(({ version }) => BigInt(version));
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => (a < b ? -1 : 1)));
  });

  it('are changed by a function of the known facets, repeated after conflicts', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    const other = new Pool(d.name, d.config, stores.harness.open(d.config));
    await other.agents.get(agentId);
    await d.set(agentId, { presence: { state: 'PAUSED', ...at(2000) } });
    const seen: unknown[] = [];
    await other.agents.apply(agentId, (known) => {
      seen.push(known.presence?.state);
      return { activity: { state: 'WRAP_UP', ...at(2500) } };
    });
    expect(seen).toEqual(['ON_DUTY', 'PAUSED']);
    expect((await d.record(agentId)).facets).toMatchObject({
      presence: { state: 'PAUSED' },
      activity: { state: 'WRAP_UP' },
    });
  });

  it('lose no change of concurrent writers', async () => {
    const d = stores.pool();
    const writers = Array.from({ length: 6 }, () => stores.harness.open(d.config).agents);
    const agentId = `${d.name}:a`;
    await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        writers[i % 6]?.apply(agentId, {
          interactions: { byCall: { [`c${i}`]: { callId: `c${i}`, media: 'voice', state: 'ENDED', ...at(1000 + i) } } },
        }),
      ),
    );
    expect(Object.keys((await d.record(agentId)).facets.interactions?.byCall ?? {})).toHaveLength(60);
  });

  it('are read by id, one or many, if the config accepts them', async () => {
    const d = stores.pool();
    const [a, b] = [await d.free('a', 1000), await d.free(`away-${d.name}:b`, 2000)];
    expect(await d.agents.get(`${d.name}:nobody`)).toBeUndefined();
    expect(await d.agents.get('of-no-connection')).toBeUndefined();
    const all = await d.agents.getAll(d.name, [b, `${d.name}:nobody`, a]);
    expect([...all.keys()]).toEqual([b, a]);
    expect([...all.values()].map(({ home }) => home)).toEqual(['us', 'eu']);
    expect(await d.agents.getAll(d.name, [])).toEqual(new Map());
    expect(await d.agents.recall(a)).toEqual(all.get(a));
  });

  it("are copies: a caller's changes do not affect the store", async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    const mine = (await d.agents.get(agentId)) as AgentRecord;
    mine.facets.presence = { state: 'OFF_DUTY', ...at(9000) };
    mine.locksMs.voice = 9e15;
    const other = stores.harness.open(d.config);
    expect(await other.agents.get(agentId)).toMatchObject({ facets: { presence: { state: 'ON_DUTY' } } });
    expect(await d.claim('c')).toMatchObject({ verdict: 'granted' });
  });

  it('are listed in the order of their ids, after a given one, without forgotten ones', async () => {
    const d = stores.pool();
    for (const id of ['c', 'a', 'é', 'b', 'B']) await d.free(id, 1000);
    await d.set(`${d.name}:b`, { forgotten: at(2000) });
    const idsAfter = async (id: string, count: number) =>
      (await d.agents.after(d.name, id, count)).map(([agentId]) => agentId.slice(d.name.length + 1));
    expect(await idsAfter('', 2)).toEqual(['B', 'a']);
    expect(await idsAfter(`${d.name}:a`, 9)).toEqual(['c', 'é']);
  });

  it('are all returned by a scan, in steps', async () => {
    const d = stores.pool();
    const ids = await Promise.all(Array.from({ length: 250 }, (_, i) => d.free(`n${i}`, 1000 + i)));
    await d.free(`away-${d.name}:x`, 1000);
    const met = new Map<string, AgentRecord>();
    for await (const some of d.agents.scan(d.name, { prefix: `${d.name}:`, step: 100 })) {
      for (const [agentId, record] of some) met.set(agentId, record);
    }
    expect([...met.keys()].sort()).toEqual(ids.sort());
    expect(met.get(`${d.name}:n7`)?.arrivalMs).toBe(1007);
  });

  it('take over the claims of another region for the remaining time', async () => {
    const d = stores.pool();
    const agentId = await d.free(`away-${d.name}:x`, 1000);
    const { clockMs } = await d.claim('probe', { agentId: 'nobody' });
    const claim = { fence: 9, state: 'HELD', callId: 'far', queue: d.queue, completedAtMs: 0 } as const;
    await d.set(agentId, { claim: { ...claim, untilMs: 5, remainingMs: 8000 } });
    const record = await d.record(agentId);
    expect(lockOf(record)).toBeGreaterThanOrEqual(clockMs + 8000);
    expect(isLocked(record, clockMs)).toBe(true);
    expect(record.facets.claim).toEqual({ ...claim, untilMs: 5 });
    expect(roomOf(record, clockMs)).toEqual({ voice: 0 });
  });

  it('are forgotten by a tombstone, and removed only if there are no later reports and no claim holds them', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    const remove = async () => d.agents.removeForgotten(d.name, agentId, await d.record(agentId));
    const fence = fenceOf(await d.claim('c'));
    expect(await remove()).toBe(false);
    await d.set(agentId, { forgotten: at(2000) });
    expect(await d.claim('d')).toMatchObject({ verdict: 'none' });
    expect(await remove()).toBe(false);
    await d.settle(agentId, fence, ENDED);
    const before = await d.record(agentId);
    await d.set(agentId, { forgotten: at(3000) });
    expect(await d.agents.removeForgotten(d.name, agentId, before)).toBe(false);
    expect(await remove()).toBe(true);
    expect(await d.agents.get(agentId)).toBeUndefined();
    await d.free('a', 4000);
    await stores.harness.pass(1);
    expect(fenceOf(await d.claim('e'))).toBeGreaterThan(fence);
  });

  it('leave the cache of an instance that learns that their record was removed', async () => {
    const d = stores.pool();
    const forgotten = { forgotten: at(2000) };
    const agentId = await d.free('a', 1000);
    await d.set(agentId, forgotten);
    const record = await d.record(agentId);
    const other = stores.harness.open(d.config).agents;
    expect(await other.removeForgotten(d.name, agentId, record)).toBe(true);
    // A change without effect does not reach the store.
    expect((await d.agents.apply(agentId, forgotten)).evenIfLost().outcome).toBe('duplicate');
    expect(await d.agents.affirm(agentId, record)).toEqual({ kind: 'conflict', record: undefined });
    expect((await d.agents.apply(agentId, forgotten)).evenIfLost().outcome).toBe('applied');
    expect((await d.agents.affirm(agentId, await d.record(agentId))).kind).toBe('settled');
  });

  it('are in the queues that their records name, unless the config no longer accepts them', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    await d.claim('c');
    await d.free('b', 2000);
    expect(await d.store.align(d.name, noPause)).toMatchObject({ records: 2, repaired: {} });
    const { [d.name]: _, ...connections } = d.config.connections;
    const later = stores.harness.open({ ...d.config, connections });
    const { repaired } = await later.align(d.name, noPause);
    expect(repaired.ghost).toBeGreaterThanOrEqual(2);
    expect(await d.find()).toMatchObject({ agents: [] });
    expect(await later.agents.get(agentId)).toBeUndefined();
    const stopped = d.store.align(d.name, async () => {
      throw new Error('enough');
    });
    await expect(stopped).rejects.toThrow('enough');
  });
}
