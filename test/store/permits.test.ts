import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { scripts } from '../../src/store/redis/scripts.ts';
import type { Permits, PermitsOptions } from '../../src/store/store.ts';
import { withAdmin } from '../../world/redis/admin.ts';
import { type Store, startStore } from '../fixtures/store.ts';

const WAIT = { timeout: 45_000, interval: 20 };
let store: Store;
let connection: string;
let topic = 0;
beforeAll(async () => {
  store = await startStore({ replicas: false });
});
beforeEach(() => {
  connection = `c${topic++}`;
});
afterAll(() => store?.stop());

type Options = Partial<Omit<PermitsOptions, 'instance'>>;

const PARTS = ['', ':mirror', ':reader', ':waiting', ':reading'];

/** Permits of an instance with ten requests in a minute, four of them for readers. */
function permits(instance: string, options: Options = {}): Permits {
  return store.open().permits({ connection, instance, taker: 'mirror', limit: 10, headroom: 4, ...options });
}

/** How many of so many requests at once may go out. */
const taken = (count: number, ...takers: Permits[]) => takenIn('rest', count, ...takers);

async function takenIn(lane: 'first' | 'reading' | 'rest', count: number, ...takers: Permits[]): Promise<number> {
  const asked = takers.flatMap((each) => Array.from({ length: count }, () => each.take(0, lane)));
  return (await Promise.all(asked)).filter(({ waitMs }) => waitMs === 0).length;
}

const key = (part: string) => `budget:{${connection}}${part}`;
/** As one who may do anything. */
const command = async (...args: string[]) =>
  withAdmin((await store.redis.masterOf(key(''))).port, (redis) => redis.run(...args));

/** When each request of a taker went out that is still in the window, by the shard's clock. */
async function sentMs(taker: string): Promise<Map<string, number>> {
  const reply = (await command('ZRANGE', key(`:${taker}`), '0', '-1', 'WITHSCORES')) as [string, number][];
  return new Map(reply.map(([request, ms]) => [request, Number(ms)]));
}

/** The shortest time from one of these to the one that is so many later, in ms. */
function leastOf(sent: Map<string, number>, count: number): number {
  const times = [...sent.values()].sort((x, y) => x - y);
  return Math.min(...times.slice(count).map((ms, i) => ms - (times[i] ?? 0)));
}

/** So many requests leave the window, as they would with time. */
const forgetOldest = (taker: string, count: number) =>
  command('ZREMRANGEBYRANK', key(`:${taker}`), '0', String(count - 1));

