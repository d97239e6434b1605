import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scripts } from '../../src/store/redis/scripts.ts';
import { facets } from '../agent/arbitrary.ts';
import { type Domain, type Store, startStore } from '../fixtures/store.ts';

let store: Store;
beforeAll(async () => {
  store = await startStore({ replicas: false });
});
afterAll(() => store.stop());

const FAR = 1e15 + 9e12;
const check = (d: Domain) => d.store.align(d.name, async () => undefined);
const queue = (d: Domain, name = d.queue): string => `queue:{${d.name}}:${name}`;

/** Queues and scores as they are, to be compared. */
async function places(d: Domain, ...names: string[]): Promise<unknown> {
  return Promise.all(names.map((name) => d.command('ZRANGE', queue(d, name), '0', '-1', 'WITHSCORES')));
}

describe('an index check', () => {
  it('repairs every kind of difference, and then finds none', async () => {
    const d = store.domain('wrong');
    const [lost, early, stuck, busy, ghost] = await Promise.all(
      ['lost', 'early', 'stuck', 'busy', 'ghost'].map((id, i) => d.free(id, 1000 + i)),
    );
    await d.set(busy as string, { presence: { state: 'PAUSED', at: 2000, id: 'p' } });
    const right = await places(d, d.queue, 'global', 'wrong:other', 'wrong:nobody');

    await d.command('ZREM', queue(d), lost as string);
    await d.command('ZADD', queue(d, 'global'), '5', early as string);
    await d.command('ZADD', queue(d), String(FAR), stuck as string);
    await d.command('ZADD', queue(d), '7', busy as string);
    await d.command('ZADD', queue(d, 'wrong:other'), '1004', ghost as string);
    await d.command('ZADD', queue(d, 'wrong:nobody'), '1', 'wrong:never-was');

    expect(await check(d)).toEqual({
      records: 5,
      members: 10,
      repaired: { missing: 1, misplaced: 1, stuck: 1, unavailable: 1, ghost: 2 },
    });
    expect(await places(d, d.queue, 'global', 'wrong:other', 'wrong:nobody')).toEqual(right);
    expect(await check(d)).toEqual({ records: 5, members: 8, repaired: {} });
  });

  it('repairs the sets of those who have a skill, whatever is in a skill’s name', async () => {
    const d = store.domain('skilled');
    const [a, b] = await Promise.all(['a', 'b'].map((id) => d.free(id, 1000, { 'sign é}:*': 10, spanish: 20 })));
    const key = (skill: string): string => `skill:{skilled}:${skill}`;
    await d.command('SREM', key('sign é}:*'), a as string);
    await d.command('DEL', key('spanish'));
    await d.command('SADD', key('french'), b as string, 'skilled:never-was');
    expect(await check(d)).toMatchObject({ repaired: { missing: 3, ghost: 2 } });
    expect(await d.command('SCARD', key('sign é}:*'))).toBe(2);
    expect(await d.command('SCARD', key('spanish'))).toBe(2);
    expect(await d.command('EXISTS', key('french'))).toBe(0);
    await d.set(b as string, {
      profile: { name: 'b', queues: [d.queue], skills: {}, tenureDays: 0, at: 2000, id: 'p' },
    });
    expect(await d.command('SMEMBERS', key('spanish'))).toEqual([a]);
    expect(await check(d)).toMatchObject({ repaired: {} });
  });

  it('ignores what the next scan corrects: claimed in another queue, and a lapsed claim', async () => {
    const d = store.domain('lazy');
    await d.free('a', 1000);
    await d.claim('call-1');
    const claimed = await places(d, d.queue, 'global');
    expect(await check(d)).toMatchObject({ repaired: {} });
    expect(await places(d, d.queue, 'global')).toEqual(claimed);
    await d.free('b', 2000);
    await d.claim('call-2', { heldMs: 1 });
    expect(await check(d)).toMatchObject({ repaired: {} });
  });

  it('finds no error after any sequence of scripts', async () => {
    const d = store.domain('agree');
    let calls = 0;
    const agents = fc.array(facets, { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(agents, fc.boolean(), async (changes, claims) => {
        await Promise.all(changes.map((change, i) => d.set(`agree:${i % 7}`, change)));
        if (claims) await d.claim(`call-${calls++}`, { queue: 'global', heldMs: 20 });
        expect(await check(d)).toMatchObject({ repaired: {} });
      }),
      { numRuns: 30 },
    );
  });

  it('takes several steps and reports the records of each', async () => {
    const d = store.domain('many');
    await Promise.all(Array.from({ length: 600 }, (_, i) => d.free(`agent-${i}`, 1000 + i)));
    const read: number[] = [];
    const pace = async (records: number) => void read.push(records);
    const found = await d.store.align(d.name, pace);
    expect(found).toEqual({ records: 600, members: 1200, repaired: {} });
    expect(read.reduce((sum, records) => sum + records, 0)).toBe(1800);
    expect(Math.max(...read)).toBeLessThan(300);
  });
});

describe('align', () => {
  it('does not touch an agent whose record has changed since it was compared', async () => {
    const d = store.domain('moved');
    const id = await d.free('a', 1000);
    const compared = (await d.agents.get(id))?.version as string;
    await d.command('ZREM', queue(d), id);
    await d.set(id, { profile: { name: 'a', queues: ['moved:other'], skills: {}, tenureDays: 0, at: 2000, id: 'p' } });
    const align = (version: string) =>
      store.cluster.run(scripts.align, [`agents:{${d.name}}`, queue(d), `store:{${d.name}}`], [id, version, '1']);
    expect(Number(await align(compared))).toBe(0);
    expect(Number(await align('0'))).toBe(0);
    expect(await d.members()).toEqual([]);
  });
});

describe('agents that the config no longer accepts', () => {
  it('are in no queue after a check, and cannot be found', async () => {
    const d = store.domain('left');
    const agentId = await d.free('gone', 1000);
    const { left: _, ...connections } = d.config.connections;
    const config = { ...d.config, connections };
    expect(await places(d, 'global')).not.toEqual([[]]);
    const pace = async () => undefined;
    const { repaired } = await store.open(config).align(d.name, pace);
    expect(repaired).toEqual({ ghost: 2 });
    expect(await places(d, d.queue, 'global')).toEqual([[], []]);
    expect(await store.open(config).agents.get(agentId)).toBe(undefined);
  });
});
