import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inOrder } from '../../src/platforms/genesys/reads.ts';

async function all<T>(generator: AsyncGenerator<T>): Promise<T[]> {
  const results: T[] = [];
  for await (const result of generator) results.push(result);
  return results;
}

test('what comes of each is in order, however they end, with no more at a time than there may be', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.nat(12), fc.integer({ min: 1, max: 5 }), async (scheduler, count, atOnce) => {
      let [underWay, most] = [0, 0];
      const work = async (item: number) => {
        most = Math.max(most, ++underWay);
        await scheduler.schedule(Promise.resolve());
        underWay -= 1;
        return item * 2;
      };
      const items = Array.from({ length: count }, (_, n) => n);
      const read = all(inOrder(items, atOnce, work));
      await scheduler.waitFor(read);
      expect(await read).toEqual(items.map((n) => n * 2));
      expect(most).toBe(Math.min(count, atOnce));
    }),
  );
});

test('the first failure ends it, and one of what is under way by then is nobody’s', async () => {
  const begun: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    if (item >= 2) throw new Error(`no ${item}`);
    return item;
  };
  const results: number[] = [];
  const read = async () => {
    for await (const result of inOrder([0, 1, 2, 3, 4, 5, 6, 7], 3, work)) results.push(result);
  };
  await expect(read()).rejects.toThrow('no 2');
  expect(results).toEqual([0, 1]);
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});
