import { expect, it } from 'vitest';
import type { Change } from '../../../src/store/store.ts';
import { isPosition } from '../../../src/store/store.ts';
import { fenceOf, type Pool } from '../../fixtures/pool.ts';
import type { Stores } from './harness.ts';

const released = { state: 'ENDED', lockMs: 0, endReason: 'released' } as const;
const refused = { state: 'ENDED', lockMs: 0, endReason: 'refused', goesBehind: true } as const;
const START = '0-0';

async function changesOf(d: Pool, position = START): Promise<Change[]> {
  const found = await d.store.changes.after(d.name, position, 100);
  if (found === 'gone') throw new Error('the position is gone');
  return found;
}

/** What a domain remembers of calls, of the ends of claims, and of what has changed. */
export function callsContract(stores: Stores): void {
  const heard = (d: Pool, agentId: string, more: object) =>
    d.set(agentId, {
      claim: { fence: 5, state: 'HELD', untilMs: 9, callId: 'call', queue: d.queue, completedAtMs: 0, ...more },
    });

  it('a call has an entry with its last agent', async () => {
    const d = stores.pool();
    const { calls } = d.store;
    expect(await calls.entryOf(d.name, 'call')).toBeUndefined();
    const agentId = await d.free('a', 1000);
    const fence = fenceOf(await d.claim('call'));
    expect(await calls.entryOf(d.name, 'call')).toEqual({ agentId, fence });
    await d.settle(agentId, fence, released);
    expect(await calls.entryOf(d.name, 'call')).toEqual({ agentId, fence });
    const away = await d.free(`away-${d.name}:x`, 500);
    await d.claim('asked');
    expect(await calls.entryOf(d.name, 'asked')).toEqual({ agentId: away, fence: 0 });
  });

  it('a call is offered an agent who refused it only if there is no other', async () => {
    const d = stores.pool();
    const [early, late] = [await d.free('early', 1000), await d.free('late', 2000)];
    const first = await d.claim('call');
    expect(first.agentId).toBe(early);
    await d.settle(early, first.fence, refused);
    await d.free('early', 1001);
    const second = await d.claim('call');
    expect(second.agentId).toBe(late);
    await d.settle(late, second.fence, released);
    expect((await d.claim('others', { agentId: late })).verdict).toBe('granted');
    expect((await d.claim('call')).agentId).toBe(early);
  });

  it('a call with two claims changes to the one that stands', async () => {
    const d = stores.pool();
    const [a, b] = [await d.free('a', 1000), await d.free('b', 2000)];
    const { fence, record } = await d.claim('call', { agentId: a });
    const other = await d.claim('elsewhere', { agentId: b });
    if (!record) throw new Error('nobody was granted');
    const move = { state: 'ENDED', lockMs: 0, endReason: 'superseded' } as const;
    const supersededBy = { agentId: b, fence: other.fence };
    const request = { agentId: a, unit: 'voice', fence, callId: 'call', queue: d.queue, move, supersededBy };
    expect(await d.agents.settle(request, record, 2000)).toMatchObject({ kind: 'settled' });
    expect(await d.store.calls.entryOf(d.name, 'call')).toEqual(supersededBy);
  });

  it('a call whose claim another region granted is left to that region, as far as is known here', async () => {
    const d = stores.pool();
    const away = await d.free(`away-${d.name}:x`, 1000);
    await heard(d, away, { remainingMs: 60_000 });
    expect(await d.claim('call')).toMatchObject({ verdict: 'copy', agentId: away, fence: 5 });
    expect(await d.claim('call', { media: 'chat' })).toMatchObject({ verdict: 'copy_other', agentId: away });
    expect(await d.claim('call', { queue: `${d.name}:other` })).toMatchObject({ verdict: 'copy_other' });
    const own = await d.free('own', 2000);
    expect(await d.claim('call', { excluded: [away] })).toMatchObject({ verdict: 'granted', agentId: own });
  });

  it('a call whose claim has lapsed here may have been renewed there, unless it has ended', async () => {
    const d = stores.pool();
    const own = await d.free('own', 1000);
    const away = await d.free(`away-${d.name}:x`, 2000);
    await heard(d, away, { remainingMs: 1 });
    await stores.harness.pass(10);
    expect(await d.claim('call')).toMatchObject({ verdict: 'ask', agentId: away });
    await heard(d, away, { state: 'ENDED', untilMs: 0, endReason: 'lapsed' });
    expect(await d.claim('call')).toMatchObject({ verdict: 'granted', agentId: own });
  });

  it('a call stays with a claim that this region granted, whatever another region reports', async () => {
    const d = stores.pool();
    const own = await d.free('own', 1000);
    const { fence } = await d.claim('call');
    const away = await d.free(`away-${d.name}:x`, 2000);
    await heard(d, away, { state: 'CONFIRMED', remainingMs: 60_000 });
    expect(await d.store.calls.entryOf(d.name, 'call')).toEqual({ agentId: own, fence });
    await d.settle(own, fence, released);
    await heard(d, away, { state: 'CONFIRMED', untilMs: 10, remainingMs: 60_000 });
    expect(await d.store.calls.entryOf(d.name, 'call')).toEqual({ agentId: away, fence: 5 });
  });

  it('lapsed claims of this region are found, the earliest first, and none of others', async () => {
    const d = stores.pool();
    const [a, b] = [await d.free('a', 1000), await d.free('b', 2000)];
    const away = await d.free(`away-${d.name}:x`, 3000);
    await d.claim('1', { agentId: a, heldMs: 40 });
    await d.claim('2', { agentId: b, heldMs: 1 });
    await heard(d, away, { remainingMs: 1 });
    await stores.harness.pass(60);
    const lapsed = await d.store.calls.lapsed(d.name, 10);
    expect(lapsed.map(({ agentId, unit }) => [agentId, unit])).toEqual([
      [b, 'voice'],
      [a, 'voice'],
    ]);
    expect(await d.store.calls.lapsed(d.name, 1)).toHaveLength(1);
  });

  it('every change is in the change stream, in order, with the claim that changed', async () => {
    const d = stores.pool();
    expect(await d.store.changes.latest(d.name)).toBe(START);
    const agentId = await d.free('a', 1000);
    const { fence } = await d.claim('call');
    await d.settle(agentId, fence, released);
    await d.set(agentId, { presence: { state: 'PAUSED', at: 5000, id: 'x' } });
    const changes = await changesOf(d);
    expect(changes.map(({ agentId: id, claim }) => [id, claim?.state, claim?.fence, claim?.endReason])).toEqual([
      [agentId, undefined, undefined, undefined],
      [agentId, 'HELD', fence, undefined],
      [agentId, 'ENDED', fence, 'released'],
      [agentId, undefined, undefined, undefined],
    ]);
    expect(changes.every(({ position }) => isPosition(position))).toBe(true);
    expect(await d.store.changes.latest(d.name)).toBe(changes.at(-1)?.position);
    expect(await changesOf(d, changes[1]?.position)).toEqual(changes.slice(2));
    expect(await d.store.changes.after(d.name, START, 1)).toEqual(changes.slice(0, 1));
    expect(await changesOf(d, changes.at(-1)?.position)).toEqual([]);
  });

  it('an unknown position is gone', async () => {
    const d = stores.pool();
    await d.free('a', 1000);
    expect(await d.store.changes.after(d.name, '99999999999999-0', 10)).toBe('gone');
  });

  it('an unreported lapse is noted before the claim that takes its unit', async () => {
    const d = stores.pool();
    await d.free('a', 1000);
    await d.claim('1', { heldMs: 1 });
    await stores.harness.pass(10);
    const position = await d.store.changes.latest(d.name);
    await d.claim('2');
    const told = (await changesOf(d, position)).map(({ claim }) => [claim?.callId, claim?.state, claim?.endReason]);
    expect(told).toEqual([
      ['1', 'ENDED', 'lapsed'],
      ['2', 'HELD', undefined],
    ]);
  });
}
