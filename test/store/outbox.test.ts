import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHANGES_KEPT, type Unpublished } from '../../src/store/store.ts';
import { withAdmin } from '../../world/redis/admin.ts';
import { type Domain, type Store, startStore } from '../fixtures/store.ts';

let store: Store;
beforeAll(async () => {
  store = await startStore({ replicas: false });
});
afterAll(() => store.stop());

const changesOf = (d: Domain): string => `changes:{${d.name}}`;
const storeOf = (d: Domain): string => `store:{${d.name}}`;
const next = async (d: Domain, published?: Unpublished, most = 500): Promise<Unpublished> =>
  (await d.store.outbox.next(d.name, published, most)).evenIfLost();
const waitingOf = async (d: Domain): Promise<number | undefined> => (await d.store.outbox.waiting()).get(d.name)?.count;
const lengthOf = async (d: Domain): Promise<number> => Number(await d.command('XLEN', changesOf(d)));
const report = (d: Domain, at: number) =>
  d.agents.apply(`${d.name}:a`, { presence: { state: 'ON_DUTY', at, id: `e${at}` } }, () => `m${at}`);

/** Appends changes with the messages `from` to `to - 1`. */
async function fill(d: Domain, from: number, to: number): Promise<void> {
  const add = `for i = ${from}, ${to - 1} do redis.call('XADD', KEYS[1], '*', 'a', '${d.name}:x', 'm', i) end`;
  await d.command('EVAL', add, '1', changesOf(d));
}

const messagesIn = ({ entries }: Unpublished): number[] => entries.map(({ message }) => Number(message));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe('a store whose memory is full', () => {
  it('takes no events, and is read and passed all the same, so that it gets room again', async () => {
    const d = store.domain('full');
    await fill(d, 0, 3);
    const { port } = await store.redis.masterOf(changesOf(d));
    const limitMemory = (bytes: number) =>
      withAdmin(port, (node) => node.run('CONFIG', 'SET', 'maxmemory', String(bytes)));
    await limitMemory(1_000_000);
    try {
      await expect(report(d, 1)).rejects.toThrow();
      const read = await next(d);
      expect(messagesIn(read)).toEqual([0, 1, 2]);
      expect(await next(d, read)).toMatchObject({ count: 0, from: read.to });
      expect(await waitingOf(d)).toBe(0);
    } finally {
      await limitMemory(0);
    }
  });
});

describe('trimming', () => {
  /** More than this is never kept of what is passed: trimming goes from mark to mark, and reads are of 500 at most. */
  const MOST_KEPT = CHANGES_KEPT + 3000;

  it('removes only what is passed and not among the last that are, and each change is read once', async () => {
    const d = store.domain('long');
    const TOTAL = 26_000;
    const STEP = 2000;
    const seen: number[] = [];
    let published: Unpublished | undefined;
    let passed = 0;
    for (let written = 0; written < TOTAL; written += STEP) {
      await fill(d, written, written + STEP);
      // Now and then the bus is away, and nothing is read.
      if (written % (4 * STEP) === 0) continue;
      do {
        passed = seen.length;
        published = await next(d, published);
        seen.push(...messagesIn(published));
        const kept = (await lengthOf(d)) - (written + STEP - passed);
        expect(kept).toBeGreaterThanOrEqual(Math.min(passed, CHANGES_KEPT));
        expect(kept).toBeLessThanOrEqual(MOST_KEPT);
        expect(await waitingOf(d)).toBe(written + STEP - passed);
      } while (published.count > 0);
    }
    while (seen.length < TOTAL) {
      published = await next(d, published);
      seen.push(...messagesIn(published));
    }
    expect(seen).toEqual(upTo(TOTAL));
    expect(await next(d, published)).toMatchObject({ count: 0, to: published?.to });
    expect(await waitingOf(d)).toBe(0);
    expect(Number(await d.command('HGET', storeOf(d), 'passed'))).toBe(TOTAL);
    expect(await lengthOf(d)).toBeLessThan(TOTAL);
  });

  it('removes nothing while nothing is passed, however much waits', async () => {
    const d = store.domain('away');
    for (let n = 0; n < 25_000; n += 5000) await fill(d, n, n + 5000);
    for (let i = 0; i < 3; i++) expect(messagesIn(await next(d))).toEqual(upTo(500));
    expect([await lengthOf(d), await waitingOf(d)]).toEqual([25_000, 25_000]);
  });

  it('is the same with two relays that pass different amounts, and their counts agree with the stream', async () => {
    const d = store.domain('two');
    const TOTAL = 25_500;
    for (let n = 0; n < TOTAL; n += 1500) await fill(d, n, n + 1500);
    const relays: { most: number; published?: Unpublished }[] = [{ most: 500 }, { most: 330 }];
    const first = new Map<number, number>();
    for (let n = 0; first.size < TOTAL || n < 10; n++) {
      const relay = relays[n % 2];
      if (!relay) continue;
      // One of them misses a turn from time to time, so its read is behind the other's.
      if (n % 7 === 0) continue;
      relay.published = await next(d, relay.published, relay.most);
      for (const message of messagesIn(relay.published)) if (!first.has(message)) first.set(message, n);
      const [length, waits] = [await lengthOf(d), await waitingOf(d)];
      const passed = TOTAL - (waits ?? 0);
      expect(length).toBeGreaterThanOrEqual(TOTAL - passed + Math.min(passed, CHANGES_KEPT));
    }
    expect([...first.keys()]).toEqual(upTo(TOTAL));
    for (const { most, published } of relays) await next(d, published, most);
    const last = await next(d);
    expect([last.count, await waitingOf(d)]).toEqual([0, 0]);
    expect(await d.command('HGET', storeOf(d), 'passed')).toBe(String(TOTAL));
  });

  it('leaves the followers of the last changes where they are, and tells others that theirs are gone', async () => {
    const d = store.domain('follow');
    for (let n = 0; n < 14_000; n += 2000) await fill(d, n, n + 2000);
    const entries = (await d.command('XRANGE', changesOf(d), '-', '+')) as [string, string[]][];
    const positions = entries.map(([position]) => position);
    let published: Unpublished | undefined;
    do published = await next(d, published);
    while (published.count > 0);
    const at = (index: number): string => positions.at(index) ?? '';
    expect(await d.store.changes.after(d.name, at(-CHANGES_KEPT), 2)).toEqual([
      { position: at(1 - CHANGES_KEPT), agentId: 'follow:x' },
      { position: at(2 - CHANGES_KEPT), agentId: 'follow:x' },
    ]);
    expect(await d.store.changes.after(d.name, at(0), 2)).toBe('gone');
    expect(await d.store.changes.after(d.name, '0-0', 2)).toBe('gone');
  });
});

