import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { partitionOf } from '../../src/bus/envelope.ts';
import { SHARED } from '../../src/store/memory/memory-region.ts';
import { isAtLeast, Positions } from '../../src/sync/freshness/positions.ts';
import { holdTime, MemorySync, pass } from './memory-sync.ts';

let sync: MemorySync;
let reader: Positions;
let other: Positions;
beforeEach(() => {
  holdTime();
  sync = new MemorySync();
  reader = sync.positions;
  other = instance();
});
afterEach(() => {
  other.stop();
  sync.stop();
});

/** One more instance of the region. */
function instance(): Positions {
  const regions = Object.keys(sync.config.regions);
  return new Positions({ store: sync.open(), partitions: 3, regions, log: sync.log });
}

const upTo = (entry: string, partition = 0): ReadonlyMap<number, string> => new Map([[partition, entry]]);

describe('what has been applied', () => {
  it('is known at once to the instance that applied it, up to the highest entry', async () => {
    reader.reached('us', 0, '10-1');
    expect(await reader.lacking('us', upTo('10-1'))).toEqual([]);
    expect(await reader.lacking('us', upTo('9-7'))).toEqual([]);
    expect(await reader.lacking('us', upTo('10-2'))).toEqual([0]);
    // Published twice around the end of a lease.
    reader.reached('us', 0, '4-0');
    expect(await reader.lacking('us', upTo('10-1'))).toEqual([]);
  });

  it('is lacking of other partitions and other regions', async () => {
    reader.reached('us', 1, '10-0');
    const wanted = new Map([0, 1, 2].map((partition) => [partition, '5-0']));
    expect(await reader.lacking('us', wanted)).toEqual([0, 2]);
    expect(await reader.lacking('eu', wanted)).toEqual([0, 1, 2]);
    expect(await reader.lacking('us', new Map())).toEqual([]);
  });

  it('is known to the other instances soon after, all that was reached meanwhile at once', async () => {
    const write = vi.spyOn(sync.store.notes, 'write');
    reader.reached('us', 0, '10-0');
    reader.reached('us', 2, '3-0');
    reader.reached('us', 0, '11-0');
    reader.reached('eu', 1, '7-0');
    expect(await other.lacking('us', upTo('10-0'))).toEqual([0]);
    await pass(100);
    expect(await other.lacking('us', new Map([...upTo('11-0'), [2, '3-0']]))).toEqual([]);
    expect(await other.lacking('eu', upTo('7-0', 1))).toEqual([]);
    expect(write.mock.calls).toEqual([
      ['positions', 'us', { 0: '11-0', 2: '3-0' }],
      ['positions', 'eu', { 1: '7-0' }],
    ]);
    // What is no news is not told again.
    reader.reached('us', 0, '11-0');
    await pass(100);
    expect(write).toHaveBeenCalledTimes(2);
    reader.reached('us', 1, '2-0');
    await pass(100);
    expect(write.mock.calls.slice(2)).toEqual([['positions', 'us', { 1: '2-0' }]]);
  });

  it('is kept of the regions of the config alone', async () => {
    reader.reached('mars', 0, '10-0');
    await pass(100);
    expect(await sync.store.notes.read('positions', 'mars')).toEqual({});
    expect(await reader.lacking('mars', upTo('1-0'))).toEqual([0]);
  });

  it('is never less than it was, though a former reader of the partition told less after that', async () => {
    reader.reached('us', 0, '10-0');
    await pass(100);
    expect(await other.lacking('us', upTo('10-0'))).toEqual([]);
    instance().reached('us', 0, '4-0');
    await pass(100);
    expect(await sync.store.notes.read('positions', 'us')).toEqual({ 0: '4-0' });
    for (const each of [reader, other]) expect(await each.lacking('us', upTo('10-0'))).toEqual([]);
    reader.reached('us', 0, '12-0');
    await pass(100);
    expect(await instance().lacking('us', upTo('12-0'))).toEqual([]);
  });

  it('is asked of the store only where this instance does not know it', async () => {
    reader.reached('us', 0, '10-0');
    sync.region.outages.set(SHARED, 'away');
    expect(await reader.lacking('us', upTo('10-0'))).toEqual([]);
    await expect(reader.lacking('us', upTo('11-0'))).rejects.toThrow('away');
  });

  it('that could not be told is told with what is reached next', async () => {
    sync.region.outages.set(SHARED, 'away');
    reader.reached('us', 0, '10-0');
    await pass(100);
    expect(sync.logged('positions_not_written')).toMatchObject([{ peer: 'us' }]);
    sync.region.outages.clear();
    expect(await other.lacking('us', upTo('10-0'))).toEqual([0]);
    reader.reached('us', 0, '11-0');
    await pass(100);
    expect(await other.lacking('us', upTo('11-0'))).toEqual([]);
  });

  it('leaves nothing behind that runs on when the instance stops', () => {
    reader.reached('us', 0, '10-0');
    expect(vi.getTimerCount()).toBe(1);
    reader.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('whoever waits', () => {
  /** Whether each has been woken. */
  function waiting(...of: (string | number)[][]): boolean[] {
    const woken = of.map(() => false);
    for (const [i, each] of of.entries())
      void reader.arrival(each, 1000).then(() => {
        woken[i] = true;
      });
    return woken;
  }

  it('for an agent is woken by a change of that agent, and by no other', async () => {
    const woken = waiting(['crm:ann'], ['crm:bob'], ['crm:ann', 'crm:eve']);
    reader.changed('crm:ann');
    await pass(0);
    expect(woken).toEqual([true, false, true]);
    reader.changed('crm:eve');
    reader.changed('crm:bob');
    await pass(0);
    expect(woken).toEqual([true, true, true]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('for a partition is woken by what is news of it, whichever region published it', async () => {
    reader.reached('us', 0, '10-0');
    const woken = waiting([0], [1], [1, 2]);
    reader.reached('us', 0, '10-0');
    reader.reached('us', 0, '9-0');
    reader.reached('mars', 1, '9-0');
    await pass(0);
    expect(woken).toEqual([false, false, false]);
    reader.reached('eu', 1, '1-0');
    await pass(0);
    expect(woken).toEqual([false, true, true]);
  });

  it('waits no longer than asked to', async () => {
    const woken = waiting(['crm:ann', 0]);
    await pass(999);
    expect(woken).toEqual([false]);
    await pass(1);
    expect(woken).toEqual([true]);
    // Nothing of it is left to be woken.
    reader.changed('crm:ann');
    reader.reached('us', 0, '1-0');
    await pass(100);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('knows the partition of an agent as the bus does', () => {
    for (const id of ['crm:ann', 'crm:bob', 'ünï']) expect(reader.partitionOf(id)).toBe(partitionOf(id, 3));
  });
});

describe('entries of an outbox', () => {
  const entry = fc.tuple(fc.oneof(fc.nat(3), fc.nat(2 ** 45)), fc.oneof(fc.nat(3), fc.nat(2 ** 31)));
  const text = ([ms, n]: [number, number]): string => `${ms}-${n}`;

  it('are in the order of their two numbers', () => {
    const law = (one: [number, number], two: [number, number]): void => {
      const isLater = one[0] === two[0] ? one[1] >= two[1] : one[0] > two[0];
      expect(isAtLeast(text(one), text(two))).toBe(isLater);
    };
    fc.assert(fc.property(entry, entry, law));
    for (const [one, two] of [
      [undefined, '1-0'],
      ['1-0', undefined],
      [undefined, undefined],
    ])
      expect(isAtLeast(one, two)).toBe(false);
  });

  it('are applied up to the highest, whatever came again, late, and on which instance', async () => {
    const seen = fc.record({ partition: fc.nat(2), entry, onOther: fc.boolean() });
    const law = async (all: { partition: number; entry: [number, number]; onOther: boolean }[]): Promise<void> => {
      sync.region.shared.notes.clear();
      const [one, two] = [instance(), instance()];
      const highest = new Map<number, [number, number]>();
      for (const { partition, entry: each, onOther } of all) {
        (onOther ? two : one).reached('us', partition, text(each));
        // The other knows it before it reads on: partitions change hands so.
        await pass(100);
        for (const instance of [one, two]) await instance.lacking('us', upTo('9999999999999999-0', partition));
        const before = highest.get(partition) ?? [0, -1];
        const isHigher = each[0] > before[0] || (each[0] === before[0] && each[1] > before[1]);
        highest.set(partition, isHigher ? each : before);
      }
      for (const instance of [one, two]) {
        for (const [partition, [ms, n]] of highest) {
          expect(await instance.lacking('us', upTo(`${ms}-${n}`, partition))).toEqual([]);
          expect(await instance.lacking('us', upTo(`${ms}-${n + 1}`, partition))).toEqual([partition]);
        }
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(seen, { maxLength: 10 }), law), { numRuns: 40 });
  });
});
