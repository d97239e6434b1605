import { expect, it } from 'vitest';
import { isAtLeast } from '../../../src/store/store.ts';
import { Pool } from '../../fixtures/pool.ts';
import type { Stores } from './harness.ts';
import { agentsIn, next, paused, released, report, START, waitingOf } from './outbox.ts';

/** What becomes of changes when too many wait for the bus. */
export function fullOutboxContract(stores: Stores): void {
  /** A domain that three changes fill, with two agents who can be taken. */
  const full = async (): Promise<Pool> => {
    const { name, config } = stores.pool();
    const d = new Pool(name, config, stores.harness.open(config, 3));
    await d.free('a', 1000);
    await d.free('b', 1000);
    await report(d, `${d.name}:c`, 1000);
    return d;
  };
  const leftOutOf = async (d: Pool) => (await d.store.outbox.waiting()).get(d.name)?.leftOut;
  const all = (d: Pool, from = START) => d.store.changes.after(d.name, from, 1000);

  it('claims are granted and settled, and what changes waits no more and is never published', async () => {
    const d = await full();
    const { fence, verdict, agentId } = await d.claim('call');
    expect(verdict).toBe('granted');
    const settled = await d.settle(agentId, fence, released);
    expect(settled).toMatchObject({ kind: 'settled', record: { facets: { claim: { fence, state: 'ENDED' } } } });
    await d.set(`${d.name}:c`, paused(2000));
    expect(await d.record(`${d.name}:c`)).toMatchObject({ facets: { presence: { at: 2000 } } });
    expect([await waitingOf(d), await leftOutOf(d)]).toEqual([3, 2]);
    const read = await next(d);
    expect([agentsIn(read), read.count]).toEqual([['c'], 3]);
    expect(read.to).toBe(await d.store.changes.latest(d.name));
    expect(await next(d, read)).toMatchObject({ entries: [], count: 0 });
    expect([await waitingOf(d), await leftOutOf(d)]).toEqual([0, 2]);
  });

  it('the stream does not grow, however much changes', async () => {
    const d = await full();
    for (let at = 2000; at < 2050; at++) await d.set(`${d.name}:c`, paused(at));
    expect(await waitingOf(d)).toBe(3);
    expect(await d.store.changes.after(d.name, START, 3)).toHaveLength(3);
  });

  it('those who follow the changes are told that some are gone, once for what they missed', async () => {
    const d = await full();
    const before = await d.store.changes.latest(d.name);
    expect(await all(d, before)).toEqual([]);
    await d.claim('call');
    const left = await d.store.changes.latest(d.name);
    expect(isAtLeast(before, left)).toBe(false);
    expect([await all(d, before), await all(d), await all(d, left)]).toEqual(['gone', 'gone', []]);
    await d.claim('another');
    const later = await d.store.changes.latest(d.name);
    expect([await all(d, before), await all(d, left), await all(d, later)]).toEqual(['gone', 'gone', []]);
    await next(d, await next(d));
    const position = await report(d, `${d.name}:c`, 9000);
    expect([await all(d, before), await all(d, left)]).toEqual(['gone', 'gone']);
    expect(await all(d, later)).toEqual([{ position, agentId: `${d.name}:c` }]);
  });

  it('an event that was accepted before it was counted is published all the same', async () => {
    const d = await full();
    await d.claim('call');
    const position = await report(d, `${d.name}:c`, 3000);
    const latest = await d.store.changes.latest(d.name);
    expect(position).toBe(latest);
    const read = await next(d);
    expect([agentsIn(read), read.to, await waitingOf(d)]).toEqual([['c', 'c'], latest, 4]);
  });

  it('it notes changes again once the relay has passed what waited, and counts right', async () => {
    const d = await full();
    for (let round = 1; round <= 3; round++) {
      const call = await d.claim(`left out ${round}`);
      await d.settle(call.agentId, call.fence, released);
      const read = await next(d, undefined, 2);
      expect(await leftOutOf(d)).toBe(2 * round);
      // Left out between a read and its passing.
      await d.set(`${d.name}:c`, paused(2000 + round));
      let published = await next(d, read);
      while (published.to !== published.latest) published = await next(d, published);
      published = await next(d, published);
      expect(await waitingOf(d)).toBe(0);
      const position = await report(d, `${d.name}:c`, 3000 + round);
      expect(await waitingOf(d)).toBe(1);
      expect((await next(d)).entries.map((each) => each.position)).toEqual([position]);
      for (const id of ['a', 'b']) await d.free(id, 5000 + round);
      expect(await waitingOf(d)).toBe(3);
    }
  });
}
