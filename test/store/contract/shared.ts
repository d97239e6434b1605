import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../../src/ops/clock.ts';
import type { LeaseOptions, Leases } from '../../../src/store/leases.ts';
import type { PermitsOptions } from '../../../src/store/store.ts';
import { poolConfig } from '../../fixtures/pool.ts';
import { SOON } from '../../fixtures/soon.ts';
import { silent } from '../../fixtures/store.ts';
import type { Stores } from './harness.ts';

const config = poolConfig('main');

/** What instances of a region share besides agents. */
export function sharedContract(stores: Stores): void {
  const open = () => stores.harness.open(config);
  let started: Leases[] = [];
  afterEach(async () => {
    await Promise.all(started.map((leases) => leases.stop()));
    started = [];
  });
  const share = (work: LeaseOptions['work'], instance: string, count = 6): Leases => {
    const leases = open().leases({ work, instance, count, ttlMs: 600, clock: systemClock, log: silent });
    leases.start();
    started.push(leases);
    return leases;
  };

  it('heartbeat sequence numbers only grow, whichever instance takes one', async () => {
    const [one, other] = [open(), open()];
    const beats = [await one.takeBeat(0), await other.takeBeat(0), await one.takeBeat(0)];
    const [far] = [await other.takeBeat((beats[2] ?? 0) + 1_000_000)];
    beats.push(far ?? 0, await one.takeBeat(0));
    expect(beats).toEqual([...new Set(beats)].sort((a, b) => a - b));
    expect(far).toBeGreaterThan((beats[2] ?? 0) + 1_000_000);
  });

  it('an answer is stored once under its key, and a request under way blocks others', async () => {
    const [one, other] = [open().keptAnswers, open().keptAnswers];
    const id = 'an answer that is kept';
    expect(await one.begin(id, 'print', 'a')).toBeUndefined();
    // The same attempt, whose first answer was lost.
    expect(await one.begin(id, 'print', 'a')).toBeUndefined();
    expect(await other.begin(id, 'print', 'b')).toEqual({ print: 'print', by: 'a' });
    const answer = { status: 201, headers: { 'content-type': 'text/plain' }, body: 'é', atMs: 5 };
    await one.keep(id, 'print', answer);
    expect(await other.begin(id, 'other print', 'c')).toEqual({ print: 'print', answer });
    await one.forget(id);
    expect(await other.begin(id, 'other print', 'c')).toBeUndefined();
  });

  it('notes are shared field by field, and the last writer of a field wins', async () => {
    const [one, other] = [open().notes, open().notes];
    expect(await one.read('connection', 'c1')).toEqual({});
    await one.write('connection', 'c1', { a: '1', b: 'é {}' });
    await other.write('connection', 'c1', { a: '2', constructor: '3' });
    await other.write('domain', 'c1', { a: 'of a domain' });
    expect({ ...(await one.read('connection', 'c1')) }).toEqual({ a: '2', b: 'é {}', constructor: '3' });
    expect(await one.readSome('connection', 'c1', ['b', 'c', 'a'])).toEqual(['é {}', null, '2']);
    await one.write('region', 'r1', { a: '1' }, 40);
    expect(await one.readSome('region', 'r1', ['a'])).toEqual(['1']);
    await stores.harness.pass(60);
    expect(await one.read('region', 'r1')).toEqual({});
  });

  it('leases are shared evenly, none has two holders, and an instance that stops hands over its own', async () => {
    const [a, b] = [share('relay', 'a'), share('relay', 'b')];
    await expect.poll(() => [a.held().size, b.held().size], SOON).toEqual([3, 3]);
    expect([...a.held(), ...b.held()].sort()).toEqual([0, 1, 2, 3, 4, 5]);
    expect([a.instances(), b.instances()]).toEqual([2, 2]);
    const holders = await open().holders('relay', 6);
    expect(holders.map(({ instance }) => instance).sort()).toEqual(['a', 'a', 'a', 'b', 'b', 'b']);
    expect(holders.every(({ leftMs }) => leftMs > 0)).toBe(true);
    expect(await a.retire()).toBe(1);
    await a.stop();
    await expect.poll(() => b.held().size, SOON).toBe(6);
    await b.stop();
    expect((await open().holders('relay', 6)).filter(({ leftMs, instance }) => instance || leftMs > 0)).toEqual([]);
  });

  it('leases of a silent instance expire by the store’s clock', async () => {
    const a = share('expiry', 'a', 2);
    await expect.poll(() => a.held().size, SOON).toBe(2);
    const [holder] = await open().holders('expiry', 1);
    expect(holder?.instance).toBe('a');
    expect(holder?.leftMs).toBeLessThanOrEqual(600);
    expect(await open().holders('connections', 0)).toEqual([]);
  });

  const permits = (connection: string, more: Partial<PermitsOptions> = {}) =>
    open().permits({ connection, instance: 'a', taker: 'mirror', limit: 4, headroom: 2, ...more });
  const taken = async (count: number, of: ReturnType<typeof permits>, lane?: 'first' | 'reading'): Promise<number> => {
    let permitted = 0;
    for (let i = 0; i < count; i++) if ((await of.take(0, lane)).waitMs === 0) permitted++;
    return permitted;
  };

  it('permits are shared by the region, with headroom for readers, who leave the rest to a waiting platform sync', async () => {
    const mirror = permits('shared');
    const other = permits('shared', { instance: 'b' });
    const reader = permits('shared', { instance: 'c', taker: 'reader' });
    expect((await taken(2, mirror)) + (await taken(2, other))).toBe(2);
    const { waitMs } = await mirror.take(0);
    expect(waitMs).toBeGreaterThan(50_000);
    expect(waitMs).toBeLessThanOrEqual(60_000);
    expect(await taken(4, reader)).toBe(2);
  });

  it('readers may use what the platform sync leaves, until the window has moved on', async () => {
    const reader = permits('left', { taker: 'reader', windowMs: 80 });
    expect(await taken(6, reader)).toBe(4);
    expect(await taken(1, permits('left', { windowMs: 80 }))).toBe(0);
    await stores.harness.pass(100);
    expect(await taken(2, permits('left', { windowMs: 80 }))).toBe(2);
  });

  it('full reads leave permits to other requests of the platform sync', async () => {
    const mirror = permits('readings', { limit: 8, readings: { first: 3, reading: 1 } });
    expect(await taken(3, mirror, 'reading')).toBe(1);
    expect(await taken(3, mirror, 'first')).toBe(2);
    expect(await taken(6, mirror)).toBe(3);
  });

  it('a refusal makes all instances wait, twice as long for each further consecutive one', async () => {
    const [one, other] = [permits('refused'), permits('refused', { instance: 'b', taker: 'reader' })];
    await one.refused(50, 0);
    // While all wait, a refusal is of a request that was under way.
    await other.refused(20, 0);
    const first = await other.take(0);
    expect(first.refusals).toBe(1);
    expect(first.waitMs).toBeGreaterThan(0);
    expect(first.waitMs).toBeLessThanOrEqual(50);
    await stores.harness.pass(60);
    expect(await one.take(0)).toEqual({ waitMs: 0, refusals: 1 });
    await one.refused(50, 0);
    const second = await other.take(0);
    expect(second.refusals).toBe(2);
    expect(second.waitMs).toBeGreaterThan(60);
    await stores.harness.pass(110);
    // The platform took a request since.
    expect(await one.take(2)).toEqual({ waitMs: 0, refusals: 0 });
  });
}
