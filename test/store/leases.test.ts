import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Clock } from '../../src/ops/clock.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { createLog } from '../../src/ops/log.ts';
import type { Leases } from '../../src/store/leases.ts';
import { createLeases, type LeasesOptions } from '../../src/store/redis/leases.ts';
import { type RedisServer, startRedis } from '../../world/redis/server.ts';

const dir = mkdtempSync(join(tmpdir(), 'muster-leases-'));
let server: RedisServer;
let redis: Awaited<ReturnType<typeof connect>>;
let started: Leases[] = [];
let topic = 0;

async function connect() {
  const client = createClient({ url: server.url });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

beforeAll(async () => {
  server = await startRedis({ dir });
  redis = await connect();
});
afterEach(async () => {
  await Promise.all(started.map((leases) => leases.stop()));
  started = [];
  topic++;
});
afterAll(async () => {
  redis?.destroy();
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

function start(instance: string, options: Partial<LeasesOptions> = {}): Leases {
  const leases = createLeases({
    run: ({ lua }, keys, args) => redis.eval(lua, { keys, arguments: args }),
    prefix: `{work-${topic}}`,
    count: 12,
    instance,
    ttlMs: 600,
    clock: systemClock,
    log: createLog('silent', 'here', 'test'),
    ...options,
  });
  leases.start();
  started.push(leases);
  return leases;
}

const waitFor = (condition: () => void | Promise<void>) => vi.waitFor(condition, { timeout: 45_000, interval: 10 });
const all = (...many: Leases[]) => many.flatMap((leases) => [...leases.held()]).sort((a, b) => a - b);
const everything = Array.from({ length: 12 }, (_, number) => number);

test('instances share leases evenly and exclusively, and one that stops hands all back at once', async () => {
  const [a, b] = [start('a'), start('b')];
  await waitFor(() => expect([a.held().size, b.held().size]).toEqual([6, 6]));
  expect(all(a, b)).toEqual(everything);
  const c = start('c');
  await waitFor(() => {
    const held = all(a, b, c);
    expect(new Set(held).size).toBe(held.length);
    expect([a.held().size, b.held().size, c.held().size]).toEqual([4, 4, 4]);
    expect([a, b, c].map((each) => each.instances())).toEqual([3, 3, 3]);
  });
  await a.stop();
  expect(a.held().size).toBe(0);
  await waitFor(() => expect(all(b, c)).toEqual(everything));
});

test('a retiring instance keeps its leases, no longer counts, and learns how many others live', async () => {
  const [a, b] = [start('a'), start('b')];
  await waitFor(() => expect([a.held().size, b.held().size]).toEqual([6, 6]));
  expect(await a.retire()).toBe(1);
  expect(a.held().size).toBe(6);
  const c = start('c');
  await waitFor(() => expect([b.held().size, c.held().size].sort()).toEqual([0, 6]));
  await a.stop();
  await waitFor(() => expect(all(b, c)).toEqual(everything));
  const [forB, forC] = await Promise.all([b.retire(), c.retire()]);
  expect([forB, forC].sort()).toEqual([0, 1]);
});

test('a lease is handed back only when drained, and not used meanwhile', async () => {
  const draining = Promise.withResolvers<void>();
  const a = start('a', { drain: () => draining.promise });
  await waitFor(() => expect(all(a)).toEqual(everything));
  const b = start('b');
  await waitFor(() => expect(a.held().size).toBe(6));
  const leasesOf = async (instance: string) => {
    const holders = await redis.mGet(everything.map((number) => `{work-${topic}}:${number}`));
    return holders.filter((holder) => holder === instance).length;
  };
  // b has renewed several times since, and still nothing was handed to it.
  const key = `{work-${topic}}:instances`;
  const seenAt = Number(await redis.zScore(key, 'b'));
  await waitFor(async () => expect(Number(await redis.zScore(key, 'b'))).toBeGreaterThan(seenAt + 600));
  expect(await leasesOf('a')).toBe(12);
  expect(b.held().size).toBe(0);
  draining.resolve();
  await waitFor(() => expect(all(a, b)).toEqual(everything));
  expect(b.held().size).toBe(6);
});

test('the leases of an instance that died expire and go to live instances', async () => {
  let dead = false;
  const run: LeasesOptions['run'] = async ({ lua }, keys, args) => {
    if (dead) throw new Error('cut off');
    return redis.eval(lua, { keys, arguments: args });
  };
  const a = start('a', { run });
  await waitFor(() => expect(all(a)).toEqual(everything));
  dead = true;
  const b = start('b');
  await waitFor(() => expect(all(b)).toEqual(everything));
  expect(a.held().size).toBe(0);
});

test('a lease ends by the holder’s clock, counted from before the request, even if Redis never answers again', async () => {
  let nowMs = 1_000;
  const clock: Clock = { nowMs: systemClock.nowMs, monotonicMs: () => nowMs };
  let calls = 0;
  const run: LeasesOptions['run'] = async ({ lua }, keys, args) => {
    if (calls++ > 0) throw new Error('cut off');
    // The answer takes its time; the lease was counted from the question on.
    nowMs += 500;
    return redis.eval(lua, { keys, arguments: args });
  };
  const a = start('a', { run, clock });
  await waitFor(() => expect(a.held().size).toBe(12));
  nowMs = 1_599;
  expect(a.held().size).toBe(12);
  nowMs = 1_600;
  expect(a.held().size).toBe(0);
});
