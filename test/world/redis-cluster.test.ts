import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCluster } from '@redis/client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type LocalRedisCluster, startRedisCluster } from '../../world/redis/cluster.ts';
import { owns } from '../../world/redis/topology.ts';

const dir = mkdtempSync(join(tmpdir(), 'muster-cluster-'));
let cluster: LocalRedisCluster;
let client: Awaited<ReturnType<typeof connect>>;

async function connect() {
  const redis = createCluster({
    rootNodes: cluster.addresses.map((address) => ({ url: `redis://${address}` })),
    defaults: { disableOfflineQueue: true, socket: { reconnectStrategy: () => 100 } },
  });
  redis.on('error', () => {});
  redis.on('node-error', () => {});
  await redis.connect();
  return redis;
}

beforeAll(async () => {
  cluster = await startRedisCluster({ dir, nodeTimeoutMs: 2_000 });
  client = await connect();
});

afterAll(async () => {
  client?.destroy();
  await cluster?.stop();
  rmSync(dir, { recursive: true, force: true });
});

test('three masters with a replica each own all slots', async () => {
  const masters = await cluster.masters();
  expect(masters).toHaveLength(3);
  for (const master of masters) expect(await cluster.replicaOf(master)).toBeDefined();
  const owners = (await cluster.topology()).flatMap((view) => view.slots);
  expect(owners.reduce((sum, [first, last]) => sum + last - first + 1, 0)).toBe(16_384);
  await Promise.all(Array.from({ length: 100 }, (_, i) => client.set(`key:${i}`, `${i}`)));
  expect(await client.get('key:42')).toBe('42');
});

test('slots move while clients write', async () => {
  const from = await cluster.masterOf('{moving}');
  const to = (await cluster.masters()).find((master) => master !== from);
  if (!to) throw new Error('there is no second master');
  const slots = [Number(await client.sendCommand(undefined, true, ['CLUSTER', 'KEYSLOT', '{moving}']))];
  await Promise.all(Array.from({ length: 50 }, (_, i) => client.set(`{moving}:${i}`, 'before')));

  let moved = false;
  const move = cluster.moveSlots({ from, to, slots, slowMs: 10 }).finally(() => {
    moved = true;
  });
  let writes = 0;
  let writesMeanwhile = 0;
  // Each key once at least, however quickly the slots have moved.
  while (!moved || writes < 50) {
    await client.set(`{moving}:${writes++ % 50}`, `during ${writes}`);
    if (!moved) writesMeanwhile = writes;
  }
  await move;

  expect(writesMeanwhile).toBeGreaterThan(5);
  expect((await cluster.masterOf('{moving}')).id).toBe(to.id);
  const values = await Promise.all(Array.from({ length: 50 }, (_, i) => client.get(`{moving}:${i}`)));
  expect(values.every((value) => value?.startsWith('during'))).toBe(true);
});

test('the replica of a killed master is promoted and writes go on; the old master comes back as a replica', async () => {
  const victim = await cluster.masterOf('{failover}');
  const replica = await cluster.replicaOf(victim);
  await cluster.kill(victim);
  expect(victim.server.pid).toBeUndefined();
  await vi.waitFor(async () => expect((await cluster.masterOf('{failover}')).id).toBe(replica?.id), 20_000);
  await vi.waitFor(() => client.set('{failover}', 'written'), 20_000);
  expect(await client.get('{failover}')).toBe('written');

  await cluster.restart(victim);
  await vi.waitFor(async () => expect(await cluster.replicaOf(replica ?? victim)).toBe(victim), 20_000);
});

test('a frozen master is replaced and thaws as a replica', async () => {
  const victim = await cluster.masterOf('{frozen}');
  const [slots] = (await cluster.topology()).filter((view) => view.id === victim.id);
  const slot = slots?.slots[0]?.[0] ?? -1;
  await cluster.freeze(victim);
  const owner = async () => (await cluster.topology()).find((view) => owns(view, slot))?.id;
  await vi.waitFor(async () => expect(await owner()).not.toBe(victim.id), 20_000);
  await cluster.thaw(victim);
  await vi.waitFor(async () => {
    const view = (await cluster.topology()).find((one) => one.id === victim.id);
    expect(view?.role).toBe('replica');
  }, 20_000);
});

test('stop leaves no process', async () => {
  const pids = cluster.nodes.flatMap((node) => node.server.pid ?? []);
  expect(pids).toHaveLength(6);
  await cluster.stop();
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});
