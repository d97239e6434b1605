import { expect, it } from 'vitest';
import type { Capacity, Facets } from '../../../src/agent/facets.ts';
import { interactionsFacet } from '../../../src/agent/facets.ts';
import { claimOn, roomOf } from '../../../src/agent/status.ts';
import type { ClaimRequest } from '../../../src/store/queues.ts';
import { fenceOf, type Pool } from '../../fixtures/pool.ts';
import type { Stores } from './harness.ts';

const released = { state: 'ENDED', lockMs: 0, endReason: 'released' } as const;
const chats = (units: number): Capacity => ({
  media: { voice: { units: 1, beside: [] }, chat: { units, beside: [] } },
});
const both: Capacity = {
  media: {
    voice: { units: 1, beside: [] },
    chat: { units: 2, beside: ['email'] },
    email: { units: 2, beside: ['chat'] },
  },
  total: 3,
};

/** An agent with a capacity. */
async function able(d: Pool, id: string, sinceMs: number, capacity: Capacity): Promise<string> {
  const agentId = await d.free(id, sinceMs);
  const profile = { name: id, queues: [d.queue], skills: {}, tenureDays: 0, capacity, at: sinceMs + 1, id: `c-${id}` };
  await d.set(agentId, { profile });
  return agentId;
}

/** What a walk of a queue finds and takes. */
export function claimsContract(stores: Stores): void {
  it('take agents in the order of their queue position, each once, under fences that grow with time', async () => {
    const d = stores.pool();
    for (const [id, sinceMs] of [
      ['late', 3000],
      ['early', 1000],
      ['middle', 2000],
    ] as const)
      await d.free(id, sinceMs);
    const taken = [await d.claim('1'), await d.claim('2'), await d.claim('3')];
    expect(taken.map(({ agentId }) => agentId)).toEqual(['early', 'middle', 'late'].map((id) => `${d.name}:${id}`));
    for (const { verdict, record, fence, clockMs, versionBefore } of taken) {
      expect(verdict).toBe('granted');
      expect(fence).toBeGreaterThanOrEqual(clockMs);
      expect(record?.facets.claim).toMatchObject({ fence, state: 'HELD', queue: d.queue, untilMs: clockMs + 10_000 });
      expect(record?.locksMs.voice).toBe(clockMs + 10_000);
      expect(BigInt(record?.version ?? 0)).toBeGreaterThan(BigInt(versionBefore));
    }
    const none = await d.claim('4');
    expect(none).toMatchObject({ verdict: 'none', agentId: '', fence: 0, versionBefore: '0', tally: { claimed: 3 } });
    expect(none.record).toBeUndefined();
  });

  it('are distinguished by call if two regions gave one fence on two units of an agent', async () => {
    const d = stores.pool();
    const agentId = await able(d, 'a', 1000, both);
    const fence = Math.round(d.store.nowMs());
    const untilMs = fence + 3_600_000;
    const heard = { fence, state: 'HELD', untilMs, remainingMs: 3_600_000, queue: d.queue, completedAtMs: 0 } as const;
    await d.set(agentId, {
      digitalClaims: {
        'email-1': { ...heard, unit: 'email-1', callId: 'e', by: 'us' },
        'chat-1': { ...heard, unit: 'chat-1', callId: 'c', by: 'ap' },
      },
    });
    await d.free('b', 2000);
    for (const call of ['e', 'c']) {
      expect(await d.store.calls.entryOf(d.name, call)).toEqual({ agentId, fence });
      expect(await d.claim(call)).toMatchObject({ verdict: 'other', agentId, fence });
    }
  });

  it('and found agents are in the cache of the instance', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    await d.agents.recall(agentId);
    const other = stores.harness.open(d.config);
    const profile = { name: 'renamed', queues: [d.queue], skills: {}, tenureDays: 0, at: 2000, id: 'p' };
    (await other.agents.apply(agentId, { profile })).evenIfLost();
    const [found] = (await d.find()).agents;
    expect(found?.record.facets.profile?.name).toBe('renamed');
    expect(await d.agents.recall(agentId)).toEqual(found?.record);
    const { record } = await d.claim('1');
    expect(await d.agents.recall(agentId)).toEqual(record);
    const again = await d.claim('1');
    expect(again.record?.version).not.toBe(record?.version);
    expect(await d.agents.recall(agentId)).toEqual(again.record);
  });

  it('are repeated for the same call and claim request while they hold, and not for another request', async () => {
    const d = stores.pool();
    for (const id of ['a', 'b']) await d.free(id, 1000);
    const first = await d.claim('call: "x"');
    const again = await d.claim('call: "x"');
    expect(again).toMatchObject({ verdict: 'again', agentId: first.agentId, fence: first.fence });
    expect(again.versionBefore).toBe(first.record?.version);
    expect(BigInt(again.record?.version ?? 0)).toBeGreaterThan(BigInt(again.versionBefore));
    const other = await d.claim('call: "x"', { wish: 'another' });
    expect(other).toMatchObject({ verdict: 'other', agentId: first.agentId, fence: first.fence });
    expect(other.record?.version).toBe(again.record?.version);
    await d.settle(first.agentId, first.fence, released);
    const next = await d.claim('call: "x"', { wish: 'another' });
    expect(next.verdict).toBe('granted');
    if (next.agentId === first.agentId) expect(next.fence).toBeGreaterThan(first.fence);
  });

  it('find an agent whose lock has lapsed ahead of later ones, and report a lapse that was not reported', async () => {
    const d = stores.pool();
    const agentId = await d.free('a', 1000);
    const first = await d.claim('c1', { heldMs: 1 });
    await d.free('b', 2000);
    await stores.harness.pass(20);
    expect((await d.find()).agents.map((each) => each.agentId)).toEqual([agentId, `${d.name}:b`]);
    const second = await d.claim('c2');
    expect(second).toMatchObject({ verdict: 'granted', agentId });
    expect(second.lapsed).toMatchObject({ fence: first.fence, callId: 'c1', state: 'ENDED', endReason: 'lapsed' });
    expect(second.fence).toBeGreaterThan(first.fence);
    expect((await d.claim('c3')).lapsed).toBeUndefined();
  });

  it('require every skill at its level, and let skill surplus overtake waiting', async () => {
    const d = stores.pool({ surplusSeconds: 10 });
    await d.free('waits', 1_000, { billing: 50 });
    await d.free('better', 3_000, { billing: 60 });
    await d.free('best', 5_500, { billing: 100, 'sign language, éàü': 70 });
    expect(await d.claim('none', { skills: { bill: 0 } })).toMatchObject({ verdict: 'none', tally: { skill: 3 } });
    const odd = await d.find({ skills: { 'sign language, éàü': 70 } });
    expect(odd.agents.map(({ agentId }) => agentId)).toEqual([`${d.name}:best`]);
    // 50 levels of surplus are worth 5 s, 10 levels 1 s: 1000, 2000 and 500 ms.
    const wanted = { skills: { billing: 50 } };
    const found = (await d.find(wanted)).agents.map(({ agentId }) => agentId);
    expect(found).toEqual(['best', 'waits', 'better'].map((id) => `${d.name}:${id}`));
    expect((await d.find({ ...wanted, limit: 1 })).agents).toHaveLength(1);
    for (const agentId of found) expect(await d.claim(`for-${agentId}`, wanted)).toMatchObject({ agentId });
  });

  it('reserve an agent homed elsewhere for a moment, so that the home can be asked', async () => {
    const d = stores.pool();
    const agentId = await d.free(`away-${d.name}:x`, 1000);
    const reply = await d.claim('c');
    expect(reply).toMatchObject({ verdict: 'ask', agentId, fence: 0 });
    expect(reply.record).toMatchObject({ home: 'us', holdMs: reply.clockMs + 200 });
    expect(reply.record?.facets.claim).toBeUndefined();
    expect(await d.claim('other')).toMatchObject({ verdict: 'none' });
    expect(await d.claim('c')).toMatchObject({ verdict: 'ask', agentId });
    expect(await d.claim('c', { excluded: [agentId] })).toMatchObject({ verdict: 'none' });
    await stores.harness.pass(210);
    expect(await d.claim('other')).toMatchObject({ verdict: 'ask', agentId });
  });

  it('pass over homes that cannot be asked, with the reason, except for platform-verified agents', async () => {
    const d = stores.pool();
    const agentId = await d.free(`away-${d.name}:x`, 1000);
    await d.free(`away-${d.name}:y`, 500);
    const passOver: ClaimRequest['passOver'] = new Map([['us', 'stale']]);
    expect(await d.claim('1', { passOver })).toMatchObject({ verdict: 'none', tally: { stale: 2 } });
    expect(await d.find({ passOver })).toMatchObject({ agents: [], tally: { stale: 2 } });
    expect(await d.claim('1', { passOver, vouched: [agentId] })).toMatchObject({ verdict: 'ask', agentId });
    await d.free('here', 9000);
    expect(await d.claim('2', { passOver })).toMatchObject({ verdict: 'granted', agentId: `${d.name}:here` });
  });

  it('make delegated grants, below any fence that the home has given since', async () => {
    const d = stores.pool();
    const agentId = await d.free(`away-${d.name}:x`, 1000);
    const known = { state: 'ENDED', untilMs: 0, callId: 'before', queue: d.queue, completedAtMs: 0 } as const;
    await d.set(agentId, { claim: { ...known, fence: 700 } });
    const instead = { passOver: new Map([['us', 'unreachable']]), vouched: [agentId], instead: [agentId] };
    const reply = await d.claim('c', instead as Partial<ClaimRequest>);
    expect(reply).toMatchObject({ verdict: 'granted', agentId, fence: 701 });
    expect(reply.record).toMatchObject({ home: 'us', facets: { claim: { by: 'eu', state: 'HELD', callId: 'c' } } });
    expect(await d.claim('c')).toMatchObject({ verdict: 'again', fence: 701 });
  });

  it('take only the named agent, and no agent who was just refused', async () => {
    const d = stores.pool();
    const [a, b] = [await d.free('a', 1000), await d.free('b', 2000)];
    expect(await d.claim('1', { agentId: b })).toMatchObject({ verdict: 'granted', agentId: b });
    expect(await d.claim('2', { agentId: b })).toMatchObject({ verdict: 'none', tally: { seen: 1, claimed: 1 } });
    expect(await d.claim('3', { agentId: `${d.name}:x` })).toMatchObject({ verdict: 'none', tally: { busy: 1 } });
    expect(await d.claim('4', { excluded: [a] })).toMatchObject({ verdict: 'none', tally: { held: 1, claimed: 1 } });
  });

  it('explain which agents they considered, with the record, and why they were passed over', async () => {
    const d = stores.pool();
    await d.free('a', 1000, { billing: 10 });
    await d.free('b', 2000, { billing: 80 });
    const explained = { skills: { billing: 50 }, explain: true };
    for (const { considered } of [await d.find({ ...explained, limit: 1 }), await d.claim('1', explained)]) {
      const told = considered.map(({ agentId, obstacle, record }) => [agentId, obstacle, record?.arrivalMs]);
      expect(told).toEqual([
        [`${d.name}:a`, 'skill', 1000],
        [`${d.name}:b`, undefined, 2000],
      ]);
    }
    expect((await d.claim('2')).considered).toEqual([]);
  });

  it('take each unit of a capacity once', async () => {
    const d = stores.pool();
    const agentId = await able(d, 'a', 1000, both);
    const taken: [string, string][] = [];
    for (const [call, media] of [
      ['1', 'chat'],
      ['2', 'email'],
      ['3', 'chat'],
      ['4', 'email'],
    ] as const) {
      const { verdict, fence, record } = await d.claim(call, { media });
      if (verdict !== 'granted') continue;
      const units = ['chat-1', 'chat-2', 'email-1', 'email-2'];
      taken.push([call, units.find((unit) => claimOn(record?.facets ?? {}, unit)?.fence === fence) ?? 'none']);
    }
    expect(taken).toEqual([
      ['1', 'chat-1'],
      ['2', 'email-1'],
      ['3', 'chat-2'],
    ]);
    const record = await d.record(agentId);
    expect(roomOf(record, d.store.nowMs())).toEqual({ voice: 0, chat: 0, email: 0 });
    const chat = record.facets.digitalClaims?.['chat-1']?.fence ?? 0;
    expect(await d.settle(agentId, chat, released, 'chat-1')).toMatchObject({ kind: 'settled' });
    expect(await d.claim('5', { media: 'email' })).toMatchObject({ verdict: 'granted' });
  });

  it('prefer agents with fewer interactions, and count reported ones once', async () => {
    const d = stores.pool();
    const [early, late] = [await able(d, 'a', 1000, chats(2)), await able(d, 'b', 2000, chats(2))];
    expect(await d.claim('1', { media: 'chat' })).toMatchObject({ agentId: early });
    expect(await d.claim('2', { media: 'chat' })).toMatchObject({ agentId: late });
    expect(await d.claim('3', { media: 'chat' })).toMatchObject({ agentId: early });
    await d.set(late, interactionsFacet({ callId: '2', media: 'chat', state: 'CONNECTED', at: 3000, id: 'i' }));
    expect(await d.claim('4', { media: 'chat' })).toMatchObject({ agentId: late });
    expect(await d.claim('5', { media: 'chat' })).toMatchObject({ verdict: 'none' });
    expect(await d.claim('6')).toMatchObject({ verdict: 'none' });
  });

  it('use the unit of a lapsed claim last while its interaction goes on', async () => {
    const d = stores.pool();
    const agentId = await able(d, 'a', 1000, chats(2));
    const { fence } = await d.claim('mine', { media: 'chat', heldMs: 1 });
    await stores.harness.pass(10);
    await d.set(agentId, interactionsFacet({ callId: 'mine', media: 'chat', state: 'CONNECTED', at: 3000, id: 'i' }));
    expect(await d.claim('next', { media: 'chat' })).toMatchObject({ verdict: 'granted' });
    const confirmed = await d.settle(agentId, fence, { state: 'CONFIRMED', lockMs: 60_000 }, 'chat-1');
    expect(confirmed).toMatchObject({ kind: 'settled' });
    expect(await d.claim('third', { media: 'chat' })).toMatchObject({ verdict: 'none' });
  });

  it('take no agent whom the platform reports as busy, away, or at work of another type', async () => {
    const d = stores.pool();
    const version = { at: 2000, id: 'v' };
    const words: Facets[] = [
      { presence: { state: 'PAUSED', ...version } },
      { presence: { state: 'OFF_DUTY', ...version } },
      { activity: { state: 'NOT_RESPONDING', ...version } },
      interactionsFacet({ callId: 'x', media: 'voice', state: 'ALERTING', ...version }),
    ];
    for (const [i, word] of words.entries()) await d.set(await d.free(`n${i}`, 1000), word);
    expect(await d.claim('c')).toMatchObject({ verdict: 'none', tally: {} });
    expect((await d.find()).agents).toEqual([]);
    expect(await d.queues.size(d.name, d.queue, 'voice')).toEqual({ inLine: 0, taken: 0 });
  });

  it('are counted by queue', async () => {
    const d = stores.pool();
    for (const id of ['a', 'b', 'c']) await d.free(id, 1000);
    const fence = fenceOf(await d.claim('1'));
    expect(fence).toBeGreaterThan(0);
    expect(await d.queues.size(d.name, d.queue, 'voice')).toEqual({ inLine: 2, taken: 1 });
    expect(await d.queues.size(d.name, d.queue, 'chat')).toEqual({ inLine: 0, taken: 0 });
  });
}
