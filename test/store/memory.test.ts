import { expect, it } from 'vitest';
import { MemoryRegion, SHARED } from '../../src/store/memory/memory-region.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { ShardUnavailable } from '../../src/store/store.ts';
import { Pool, poolConfig } from '../fixtures/pool.ts';
import { SeededScheduler } from '../fixtures/seeded-scheduler.ts';

const START_MS = Date.UTC(2026, 0, 1);
const config = poolConfig('pool');

function start(seed = 0) {
  const time = { nowMs: START_MS };
  const scheduler = new SeededScheduler(seed);
  const region = new MemoryRegion({ clock: { nowMs: () => time.nowMs, monotonicMs: () => time.nowMs }, scheduler });
  return { time, scheduler, region, pool: () => new Pool('pool', config, new MemoryStore(region, config)) };
}

/** Four calls at once for two agents, one of whom is changed meanwhile. */
async function story(seed: number): Promise<{ story: string[]; agents: string[] }> {
  const { pool, scheduler } = start(seed);
  const [one, other] = [pool(), pool()];
  for (const id of ['a', 'b']) await one.free(id, 1000);
  const calls = ['1', '2', '3', '4'].map((call, i) => (i % 2 === 0 ? one : other).claim(call));
  const [replies] = await Promise.all([
    Promise.all(calls),
    other.set('pool:a', { activity: { state: 'IDLE', at: 2000, id: 'x' } }),
  ]);
  return { story: scheduler.story, agents: replies.map(({ agentId }) => agentId) };
}

it('a seed gives the same run each time, and different seeds different ones', async () => {
  for (const seed of [1, 2, 3]) expect(await story(seed)).toEqual(await story(seed));
  const outcomes = await Promise.all(Array.from({ length: 20 }, (_, seed) => story(seed)));
  expect(new Set(outcomes.map(({ agents }) => agents.join(' '))).size).toBeGreaterThan(3);
});

it('a mute part carries out requests, and a retry finds them done', async () => {
  const { pool, region } = start();
  const d = pool();
  await d.free('a', 1000);
  region.outages.set('pool', 'mute');
  await expect(d.claim('c')).rejects.toBeInstanceOf(ShardUnavailable);
  region.outages.clear();
  expect(await d.claim('c')).toMatchObject({ verdict: 'again', agentId: 'pool:a' });
});

it('a part that is away does nothing, and does not block others', async () => {
  const { pool, region } = start();
  const d = pool();
  await d.free('a', 1000);
  region.outages.set(SHARED, 'away');
  await expect(d.store.takeBeat(0)).rejects.toBeInstanceOf(ShardUnavailable);
  expect(await d.claim('c')).toMatchObject({ verdict: 'granted' });
  region.outages.set('pool', 'away');
  await expect(d.claim('d')).rejects.toBeInstanceOf(ShardUnavailable);
  region.outages.clear();
  expect(await d.store.calls.entryOf('pool', 'd')).toBeUndefined();
});

it('an answer after its deadline is an error', async () => {
  const { pool, time } = start();
  const d = pool();
  await d.free('a', 1000);
  const late = d.claim('c', { deadlineMs: 100 });
  time.nowMs += 101;
  await expect(late).rejects.toBeInstanceOf(ShardUnavailable);
  expect(await d.claim('c')).toMatchObject({ verdict: 'again' });
});

it('calls are forgotten 10 minutes after their last change, except those that hold an agent', async () => {
  const { pool, time } = start();
  const d = pool();
  await d.free('a', 1000);
  await d.free('b', 2000);
  const { agentId, fence } = await d.claim('over');
  await d.settle(agentId, fence, { state: 'ENDED', lockMs: 0, endReason: 'released' });
  await d.claim('lasts', { heldMs: 3_600_000 });
  time.nowMs += 600_001;
  expect(await d.store.calls.entryOf('pool', 'over')).toBeUndefined();
  expect(await d.store.calls.entryOf('pool', 'lasts')).toMatchObject({ agentId });
});
