import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { openRedisStore } from '../../src/store/redis/redis-store.ts';
import { LOCAL_USER } from '../../world/redis/access.ts';
import { poolConfig } from '../fixtures/pool.ts';
import { type Domain, type Store, silent, startStore } from '../fixtures/store.ts';

let store: Store;
beforeAll(async () => {
  store = await startStore({ replicas: false });
});
afterAll(() => store.stop());

/** The same number of claims at once, of which all but the first gather in one script call. */
const claimAtOnce = (d: Domain, count: number, change: (i: number) => Parameters<Domain['claim']>[1] = () => ({})) =>
  Promise.allSettled(Array.from({ length: count }, (_, i) => d.claim(`call-${i}`, change(i))));

describe('claims in one script call', () => {
  it('give every agent to one call, in the order of the queue', async () => {
    const d = store.domain('together');
    for (let i = 0; i < 30; i++) await d.free(`a${String(i).padStart(2, '0')}`, 1000 + i);
    const answers = await claimAtOnce(d, 40);
    const replies = answers.map((each) => (each.status === 'fulfilled' ? each.value : undefined));
    const agents = replies.flatMap((reply) => (reply?.verdict === 'granted' ? [reply.agentId] : []));
    expect(agents).toEqual(Array.from({ length: 30 }, (_, i) => `together:a${String(i).padStart(2, '0')}`));
    expect(replies.slice(30).map((reply) => [reply?.verdict, reply?.tally.claimed])).toEqual(
      Array(10).fill(['none', 30]),
    );
  });

  it('answer a call that is asked for twice with one claim', async () => {
    const d = store.domain('twice');
    for (const name of ['a', 'b', 'c']) await d.free(name, 1000);
    const [, one, other] = await Promise.all([d.claim('first'), d.claim('same'), d.claim('same')]);
    expect([one.verdict, other.verdict]).toEqual(['granted', 'again']);
    expect([other.agentId, other.fence]).toEqual([one.agentId, one.fence]);
  });

  it('fail alone: the others are answered, and no agent is left locked', async () => {
    const d = store.domain('alone');
    for (let i = 0; i < 6; i++) await d.free(`a${i}`, 1000 + i);
    await d.command('SET', 'queue:{alone}:broken', 'not a queue');
    const answers = await claimAtOnce(d, 6, (i) => (i === 3 ? { queue: 'broken' } : {}));
    expect(answers.map(({ status }) => status)).toEqual(
      [0, 1, 2, 3, 4, 5].map((i) => (i === 3 ? 'rejected' : 'fulfilled')),
    );
    expect(answers[3]).toMatchObject({ reason: { message: expect.stringContaining('WRONGTYPE') } });
    const granted = answers.flatMap((each) => (each.status === 'fulfilled' ? [each.value.agentId] : []));
    expect(new Set(granted).size).toBe(5);
    expect(await d.claim('later')).toMatchObject({ verdict: 'granted', agentId: 'alone:a5' });
  });

  it('lock nobody if the locks cannot be written', async () => {
    const d = store.domain('unlocked');
    for (const name of ['a', 'b', 'c']) await d.free(name, 1000);
    await d.command('SET', 'ends:{unlocked}', 'not a list of ends');
    const answers = await claimAtOnce(d, 3);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await d.command('DEL', 'ends:{unlocked}');
    const again = await claimAtOnce(d, 3);
    expect(again.map((each) => each.status === 'fulfilled' && each.value.verdict)).toEqual(Array(3).fill('granted'));
  });
});

describe('commits in one script call', () => {
  it('fail alone, and the others are stored', async () => {
    const d = store.domain('mixed');
    await d.command('SET', 'queue:{mixed}:broken', 'not a queue');
    const at = { at: 1000, id: 'e' };
    const change = (queue: string) => ({
      profile: { name: 'x', queues: [queue], skills: {}, tenureDays: 0, ...at },
      presence: { state: 'ON_DUTY', ...at } as const,
      activity: { state: 'IDLE', ...at } as const,
    });
    const names = ['a', 'b', 'c', 'd'];
    const answers = await Promise.allSettled(
      names.map((name) => d.agents.apply(`mixed:${name}`, change(name === 'c' ? 'broken' : 'mixed:q'))),
    );
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    const stored = await d.agents.getAll(
      'mixed',
      names.map((name) => `mixed:${name}`),
    );
    expect([...stored.keys()]).toEqual(['mixed:a', 'mixed:b', 'mixed:d']);
  });

  it('of one agent are merged one after the other', async () => {
    const d = store.domain('same');
    const changes = Array.from({ length: 20 }, (_, i) => ({
      presence: { state: i % 2 === 0 ? 'PAUSED' : 'ON_DUTY', at: 1000 + i, id: `e${i}` } as const,
    }));
    await Promise.all(changes.map((each) => d.agents.apply('same:a', each)));
    expect((await d.agents.get('same:a'))?.facets.presence).toMatchObject({ at: 1019 });
  });
});

describe('records of another version', () => {
  it('keep an instance from starting, and it says what to do', async () => {
    const d = store.domain('old');
    await d.command('HSET', 'agents:{old}', 'old:a', '1795401170170113 AVAILABLE 0 0 0 0 - - - - 0 - 1 eu , - {}');
    const settings = { nodes: store.redis.addresses, ...LOCAL_USER };
    const opened = openRedisStore({ settings, config: poolConfig('old'), clock: systemClock, log: silent });
    await expect(opened).rejects.toThrow(
      /domain "old" have a format that this version of Muster does not know.*FLUSHALL/,
    );
  });
});
