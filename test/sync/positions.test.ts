import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { partitionOf } from '../../src/bus/envelope.ts';
import { type Part, partOf, readPart } from '../../src/config/topology.ts';
import { SHARED } from '../../src/store/memory/memory-region.ts';
import { isAtLeast } from '../../src/store/store.ts';
import { Positions } from '../../src/sync/freshness/positions.ts';
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
  return new Positions({ store: sync.open(), config: sync.config, log: sync.log });
}

/** Has an instance apply a message of a region. */
const reach = (of: Positions, region: string, partition: number, position: string, domain = 'main'): void =>
  of.reached({ region, domain, storeId: 'store-1', position }, partition);
const upTo = (position: string, partition = 0, domain = 'main'): ReadonlyMap<Part, string> =>
  new Map([[partOf(domain, partition), position]]);

describe('what has been applied', () => {
  it('is known at once to the instance that applied it, up to the highest entry', async () => {
    reach(reader, 'us', 0, '10-1');
    expect(await reader.lacking('us', upTo('10-1'))).toEqual([]);
    expect(await reader.lacking('us', upTo('9-7'))).toEqual([]);
    expect(await reader.lacking('us', upTo('10-2'))).toEqual(['main/0']);
    // Published twice around the end of a lease.
    reach(reader, 'us', 0, '4-0');
    expect(await reader.lacking('us', upTo('10-1'))).toEqual([]);
  });

  it('is lacking of other partitions, other domains and other regions', async () => {
    reach(reader, 'us', 1, '10-0');
    const wanted = new Map([0, 1, 2].map((partition) => [partOf('main', partition), '5-0']));
    expect(await reader.lacking('us', wanted)).toEqual(['main/0', 'main/2']);
    expect(await reader.lacking('eu', wanted)).toEqual(['main/0', 'main/1', 'main/2']);
    expect(await reader.lacking('us', upTo('5-0', 1, 'sales'))).toEqual(['sales/1']);
    expect(await reader.lacking('us', new Map())).toEqual([]);
  });

  it('is known to the other instances soon after, all that was reached meanwhile at once', async () => {
    const write = vi.spyOn(sync.store.notes, 'write');
    reach(reader, 'us', 0, '10-0');
    reach(reader, 'us', 2, '3-0');
    reach(reader, 'us', 0, '11-0');
    reach(reader, 'eu', 1, '7-0');
    expect(await other.lacking('us', upTo('10-0'))).toEqual(['main/0']);
    await pass(100);
    expect(await other.lacking('us', new Map([...upTo('11-0'), ...upTo('3-0', 2)]))).toEqual([]);
    expect(await other.lacking('eu', upTo('7-0', 1))).toEqual([]);
    expect(write.mock.calls).toEqual([
      ['positions', 'us', { 'main/0': '11-0', 'main/2': '3-0' }],
      ['positions', 'eu', { 'main/1': '7-0' }],
    ]);
    // What is no news is not told again.
    reach(reader, 'us', 0, '11-0');
    await pass(100);
    expect(write).toHaveBeenCalledTimes(2);
    reach(reader, 'us', 1, '2-0');
    await pass(100);
    expect(write.mock.calls.slice(2)).toEqual([['positions', 'us', { 'main/1': '2-0' }]]);
  });

  it('is kept of the regions and domains of the config alone', async () => {
    reach(reader, 'mars', 0, '10-0');
    reach(reader, 'us', 0, '10-0', 'moon');
    await pass(100);
    for (const region of ['mars', 'us']) expect(await sync.store.notes.read('positions', region)).toEqual({});
    expect(await reader.lacking('us', upTo('1-0', 0, 'moon'))).toEqual(['moon/0']);
    expect(await reader.lacking('mars', upTo('1-0'))).toEqual(['main/0']);
  });

  it('is never less than it was, though a former reader of the partition told less after that', async () => {
    reach(reader, 'us', 0, '10-0');
    await pass(100);
    expect(await other.lacking('us', upTo('10-0'))).toEqual([]);
    reach(instance(), 'us', 0, '4-0');
    await pass(100);
    expect(await sync.store.notes.read('positions', 'us')).toEqual({ 'main/0': '4-0' });
    for (const each of [reader, other]) expect(await each.lacking('us', upTo('10-0'))).toEqual([]);
    reach(reader, 'us', 0, '12-0');
    await pass(100);
    expect(await instance().lacking('us', upTo('12-0'))).toEqual([]);
  });

  it('is asked of the store only where this instance does not know it', async () => {
    reach(reader, 'us', 0, '10-0');
    sync.region.outages.set(SHARED, 'away');
    expect(await reader.lacking('us', upTo('10-0'))).toEqual([]);
    await expect(reader.lacking('us', upTo('11-0'))).rejects.toThrow('away');
  });

  it('that could not be told is told with what is reached next', async () => {
    sync.region.outages.set(SHARED, 'away');
    reach(reader, 'us', 0, '10-0');
    await pass(100);
    expect(sync.logged('positions_not_written')).toMatchObject([{ peer: 'us' }]);
    sync.region.outages.clear();
    expect(await other.lacking('us', upTo('10-0'))).toEqual(['main/0']);
    reach(reader, 'us', 0, '11-0');
    await pass(100);
    expect(await other.lacking('us', upTo('11-0'))).toEqual([]);
  });

  it('leaves nothing behind that runs on when the instance stops', () => {
    reach(reader, 'us', 0, '10-0');
    expect(vi.getTimerCount()).toBe(1);
    reader.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('whoever waits', () => {
  /** Whether each has been woken. */
  function waiting(...of: string[][]): boolean[] {
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

  it('for a part is woken by what is news of it, whichever region published it', async () => {
    reach(reader, 'us', 0, '10-0');
    const woken = waiting(['main/0'], ['main/1'], ['main/1', 'main/2'], ['sales/1']);
    reach(reader, 'us', 0, '10-0');
    reach(reader, 'us', 0, '9-0');
    reach(reader, 'mars', 1, '9-0');
    await pass(0);
    expect(woken).toEqual([false, false, false, false]);
    reach(reader, 'eu', 1, '1-0');
    await pass(0);
    expect(woken).toEqual([false, true, true, false]);
  });

  it('waits no longer than asked to', async () => {
    const woken = waiting(['crm:ann', 'main/0']);
    await pass(999);
    expect(woken).toEqual([false]);
    await pass(1);
    expect(woken).toEqual([true]);
    // Nothing of it is left to be woken.
    reader.changed('crm:ann');
    reach(reader, 'us', 0, '1-0');
    await pass(100);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('knows the part of an agent: the domain, and the partition as the bus does', () => {
    for (const id of ['crm:ann', 'crm:bob', 'ünï']) {
      expect(sync.positions.partOf(id)).toBe(`main/${partitionOf(id, 3)}`);
    }
    expect(sync.positions.partOf('shop:ann')).toBe(`sales/${partitionOf('shop:ann', 3)}`);
    for (const domain of ['main', 'a/b']) expect(readPart(partOf(domain, 12))).toEqual({ domain, partition: 12 });
  });
});

describe('positions in a change stream', () => {
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
        reach(onOther ? two : one, 'us', partition, text(each));
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
          expect(await instance.lacking('us', upTo(`${ms}-${n + 1}`, partition))).toEqual([partOf('main', partition)]);
        }
      }
    };
    await fc.assert(fc.asyncProperty(fc.array(seen, { maxLength: 10 }), law), { numRuns: 40 });
  });
});