describe('requests of a region', () => {
  test('are counted together for all instances', async () => {
    expect(await taken(30, permits('a', { headroom: 0 }), permits('b', { headroom: 0 }))).toBe(10);
  });

  test('of the platform sync leave the readers their headroom', async () => {
    const [a, b] = [permits('a'), permits('b')];
    expect(await taken(30, a, b)).toBe(6);
    expect(await taken(30, permits('a', { taker: 'reader' }), permits('b', { taker: 'reader' }))).toBe(4);
  });

  test('of readers may be all that the platform sync leaves', async () => {
    expect(await taken(1, permits('a'))).toBe(1);
    expect(await taken(30, permits('b', { taker: 'reader' }))).toBe(9);
  });

  test('of readers are no more than their headroom while the platform sync waits', async () => {
    const [mirror, reader] = [permits('a'), permits('b', { taker: 'reader' })];
    expect(await taken(30, reader)).toBe(10);
    expect(await taken(1, mirror)).toBe(0);
    await forgetOldest('reader', 3);
    expect(await taken(30, reader)).toBe(0);
    expect(await taken(30, mirror)).toBe(3);
    await forgetOldest('reader', 5);
    expect(await taken(30, reader)).toBe(2);
  });

  test('never exceed the limit in any window', async () => {
    const windowMs = 600;
    const limit = 5;
    const both = ['a', 'b'].map((instance) =>
      permits(instance, { limit, headroom: 0, readings: { first: 4, reading: 4 }, windowMs }),
    );
    const seen = new Map<string, number>();
    const readings = new Map<string, number>();
    const next = async (i: number) => {
      await both[i % 2]?.take(0, i % 3 === 0 ? 'rest' : 'reading');
      for (const [request, ms] of await sentMs('mirror')) seen.set(request, ms);
      for (const [request, ms] of await sentMs('reading')) readings.set(request, ms);
    };
    await next(0);
    const [firstMs = 0] = seen.values();
    // Most of the first window goes by before the others: a count that began anew with each would let twice as many go.
    await vi.waitFor(async () => {
      const [s, us] = (await command('TIME')) as [string, string];
      expect(Number(s) * 1000 + Number(us) / 1000).toBeGreaterThan(firstMs + windowMs * 0.7);
    }, WAIT);
    for (let i = 0; seen.size < limit * 4; i++) await next(i);
    expect(leastOf(seen, limit)).toBeGreaterThanOrEqual(windowMs);
    expect(leastOf(readings, 4)).toBeGreaterThanOrEqual(windowMs);
  });

  test('of a full read go out at once while there is room, and leave some to other requests of the platform sync', async () => {
    const [a, b] = [
      permits('a', { readings: { first: 4, reading: 4 } }),
      permits('b', { readings: { first: 4, reading: 4 } }),
    ];
    expect(await takenIn('reading', 30, a, b)).toBe(4);
    expect(await taken(30, permits('a', { taker: 'reader' }))).toBe(6);
    await forgetOldest('reader', 6);
    expect(await taken(30, a, b)).toBe(2);
  });

  test('of the first full read leave less to the rest, and are counted with those of the next', async () => {
    const mirror = permits('a', { readings: { first: 5, reading: 3 } });
    expect(await takenIn('first', 30, mirror)).toBe(5);
    expect(await takenIn('reading', 30, mirror)).toBe(0);
    await forgetOldest('reading', 3);
    await forgetOldest('mirror', 3);
    expect(await takenIn('reading', 30, mirror)).toBe(1);
    expect(await taken(30, mirror)).toBe(3);
  });

  test('of a full read that starts after another has used up the minute wait for the next', async () => {
    expect(await takenIn('reading', 30, permits('before', { readings: { first: 4, reading: 4 } }))).toBe(4);
    const restarted = permits('after', { readings: { first: 4, reading: 4 } });
    const { waitMs } = await restarted.take(0, 'reading');
    expect(waitMs).toBeGreaterThan(30_000);
    expect(waitMs).toBeLessThanOrEqual(60_000);
    expect(await taken(30, restarted)).toBe(2);
    await forgetOldest('reading', 1);
    await forgetOldest('mirror', 1);
    expect(await takenIn('reading', 30, restarted)).toBe(1);
  });

  test('of a full read that waits do not delay readers', async () => {
    const mirror = permits('a', { readings: { first: 2, reading: 2 } });
    expect(await takenIn('reading', 5, mirror)).toBe(2);
    expect(await taken(30, permits('b', { taker: 'reader' }))).toBe(8);
  });

  test('learn how long to wait until the oldest leaves the window', async () => {
    const windowMs = 300;
    const mirror = permits('a', { limit: 2, headroom: 1, windowMs });
    await mirror.take(0);
    const { waitMs } = await mirror.take(0);
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(windowMs);
    await vi.waitFor(async () => expect(await command('EXISTS', key(':mirror'))).toBe(0), WAIT);
    expect((await mirror.take(0)).waitMs).toBe(0);
  });

  test('are counted once if the answer was lost and the script repeated', async () => {
    const keys = PARTS.map(key);
    const args = ['the same', 'mirror', '5', '4', '60000', '0', '1'];
    expect(await store.cluster.run(scripts.budget, keys, args)).toEqual([0, 0]);
    expect(await store.cluster.run(scripts.budget, keys, args)).toEqual([0, 0]);
    expect((await sentMs('mirror')).size).toBe(1);
    expect((await sentMs('reading')).size).toBe(1);
  });

  test('leave no key without a time to live', async () => {
    const mirror = permits('a', { limit: 2, headroom: 1 });
    await mirror.take(0, 'reading');
    await taken(2, mirror, permits('a', { taker: 'reader', limit: 2, headroom: 1 }));
    await mirror.refused(10, 0);
    const left = await Promise.all(PARTS.map((part) => command('PTTL', key(part))));
    for (const ttlMs of left) expect(ttlMs).toBeGreaterThan(0);
  });
});

describe('a platform that refuses', () => {
  test('makes all instances of the region wait', async () => {
    const [a, b, reader] = [permits('a'), permits('b'), permits('c', { taker: 'reader' })];
    await a.refused(60_000, 500);
    for (const each of [a, b, reader]) {
      const { waitMs, refusals } = await each.take(0);
      expect(waitMs).toBeGreaterThan(30_000);
      expect(waitMs).toBeLessThanOrEqual(60_500);
      expect(refusals).toBe(1);
    }
    expect(await sentMs('mirror')).toEqual(new Map());
  });

  test('gets no requests for longer with each consecutive refusal, until it accepts one', async () => {
    const [a, b] = [permits('a'), permits('b')];
    for (const [refused, waitMs] of [
      [a, 60_000],
      [b, 120_000],
      [a, 240_000],
    ] as const) {
      await refused.refused(60_000, 0);
      expect((await b.take(0)).waitMs).toSatisfy((ms: number) => ms > waitMs / 2 && ms <= waitMs);
      await command('HSET', key(''), 'until', '0');
    }
    expect(await a.take(2)).toEqual({ waitMs: 0, refusals: 3 });
    expect(await b.take(3)).toEqual({ waitMs: 0, refusals: 0 });
    await a.refused(60_000, 0);
    expect((await b.take(0)).refusals).toBe(1);
  });

  test('does not count as refusing again when it refuses earlier requests', async () => {
    const [a, b] = [permits('a'), permits('b')];
    await Promise.all([a, b, a, b].map((each) => each.refused(60_000, 0)));
    const { waitMs, refusals } = await a.take(0);
    expect(refusals).toBe(1);
    expect(waitMs).toBeLessThanOrEqual(60_000);
  });

  test('gets no requests for five minutes at most, whatever it asks', async () => {
    await permits('a').refused(3_600_000, 0);
    expect((await permits('b').take(0)).waitMs).toBeLessThanOrEqual(300_000);
  });
});
