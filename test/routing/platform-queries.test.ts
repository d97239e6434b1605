import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { PlatformReader } from '../../src/platforms/platform.ts';
import { PlatformQueries, type QueryOutcome } from '../../src/routing/read-through/platform-queries.ts';

/** Platform queries that are answered by `read`, two agents at a time. */
function queriesOf(read: PlatformReader['read'], monotonicMs = () => 0) {
  const outcomes: QueryOutcome[] = [];
  const queries = new PlatformQueries({
    reader: { batch: 2, prepare: async () => undefined, read, close: async () => undefined },
    accept: async () => undefined,
    ended: (outcome) => outcomes.push(outcome),
    monotonicMs,
  });
  return { queries, outcomes };
}

describe('platform queries', () => {
  it('gives up a platform that does not answer, though its reader hears no signal', async () => {
    const { queries, outcomes } = queriesOf(() => new Promise(() => undefined));
    await queries.ask(['a']);
    expect(outcomes).toEqual(['failed']);
  });

  it('has asked about everybody when it resolves, in as many calls as that takes', async () => {
    const answered: string[][] = [];
    const { queries } = queriesOf(async (ids) => {
      await turn();
      answered.push(ids);
      return [];
    });
    await queries.ask(['a', 'b', 'c', 'd', 'e']);
    expect(answered).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  });

  it('asks once for all who wait for the same agents', async () => {
    const asked: string[][] = [];
    const { queries } = queriesOf(async (ids) => {
      asked.push(ids);
      return [];
    });
    await Promise.all([queries.ask(['a']), queries.ask(['a', 'b']), queries.ask(['b'])]);
    expect(asked).toEqual([['a', 'b']]);
  });

  it('asks again for those for whom the running query was sent too early', async () => {
    let nowMs = 0;
    const asked: string[][] = [];
    const answers: (() => void)[] = [];
    const { queries } = queriesOf(
      (ids) => {
        asked.push(ids);
        return new Promise((resolve) => answers.push(() => resolve([])));
      },
      () => nowMs,
    );
    const ended: string[] = [];
    const ask = (name: string, notBeforeMs?: number) =>
      queries.ask(['a'], notBeforeMs).then(() => void ended.push(name));
    const all = [ask('first')];
    await expect.poll(() => asked, { interval: 1 }).toEqual([['a']]);
    nowMs = 10;
    all.push(ask('shares', 0), ask('too early', 10));
    answers[0]?.();
    await expect.poll(() => asked, { interval: 1 }).toEqual([['a'], ['a']]);
    expect(ended.sort()).toEqual(['first', 'shares']);
    nowMs = 20;
    all.push(ask('shares the second', 10));
    answers[1]?.();
    await Promise.all(all);
    expect(asked).toEqual([['a'], ['a']]);
  });
});
