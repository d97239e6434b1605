import { describe, expect, it } from 'vitest';
import { isAtLeast, isPosition, type Store, type Unpublished } from '../../../src/store/store.ts';
import { type Pool, poolConfig } from '../../fixtures/pool.ts';
import { SOON } from '../../fixtures/soon.ts';
import type { Stores } from './harness.ts';

export const START = '0-0';
export const released = { state: 'ENDED', lockMs: 0, endReason: 'released' } as const;
export const paused = (at: number) => ({ presence: { state: 'PAUSED', at, id: `p${at}` } }) as const;

/** Reads on behalf of a relay. */
export async function next(d: Pool, published?: Unpublished, most = 100, by: Store = d.store): Promise<Unpublished> {
  return (await by.outbox.next(d.name, published, most)).evenIfLost();
}

export const waitingOf = async (d: Pool): Promise<number | undefined> =>
  (await d.store.outbox.waiting()).get(d.name)?.count;

/** Stores an event with its message. @returns the position of its change */
export async function report(d: Pool, agentId: string, at: number, message = `m${at}`): Promise<string> {
  return (await d.agents.apply(agentId, paused(at), () => message)).evenIfLost().position ?? 'none';
}

export const agentsIn = ({ entries }: Unpublished): string[] =>
  entries.map(({ agentId }) => agentId.split(':')[1] ?? '');

