import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ClaimRequest } from '../../src/store/queues.ts';
import { scripts } from '../../src/store/redis/scripts.ts';
import { fenceOf } from '../fixtures/pool.ts';
import { SOON } from '../fixtures/soon.ts';
import { type Store, startStore } from '../fixtures/store.ts';

const TAIL = 1e15;
let store: Store;
beforeAll(async () => {
  store = await startStore();
});
afterAll(() => store.stop());

describe('claim', () => {
  it('takes agents in the order of their queue position, each once', async () => {
    const d = store.domain('order');
    await d.free('late', 3000);
    await d.free('early', 1000);
    await d.free('middle', 2000);
    const taken = [await d.claim('1'), await d.claim('2'), await d.claim('3')].map((reply) => reply.agentId);
    expect(taken).toEqual(['order:early', 'order:middle', 'order:late']);
    expect(await d.claim('4')).toMatchObject({ verdict: 'none', agentId: '' });
  });

  it('locks the record, under a fence of at least the time, and moves the agent to the tail', async () => {
    const d = store.domain('lock');
    const agent = await d.free('a', 1000);
    const reply = await d.claim('call 1: "x"');
    const { claim } = reply.record?.facets ?? {};
    expect(claim).toMatchObject({ state: 'HELD', callId: 'call 1: "x"', queue: 'lock:q' });
    expect(claim?.fence).toBeGreaterThanOrEqual(reply.clockMs);
    expect(claim?.untilMs).toBe(reply.clockMs + 10_000);
    expect(await d.members()).toEqual([[agent, TAIL + reply.clockMs + 10_000]]);
    expect(reply.replicated).toBe(true);
  });

  it('gives a retried call the same claim', async () => {
    const d = store.domain('again');
    await d.free('a', 1000);
    await d.free('b', 2000);
    const first = await d.claim('c');
    const second = await d.claim('c');
    expect(second).toMatchObject({ verdict: 'again', agentId: first.agentId });
    expect(fenceOf(second)).toBe(fenceOf(first));
  });

  it('gives a call whose claim was released a new one, with a higher fence', async () => {
    const d = store.domain('reclaim');
    const agent = await d.free('a', 1000);
    const first = await d.claim('c');
    await d.settle(agent, fenceOf(first), { state: 'ENDED', lockMs: 0 });
    const second = await d.claim('c');
    expect(second.verdict).toBe('granted');
    expect(fenceOf(second)).toBeGreaterThan(fenceOf(first));
  });

  it('finds an agent whose lock has expired, before those who came later', async () => {
    const d = store.domain('lapse');
    const agent = await d.free('a', 1000);
    await d.claim('c1', { heldMs: 1 });
    await d.free('b', 2000);
    // `find` changes nothing, so waiting with it does not disturb the queue.
    const look = {
      domain: 'lapse',
      queue: d.queue,
      media: 'voice' as const,
      skills: {},
      passOver: new Map(),
      vouched: [],
      explain: false,
      limit: 2,
    };
    await vi.waitFor(async () => {
      const { agents } = await d.queues.find(look);
      expect(agents.map((each) => each.agentId)).toEqual([agent, 'lapse:b']);
    }, SOON);
    expect(await d.claim('c2')).toMatchObject({ verdict: 'granted', agentId: agent });
  });

  it('requires every skill at its level, and counts agents who lack one', async () => {
    const d = store.domain('skills');
    await d.free('a', 1000, { billing: 40 });
    await d.free('b', 2000, { billing: 90 });
    await d.free('c', 3000, { billing: 60, 'sign language, éàü': 70 });
    expect(await d.claim('1', { skills: { billing: 50 } })).toMatchObject({ agentId: 'skills:b', tally: { skill: 1 } });
    expect(await d.claim('2', { skills: { billing: 0, 'sign language, éàü': 70 } })).toMatchObject({
      agentId: 'skills:c',
    });
    expect(await d.claim('3', { skills: { bill: 0 } })).toMatchObject({ verdict: 'none', tally: { skill: 1 } });
  });

  it('lets skill surplus outweigh waiting time as configured', async () => {
    const d = store.domain('surplus', { surplusSeconds: 10 });
    await d.free('waits-longest', 1_000, { billing: 50 });
    await d.free('a-little-better', 3_000, { billing: 60 });
    await d.free('best', 5_500, { billing: 100 });
    // 50 levels of surplus are worth 5 s, 10 levels 1 s: 1000, 2000 and 500 ms.
    const taken = [];
    for (const call of ['1', '2', '3']) taken.push((await d.claim(call, { skills: { billing: 50 } })).agentId);
    expect(taken).toEqual(['surplus:best', 'surplus:waits-longest', 'surplus:a-little-better']);
  });

  it('reserves an agent homed elsewhere for a moment, and says which home to ask', async () => {
    const d = store.domain('ask');
    const agent = await d.free('away-ask:x', 1000);
    const reply = await d.claim('c');
    expect(reply).toMatchObject({ verdict: 'ask', agentId: agent });
    expect(reply.record).toMatchObject({ home: 'us', holdMs: reply.clockMs + 200 });
    expect(reply.record?.facets.claim).toBeUndefined();
    expect(await d.claim('other')).toMatchObject({ verdict: 'none', tally: { held: 1 } });
    expect(await d.claim('c')).toMatchObject({ verdict: 'ask', agentId: agent });
    expect(await d.claim('c', { excluded: [agent] })).toMatchObject({ verdict: 'none' });
  });

  it('passes over agents of homes that cannot be asked, with the reason', async () => {
    const d = store.domain('pass');
    await d.free('away-pass:x', 1000);
    await d.free('here', 2000);
    expect(await d.claim('1', { passOver: new Map([['us', 'stale']]) })).toMatchObject({ agentId: 'pass:here' });
    const none = await d.claim('2', { passOver: new Map([['us', 'budget']]) });
    expect(none).toMatchObject({ verdict: 'none', tally: { budget: 1 } });
  });

  it('takes a platform-verified agent of such a home, and asks the home', async () => {
    const d = store.domain('vouched');
    const agent = await d.free('away-vouched:x', 1000);
    await d.free('away-vouched:y', 500);
    const passOver = new Map([['us', 'stale']]) as ClaimRequest['passOver'];
    expect(await d.claim('1', { passOver, vouched: [agent] })).toMatchObject({ verdict: 'ask', agentId: agent });
    expect(await d.claim('2', { passOver, vouched: [agent] })).toMatchObject({ verdict: 'none', tally: { stale: 1 } });
  });

  it("grants on the home's behalf, below any fence that the home has given since", async () => {
    const d = store.domain('instead');
    const agent = await d.free('away-instead:x', 1000);
    const known = { state: 'ENDED', untilMs: 0, callId: 'before', queue: d.queue, completedAtMs: 0 } as const;
    await d.set(agent, { claim: { ...known, fence: 700 } });
    const instead = { passOver: new Map([['us', 'unreachable']]), vouched: [agent], instead: [agent] };
    const reply = await d.claim('c', instead as Partial<ClaimRequest>);
    expect(reply).toMatchObject({ verdict: 'granted', agentId: agent });
    expect(reply.record).toMatchObject({
      home: 'us',
      locksMs: { voice: reply.clockMs + 10_000 },
      facets: { claim: { fence: 701, by: 'eu', state: 'HELD', callId: 'c', untilMs: reply.clockMs + 10_000 } },
    });
    expect(await d.claim('other', instead as Partial<ClaimRequest>)).toMatchObject({ tally: { claimed: 1 } });
    await d.set(agent, { claim: { ...known, fence: 702, state: 'HELD', callId: 'home', remainingMs: 5000 } });
    expect((await d.agents.get(agent))?.facets.claim).toMatchObject({ fence: 702, callId: 'home' });
    expect((await d.agents.get(agent))?.facets.claim?.by).toBeUndefined();
  });

  it('takes only the named agent', async () => {
    const d = store.domain('named');
    await d.free('a', 1000);
    await d.free('b', 2000);
    expect(await d.claim('1', { agentId: 'named:b' })).toMatchObject({ verdict: 'granted', agentId: 'named:b' });
    expect(await d.claim('2', { agentId: 'named:b' })).toMatchObject({ verdict: 'none', tally: { claimed: 1 } });
    expect(await d.claim('3', { agentId: 'named:nobody' })).toMatchObject({ verdict: 'none', tally: { busy: 1 } });
  });

  it('corrects queue entries that are older than the records', async () => {
    const d = store.domain('correct');
    const agent = await d.free('a', 1000);
    await d.command('ZADD', `queue:{correct}:${d.queue}`, '500', 'correct:ghost');
    expect(await d.claim('1')).toMatchObject({ verdict: 'granted', agentId: agent, tally: { busy: 1 } });
    expect((await d.members()).map(([id]) => id)).toEqual([agent]);
    await d.command('ZADD', `queue:{correct}:${d.queue}`, '500', agent);
    expect(await d.claim('2')).toMatchObject({ verdict: 'none', tally: { claimed: 1 } });
    expect((await d.members())[0]?.[1]).toBeGreaterThan(TAIL);
  });

  it('looks at a bounded number of records in one trip', async () => {
    const d = store.domain('bounded');
    await Promise.all(
      Array.from({ length: 1100 }, (_, i) => d.free(`a${i}`, 1000 + i, { [i % 2 ? 'odd' : 'even']: 1 })),
    );
    const keys = ['queue:{bounded}:bounded:q', 'agents:{bounded}', 'changes:{bounded}', 'skills:{bounded}'];
    const skills = ['odd', 'even'].map((name, i) => [`,${name}:`, '000', i + 1]);
    const holders = ['odd', 'even'].map((name) => `skill:{bounded}:${name}`);
    const request = JSON.stringify({ skills, surplus_ms: 0, most: 1 });
    const [found, , counts] = (await store.cluster.run(scripts.find, [...keys, ...holders], [request])) as string[];
    expect(found).toEqual([]);
    const seen = Number(/^seen (\d+)/.exec(counts ?? '')?.[1]);
    expect(seen).toBeGreaterThanOrEqual(512);
    expect(seen).toBeLessThan(512 + 32);
    const { verdict, tally } = await d.claim('1', { skills: { odd: 0, even: 0 } });
    expect({ verdict, seen: tally.seen }).toEqual({ verdict: 'none', seen: 1100 });
  });

  it('explains which agents it considered, and why they were passed over', async () => {
    const d = store.domain('explain');
    await d.free('a', 1000, { billing: 10 });
    await d.free('b', 2000, { billing: 80 });
    const { considered } = await d.claim('1', { skills: { billing: 50 }, explain: true });
    expect(considered.map(({ agentId, obstacle }) => [agentId, obstacle])).toEqual([
      ['explain:a', 'skill'],
      ['explain:b', undefined],
    ]);
  });

  it('sweeps old calls, a part at a time, and keeps those whose claims hold an agent', async () => {
    const d = store.domain('forget');
    await d.free('a', 1000);
    const old = Array.from({ length: 2000 }, (_, i) => [`old${i}`, '1000 forget:x 5 wish']).flat();
    await d.command('HSET', 'calls:{forget}', ...old);
    const held = await d.claim('held');
    await d.command('HSET', 'calls:{forget}', 'held', `1000 ${held.agentId} ${fenceOf(held)} wish`);
    await d.claim('new');
    let cursor = '0';
    const removed: number[] = [];
    do {
      const swept = await d.store.calls.sweep('forget', cursor);
      removed.push(swept.removed);
      cursor = swept.cursor;
    } while (cursor !== '0');
    expect(removed.length).toBeGreaterThan(4);
    expect(removed.reduce((sum, one) => sum + one, 0)).toBe(2000);
    expect(await d.command('HKEYS', 'calls:{forget}')).toEqual(['held']);
  });
});

describe('find', () => {
  it('lists the best agents in order and changes nothing', async () => {
    const d = store.domain('find');
    for (const [id, since] of [
      ['c', 3000],
      ['a', 1000],
      ['b', 2000],
    ] as const)
      await d.free(id, since);
    const before = await d.members();
    const found = await d.queues.find({
      domain: 'find',
      queue: d.queue,
      media: 'voice',
      skills: {},
      passOver: new Map(),
      vouched: [],
      explain: false,
      limit: 2,
    });
    expect(found.agents.map((each) => each.agentId)).toEqual(['find:a', 'find:b']);
    expect(await d.members()).toEqual(before);
  });
});
