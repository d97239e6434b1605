import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { Cluster } from '../../src/store/redis/cluster.ts';
import { ShardUnavailable } from '../../src/store/store.ts';
import { LOCAL_USER } from '../../world/redis/access.ts';
import { withAdmin } from '../../world/redis/admin.ts';
import { type LocalRedisCluster, type LocalRedisNode, startRedisCluster } from '../../world/redis/cluster.ts';
import { silent } from '../fixtures/store.ts';

let dir: string;
let redis: LocalRedisCluster;
let dead: LocalRedisNode;
let frozen: LocalRedisNode;
let well: LocalRedisNode;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-cluster-'));
  redis = await startRedisCluster({ dir, replicas: false, nodeTimeoutMs: 60_000 });
  [dead, frozen, well] = redis.nodes as [LocalRedisNode, LocalRedisNode, LocalRedisNode];
});
afterAll(async () => {
  await redis?.stop();
  await rm(dir, { recursive: true, force: true });
});

const open = () => Cluster.connect({ nodes: redis.addresses, ...LOCAL_USER }, systemClock, silent);
const connectionsTo = (node: LocalRedisNode) =>
  withAdmin(node.port, async (admin) => {
    const clients = String(await admin.run('CLIENT', 'LIST')).split('\n');
    return clients.filter((line) => line.includes(`user=${LOCAL_USER.username}`)).length;
  });

describe('a cluster that is closed', () => {
  it('leaves no connection open, even during a topology read', async () => {
    const cluster = await open();
    expect(await connectionsTo(well)).toBeGreaterThan(0);
    const looking = Promise.allSettled([cluster.rediscover()]);
    await cluster.close();
    await looking;
    for (const node of redis.nodes) await expect.poll(() => connectionsTo(node)).toBe(0);
  });

  it('leaves none open while it waits for a node that is gone', async () => {
    const cluster = await open();
    await redis.kill(dead);
    await expect.poll(() => cluster.shards.all().every(({ up }) => up), { timeout: 45_000 }).toBe(false);
    const looking = Promise.allSettled([cluster.rediscover()]);
    await cluster.close();
    await looking;
    for (const node of [frozen, well]) await expect.poll(() => connectionsTo(node)).toBe(0);
    await redis.restart(dead);
  });

  it('does not wait for a node that does not answer', async () => {
    const cluster = await open();
    await redis.freeze(frozen);
    await cluster.close();
    await expect.poll(() => connectionsTo(well)).toBe(0);
    await redis.thaw(frozen);
  });

  it('ends even if no node answers during a topology read', async () => {
    const cluster = await open();
    await Promise.all(redis.nodes.map((node) => redis.freeze(node)));
    const looking = cluster.rediscover().catch((error) => error);
    await cluster.close();
    expect(await looking).toBeInstanceOf(Error);
    await Promise.all(redis.nodes.map((node) => redis.thaw(node)));
  });
});

it('finds slots that no node had when it connected', async () => {
  const key = 'agents:{late}';
  const slot = `${await redis.slotOf(key)}`;
  const owner = await redis.masterOf(key);
  const onAll = (command: string) =>
    Promise.all(redis.nodes.map(({ port }) => withAdmin(port, (admin) => admin.run('CLUSTER', command, slot))));
  await onAll('DELSLOTS');
  const cluster = await open();
  onTestFinished(() => cluster.close());
  await expect(cluster.command(key, ['HGET', key, 'ann'])).rejects.toThrow(ShardUnavailable);
  await withAdmin(owner.port, (admin) => admin.run('CLUSTER', 'ADDSLOTS', slot));
  await expect.poll(() => cluster.command(key, ['HGET', key, 'ann']), { timeout: 45_000 }).toBeNull();
});