/** What a region's relay reads, and how it passes it. */
export function outboxContract(stores: Stores): void {
  /** A domain with `count` changes that are this region's to publish, each of an agent of its own. */
  const waiting = async (count: number): Promise<Pool> => {
    const d = stores.pool();
    for (let i = 0; i < count; i++) await report(d, `${d.name}:a${i}`, 1000);
    return d;
  };

  describe('reading', () => {
    it('gives events with their messages and claims that this region moved, in order; other changes only count', async () => {
      const d = stores.pool();
      const agentId = await d.free('a', 1000);
      const { fence } = await d.claim('call');
      await d.settle(agentId, fence, released);
      const position = await report(d, agentId, 5000, 'paused é {}');
      const claim = { fence: 7, state: 'HELD', untilMs: 9, callId: 'far', queue: 'q', completedAtMs: 0 } as const;
      await d.set(`away-${d.name}:x`, { claim: { ...claim, remainingMs: 1000 } });
      const { entries, ...read } = await next(d);
      const latest = await d.store.changes.latest(d.name);
      expect(read).toEqual({ storeId: expect.stringMatching(/\S/), latest, from: START, to: latest, count: 5 });
      const ofCall = { callId: 'call', queue: d.queue, fence };
      expect(entries).toMatchObject([
        { agentId, claim: { ...ofCall, state: 'HELD' } },
        { agentId, claim: { ...ofCall, state: 'ENDED', endReason: 'released' } },
        { agentId, position, message: 'paused é {}' },
      ]);
      expect(entries.map(({ message }) => message)).toEqual([undefined, undefined, 'paused é {}']);
      expect(entries[2]).not.toHaveProperty('claim');
      expect(entries.every((each) => isPosition(each.position) && each.writtenMs > 0)).toBe(true);
      expect(entries.every((each, i) => i === 0 || isAtLeast(each.position, entries[i - 1]?.position))).toBe(true);
    });

    it('gives a claim on another unit with that unit, and a lapse before the claim that takes the unit', async () => {
      const d = stores.pool();
      const agentId = `${d.name}:a`;
      const capacity = { media: { voice: { units: 1, beside: [] }, chat: { units: 1, beside: [] } } };
      const profile = { name: 'a', queues: [d.queue], skills: {}, tenureDays: 0, capacity, at: 1000, id: 'p' };
      const at = { at: 1000, id: 'x' };
      await d.set(agentId, { profile, presence: { state: 'ON_DUTY', ...at }, activity: { state: 'IDLE', ...at } });
      await d.claim('1', { media: 'chat', heldMs: 1 });
      await stores.harness.pass(10);
      await d.claim('2', { media: 'chat' });
      const told = (await next(d)).entries.map(({ claim }) => [claim?.unit, claim?.callId, claim?.state]);
      expect(told).toEqual([
        ['chat-1', '1', 'HELD'],
        ['chat-1', '1', 'ENDED'],
        ['chat-1', '2', 'HELD'],
      ]);
    });

    it('gives an event that carries claims once, with its message', async () => {
      const d = stores.pool();
      const claim = { fence: 7, state: 'HELD', untilMs: 9, callId: 'c', queue: 'q', completedAtMs: 0 } as const;
      const both = { claim, digitalClaims: { 'chat-1': { ...claim, unit: 'chat-1' } } };
      const written = (await d.agents.apply(`${d.name}:a`, { ...both, ...paused(1000) }, () => 'm')).evenIfLost();
      const { entries, count, to } = await next(d);
      expect(entries).toMatchObject([{ agentId: `${d.name}:a`, message: 'm' }]);
      expect([count, to]).toEqual([3, written.position]);
    });

    it('gives nothing for what changed nothing, claims found again included', async () => {
      const d = stores.pool();
      const agentId = `${d.name}:a`;
      await d.free('a', 1000);
      await d.claim('call');
      await report(d, agentId, 2000);
      const before = await next(d);
      expect(await report(d, agentId, 2000, 'again')).toBe('none');
      await d.claim('call');
      await d.agents.affirm(agentId, await d.record(agentId));
      await d.claim('another');
      expect(await next(d, before)).toMatchObject({ entries: [], count: 0, from: before.to, to: before.to });
    });

    it('goes no further than asked, and says how far the stream goes', async () => {
      const d = await waiting(3);
      const latest = await d.store.changes.latest(d.name);
      const [first, all, more] = [await next(d, undefined, 2), await next(d, undefined, 3), await next(d)];
      expect([first, all, more].map(({ count }) => count)).toEqual([2, 3, 3]);
      expect([first, all, more].map((each) => each.latest)).toEqual([latest, latest, latest]);
      expect(agentsIn(first)).toEqual(['a0', 'a1']);
      expect([first.to, all.to]).toEqual([first.entries[1]?.position, latest]);
    });

    it('of an empty domain gives nothing', async () => {
      const d = stores.pool();
      const read = await next(d);
      expect(read).toMatchObject({ latest: START, from: START, to: START, count: 0, entries: [] });
      expect(await next(d, read)).toEqual(read);
    });
  });

  describe('passing', () => {
    it('happens with the next read, and lasts; until then a change is read again', async () => {
      const d = await waiting(3);
      const first = await next(d, undefined, 2);
      expect(await next(d, undefined, 2)).toEqual(first);
      const second = await next(d, first, 2);
      expect(agentsIn(second)).toEqual(['a2']);
      expect([second.from, second.storeId]).toEqual([first.to, first.storeId]);
      expect(agentsIn(await next(d, undefined, 2, stores.harness.open(d.config)))).toEqual(['a2']);
      expect(await next(d, second)).toMatchObject({ entries: [], from: second.to, to: second.to });
    });

    it('is in order if two relays read different amounts, and is counted once', async () => {
      const d = await waiting(6);
      const other = stores.harness.open(d.config);
      const two = await next(d, undefined, 2);
      const three = await next(d, undefined, 3, other);
      const all = await next(d);
      const rest = await next(d, three, 2, other);
      expect(agentsIn(rest)).toEqual(['a3', 'a4']);
      expect(await waitingOf(d)).toBe(3);
      // The one that read less comes later, and passes nothing.
      expect(await next(d, two, 2)).toEqual(rest);
      expect(await waitingOf(d)).toBe(3);
      // The one that read more had begun before what is passed now.
      expect(await next(d, all)).toMatchObject({ entries: [], count: 0, to: all.to });
      expect(await waitingOf(d)).toBe(0);
      expect(await next(d, rest, 2, other)).toMatchObject({ entries: [], count: 0, from: all.to });
      expect(await waitingOf(d)).toBe(0);
      await report(d, `${d.name}:a6`, 1000);
      expect([agentsIn(await next(d)), await waitingOf(d)]).toEqual([['a6'], 1]);
    });

    it('what was read of another store passes nothing', async () => {
      const d = await waiting(2);
      const read = await next(d);
      expect(await next(d, { ...read, storeId: 'another' })).toEqual(read);
      expect(await waitingOf(d)).toBe(2);
      expect(await next(d, read)).toMatchObject({ count: 0 });
    });

    it('removes nothing from the change stream that its readers follow', async () => {
      const d = await waiting(3);
      const read = await next(d);
      await next(d, read);
      const changes = await d.store.changes.after(d.name, START, 10);
      expect(changes).toEqual(read.entries.map(({ position, agentId }) => ({ position, agentId })));
      expect(await d.store.changes.after(d.name, read.entries[0]?.position ?? '', 1)).toEqual(changes.slice(1, 2));
    });
  });

  describe('a message', () => {
    it('is written with its record in one step: none without the other, and in the order of the record’s versions', async () => {
      for (const seed of stores.harness.seeds.slice(0, 50)) {
        stores.harness.seed(seed);
        const d = stores.pool();
        const writers = [1, 2, 3].map(() => stores.harness.open(d.config));
        const agentId = `${d.name}:a`;
        const known = (facets: object): string => JSON.stringify(facets);
        const written = await Promise.all(
          [1000, 1001, 1002, 1003, 1004, 1005].map((at, i) =>
            writers[i % 3]?.agents.apply(
              agentId,
              i % 2 ? paused(at) : { activity: { state: 'IDLE', at, id: 'a' } },
              known,
            ),
          ),
        );
        const positions = written.flatMap((each) => each?.evenIfLost().position ?? []);
        const { entries } = await next(d);
        expect(entries.map(({ position }) => position).sort()).toEqual(positions.sort());
        const { facets } = await d.record(agentId);
        // Each message is made of the facets that were stored with it, so the last one is what is stored now.
        expect(JSON.parse(entries.at(-1)?.message ?? '')).toEqual(JSON.parse(JSON.stringify(facets)));
        const times = entries.map(({ message = '' }) => {
          const { presence, activity } = JSON.parse(message) as Record<string, { at: number } | undefined>;
          return (presence?.at ?? 0) + (activity?.at ?? 0);
        });
        expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
      }
      stores.harness.seed(0);
    });

    it('is not shown to the readers of changes, which skip nothing', async () => {
      const d = stores.pool();
      const agentId = await d.free('a', 1000);
      const { fence } = await d.claim('call');
      const position = await report(d, agentId, 5000);
      const changes = await d.store.changes.after(d.name, START, 10);
      if (changes === 'gone') throw new Error('the position is gone');
      expect(changes.map((each) => Object.keys(each).sort())).toEqual([
        ['agentId', 'position'],
        ['agentId', 'claim', 'position'],
        ['agentId', 'position'],
      ]);
      expect(changes).toMatchObject([{ agentId }, { agentId, claim: { fence } }, { agentId, position }]);
      const one = async (from: string) => {
        const found = await d.store.changes.after(d.name, from, 1);
        return found === 'gone' ? undefined : found[0];
      };
      expect([await one(START), await one(changes[0]?.position ?? ''), await one(changes[1]?.position ?? '')]).toEqual(
        changes,
      );
      expect(await one(position)).toBeUndefined();
    });
  });

  it('counts what waits, ours to publish or not, for every domain', async () => {
    const d = stores.pool();
    const none = { count: 0, ageMs: 0, leftOut: 0 };
    expect(Object.fromEntries(await d.store.outbox.waiting())).toMatchObject({ [d.name]: none, main: none });
    const agentId = await d.free('a', 1000);
    await report(d, agentId, 2000);
    await d.claim('nobody', { skills: { latin: 1 } });
    expect(await waitingOf(d)).toBe(2);
    await next(d, await next(d, undefined, 1), 1);
    expect(await waitingOf(d)).toBe(1);
  });

  it('tells the age of the oldest change that waits, ours or not', async () => {
    const d = await waiting(1);
    const ageOf = async () => (await d.store.outbox.waiting()).get(d.name)?.ageMs ?? Number.NaN;
    await stores.harness.pass(30);
    await d.free('b', 1000);
    expect(await ageOf()).toBeGreaterThanOrEqual(29);
    await stores.harness.pass(30);
    expect(await ageOf()).toBeGreaterThanOrEqual(59);
    const first = await next(d, undefined, 1);
    await next(d, first, 1);
    const age = await ageOf();
    expect(age).toBeGreaterThanOrEqual(29);
    await next(d, await next(d));
    expect(await ageOf()).toBe(0);
  });

  it('says how much of a domain waits, as last counted, and its limit', async () => {
    const d = stores.pool();
    const { outbox, agents } = stores.harness.open(d.config, 2);
    const counted = () => outbox.counted.get(d.name)?.count;
    for (const at of [1000, 2000, 3000]) await agents.apply(`${d.name}:a`, paused(at), () => 'm');
    expect([counted(), outbox.limit]).toEqual([undefined, 2]);
    expect((await outbox.waiting()).get(d.name)?.count).toBe(3);
    expect([counted(), outbox.counted.get('main')?.count]).toEqual([3, 0]);
    await next(d, await next(d, undefined, 2));
    expect(counted()).toBe(3);
    await outbox.waiting();
    expect(counted()).toBe(1);
  });

  it('tells its instance of each write that is to be published, and of no other', async () => {
    const d = stores.pool();
    const told: string[] = [];
    d.store.outbox.relayed = new Set([d.name]);
    d.store.outbox.onAppend = (domain) => told.push(domain) > 0;
    const agentId = await d.free('a', 1000);
    const claim = { fence: 7, state: 'HELD', untilMs: 9, callId: 'far', queue: 'q', completedAtMs: 0 } as const;
    await d.set(`away-${d.name}:x`, { claim: { ...claim, remainingMs: 1000 } });
    await d.claim('nobody', { skills: { latin: 1 } });
    expect(told).toEqual([]);
    const { fence } = await d.claim('call');
    expect(told).toEqual([d.name]);
    await d.claim('call');
    await d.settle(agentId, fence + 1, { state: 'ENDED', lockMs: 0, endReason: 'released', onlyLapsed: true });
    expect(told).toHaveLength(1);
    await d.settle(agentId, fence, released);
    expect(told).toHaveLength(2);
    await report(d, agentId, 5000);
    expect(told).toHaveLength(3);
    await report(d, agentId, 5000, 'again');
    expect(told).toEqual([d.name, d.name, d.name]);
  });

  it('signals new changes of a domain to other instances', async () => {
    const config = poolConfig('main');
    const [one, other] = [stores.harness.open(config), stores.harness.open(config)];
    const heard: string[] = [];
    await other.outbox.hear((domain) => heard.push(domain));
    await expect
      .poll(() => {
        one.outbox.announce('main');
        return heard.includes('main');
      }, SOON)
      .toBe(true);
  });

  it('knows which changes the store has, and that another store has others', async () => {
    const d = await waiting(2);
    const other = stores.harness.open(d.config);
    const { storeId, entries, latest } = await next(d);
    const [first = START, second = START] = entries.map(({ position }) => position);
    const beyond = `${Number(latest.split('-')[0]) + 1_000_000}-0`;
    for (const { outbox } of [d.store, other]) {
      expect([await outbox.has(d.name, storeId, first), await outbox.has(d.name, storeId, second)]).toEqual([
        true,
        true,
      ]);
      expect(await outbox.has(d.name, storeId, beyond)).toBe(false);
      expect(await outbox.has(d.name, 'another', first)).toBe(false);
    }
    const third = await report(d, `${d.name}:a0`, 9000);
    expect([await d.store.outbox.has(d.name, storeId, third), await other.outbox.has(d.name, storeId, third)]).toEqual([
      true,
      true,
    ]);
    await next(d, await next(d));
    expect(await other.outbox.has(d.name, storeId, first)).toBe(true);
  });
}
