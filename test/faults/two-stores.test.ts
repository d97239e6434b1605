import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { withAdmin } from '../../world/redis/admin.ts';
import { type LocalRedisCluster, startRedisCluster } from '../../world/redis/cluster.ts';
import { type Regions, startRegions, type TestRegion } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';

/** Short, so that a silent store is soon not heard of any more. */
const FRESHNESS = { heartbeatMs: 200, suspectMs: 1000, staleMs: 3000 };

let regions: Regions;
let eu: TestRegion;
let us: TestRegion;
let dir: string;
let other: LocalRedisCluster;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-two-stores-'));
  [regions, other] = await Promise.all([
    startRegions({ names: ['eu', 'us'], config: { freshness: FRESHNESS } }),
    startRedisCluster({ dir, nodeTimeoutMs: 2000 }),
  ]);
  [eu, us] = regions.all as [TestRegion, TestRegion];
});
afterAll(async () => {
  await regions?.stop();
  await other?.stop();
  await rm(dir, { recursive: true, force: true });
});

/** An instance of `eu` on the other cluster. */
const onTheOther = () => eu.spawn({}, other);

async function freeThere(agent_id: string): Promise<number> {
  const event = { event_id: agent_id, agent_id, timestamp: Date.now(), status: 'AVAILABLE' };
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${eu.url}/v1/events`, { method: 'POST', headers, body: JSON.stringify(event) });
  return answer.status;
}

it('an instance on another cluster under the name of a living region does not start, and says which stores there are', async () => {
  await expect(onTheOther()).rejects.toThrow(
    /another Redis Cluster serves region "eu": us hears store \S+ of domain "main".*redis\.nodes lead to an empty one/,
  );
  expect(await freeThere('crm-eu:ann')).toBe(202);
  await vi.waitFor(async () => {
    const seen = await fetch(`${us.url}/v1/agents/crm-eu:ann`);
    expect(await seen.json()).toMatchObject({ status: 'AVAILABLE', stale: false });
  }, SOON);
});

it('an instance whose cluster was emptied starts as soon as the lost store has fallen silent', async () => {
  const [first] = eu.processes;
  await first?.signal('SIGKILL');
  for (const { port } of await eu.redis.masters()) await withAdmin(port, (redis) => redis.run('FLUSHALL'));
  await eu.spawn();
  expect(await freeThere('crm-eu:bob')).toBe(202);
});

it('once all instances on the old cluster have said good-bye, those on the new one start at once', async () => {
  for (const each of eu.processes) await each.signal('SIGTERM');
  await onTheOther();
  expect(await freeThere('crm-eu:cid')).toBe(202);
});