describe('a store that was emptied', () => {
  it('has another id, has none of what was there, and everything new in it is published', async () => {
    const d = store.domain('emptied');
    for (const at of [1000, 2000, 3000]) await report(d, at);
    const before = await next(d);
    const all = ['agents', 'facets', 'calls', 'changes', 'ends', 'roster', 'store'].map((key) => `${key}:{${d.name}}`);
    await d.command('DEL', ...all);
    const fresh = store.domain('emptied');
    const written = (await report(fresh, 4000)).evenIfLost();
    // The relay did not notice, and passes what it published.
    const after = await next(d, before);
    expect(after.storeId).not.toBe(before.storeId);
    expect(after).toMatchObject({ from: '0-0', to: written.position, count: 1, entries: [{ message: 'm4000' }] });
    expect(await waitingOf(d)).toBe(1);
    expect(await fresh.store.outbox.has(d.name, before.storeId, before.latest)).toBe(false);
    expect(await fresh.store.outbox.has(d.name, after.storeId, written.position ?? '')).toBe(true);
    expect(await next(d, after)).toMatchObject({ count: 0 });
    expect(await waitingOf(d)).toBe(0);
  });

  it('has no change before it is read', async () => {
    const d = store.domain('unread');
    const { position = '' } = (await report(d, 1000)).evenIfLost();
    expect(await d.store.outbox.has(d.name, '', position)).toBe(false);
    const { storeId } = await next(d);
    expect(await d.store.outbox.has(d.name, storeId, position)).toBe(true);
  });
});

describe('what a failover lost', () => {
  it('of the passing is read again, and counted once', async () => {
    const d = store.domain('unpassed');
    await fill(d, 0, 1200);
    const first = await next(d);
    const known = ((await d.command('HGETALL', storeOf(d))) ?? {}) as Record<string, string> | string[];
    const second = await next(d, first);
    const third = await next(d, second);
    expect(await waitingOf(d)).toBe(200);
    const fields = Array.isArray(known) ? known : Object.entries(known).flat();
    await d.command('HSET', storeOf(d), ...fields.map(String));
    expect(await waitingOf(d)).toBe(1200);
    expect(messagesIn(await next(d))).toEqual(upTo(500));
    // The relay goes on with what it published.
    expect(await next(d, third)).toMatchObject({ count: 0, to: third.to });
    expect(await waitingOf(d)).toBe(0);
  });

  it('of the changes is not there for this instance either, once it has forgotten what it knew', async () => {
    const d = store.domain('older');
    await report(d, 1000);
    const { storeId, latest } = await next(d);
    const { position = '' } = (await report(d, 2000)).evenIfLost();
    await next(d);
    expect(await d.store.outbox.has(d.name, storeId, position)).toBe(true);
    await d.command('XDEL', changesOf(d), position);
    d.store.outbox.forget();
    expect(await d.store.outbox.has(d.name, storeId, position)).toBe(false);
    expect(await d.store.outbox.has(d.name, storeId, latest)).toBe(true);
  });
});

describe('a record and its message', () => {
  it('reach Redis with one script call', async () => {
    const d = store.domain('once');
    await report(d, 1000);
    await next(d, await next(d));
    const { position } = (await report(d, 2000)).evenIfLost();
    const ours = (await d.command('XREVRANGE', changesOf(d), '+', '-', 'COUNT', '2')) as [string, string[]][];
    expect(ours[0]).toEqual([position, ['a', 'once:a', 'm', 'm2000']]);
    expect((await d.command('KEYS', '*{once}*')) as string[]).not.toContainEqual(expect.stringContaining('outbox'));
    // Without room for the record there is no message either.
    const before = await lengthOf(d);
    await d.command('HSET', 'agents:{once}', 'once:b', 'not a header');
    await expect(
      d.agents.apply('once:b', { presence: { state: 'PAUSED', at: 1, id: 'x' } }, () => 'never'),
    ).rejects.toThrow();
    expect(await lengthOf(d)).toBe(before);
  });
});
