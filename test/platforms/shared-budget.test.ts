import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { SharedBudget } from '../../src/platforms/shared-budget.ts';
import { type Store, startStore } from '../fixtures/store.ts';

const WAIT = { timeout: 45_000, interval: 50 };
const never = new AbortController().signal;
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

/** The budget of an instance, and what it logs. */
function budget(instance: string, { limit = 12, alonePerMinute = 3, windowMs = 60_000 } = {}) {
  const said: string[] = [];
  const say = (event: string) => said.push(event);
  const options = { connection, instance, taker: 'mirror', limit, headroom: 2 } as const;
  const permits = store.open().permits({ ...options, windowMs });
  const log = { info: say, warn: say };
  return Object.assign(new SharedBudget({ permits, alonePerMinute, clock: systemClock, log }), { said });
}

/** How many of so many requests may go out at once. */
async function taken(count: number, ...budgets: SharedBudget[]): Promise<number> {
  const asked = budgets.flatMap((each) => Array.from({ length: count }, () => each.takeNow()));
  return (await Promise.all(asked)).filter((isTaken) => isTaken).length;
}

test('two instances together send what the region may', async () => {
  expect(await taken(20, budget('a'), budget('b'))).toBe(10);
});

test('whoever has time waits for the next turn, until it is told to stop', async () => {
  const [a, b] = [budget('a', { limit: 4, windowMs: 300 }), budget('b', { limit: 4, windowMs: 300 })];
  await Promise.all([a, b, a, b, a, b].map((each) => each.take(never)));
  const slow = budget('c', { limit: 4 });
  const stop = new AbortController();
  await vi.waitFor(async () => expect(await slow.takeNow()).toBe(false), WAIT);
  const waiting = slow.take(stop.signal);
  stop.abort();
  await expect(waiting).rejects.toThrow();
});

test('a refusal that one instance is told of holds the others, and itself at once', async () => {
  const [a, b] = [budget('a'), budget('b')];
  a.refused(60_000);
  expect(await a.takeNow()).toBe(false);
  await vi.waitFor(async () => expect(await b.takeNow()).toBe(false), WAIT);
  await expect(b.take(AbortSignal.timeout(50))).rejects.toThrow();
});

test('what the platform took ends a row of refusals for every instance', async () => {
  const [a, b] = [budget('a'), budget('b')];
  const refusals = async () => {
    const key = `budget:{${connection}}`;
    return Number(await store.cluster.command(key, ['HGET', key, 'refusals']));
  };
  a.refused(50);
  await vi.waitFor(async () => expect(await refusals()).toBe(1), WAIT);
  await b.take(never);
  await b.take(never);
  expect(await refusals()).toBe(1);
  b.accepted();
  await b.take(never);
  expect(await refusals()).toBe(0);
});

test('a store that is away leaves each instance its part, and is used again when it is back', async () => {
  const [a, b, c] = [budget('a', { limit: 40 }), budget('b', { limit: 40 }), budget('c')];
  // What was taken from the store counts: the part is of any minute, however its requests were allowed.
  await a.take(never);
  const master = await store.redis.masterOf(`budget:{${connection}}`);
  await store.redis.freeze(master);
  try {
    expect(await taken(5, a)).toBe(2);
    expect(await taken(5, b)).toBe(3);
    expect(await taken(1, a)).toBe(0);
    expect(a.said).toEqual(['request_budget_split']);
    c.refused(60_000);
    expect(await taken(5, c)).toBe(0);
  } finally {
    await store.redis.thaw(master);
  }
  await vi.waitFor(async () => expect(await a.takeNow()).toBe(true), WAIT);
  expect(a.said.slice(1)).toEqual(['request_budget_shared']);
});
