import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { withAdmin } from '../../world/redis/admin.ts';
import type { LocalRedisNode } from '../../world/redis/cluster.ts';
import { claimers, claimOnce } from '../fixtures/claimers.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { bringOnDuty, type Process, type Regions, startRegions, type TestRegion } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';

const sinceMs = RECENTLY_MS;
let regions: Regions;
let eu: TestRegion;
async function start(agents: number, nodeTimeoutMs: number): Promise<void> {
  regions = await startRegions({ names: ['eu'], nodeTimeoutMs });
  eu = regions.all[0] as TestRegion;
  await bringOnDuty(eu, agents, [eu], sinceMs);
}
afterEach(() => regions.stop());

const tell = (node: LocalRedisNode, ...command: string[]) => withAdmin(node.port, (admin) => admin.run(...command));
const logOf = ({ log }: Process): string => readFileSync(log, 'utf8');
/** It ends by itself, and nothing had to be cut off. */
async function endsInOrder(process: Process): Promise<void> {
  await process.signal('SIGTERM');
  await expect.poll(() => logOf(process)).toContain('"event":"instance_stopped"');
  expect(logOf(process)).not.toContain('process_kept_alive');
}
/** Hands the domain over to its replica, as an operator does. */
async function failOverByHand(): Promise<void> {
  const master = await eu.redis.masterOf('agents:{main}');
  const handOver = async () => {
    const now = await eu.redis.masterOf('agents:{main}').catch(() => master);
    if (now !== master) return true;
    const replica = await eu.redis.replicaOf(master).catch(() => undefined);
    if (replica) await tell(replica, 'CLUSTER', 'FAILOVER').catch(() => undefined);
    return false;
  };
  // A replica that is not in step yet gives up without a word.
  await expect.poll(handOver, { timeout: 40_000, interval: 2000 }).toBe(true);
}
const grantedSoon = (name: string) => {
  let n = 0;
  return expect.poll(async () => (await claimOnce(eu.url, `${name}-${n++}`)).kind, SOON).toBe('granted');
};

describe('a master that froze, was replaced and is back as a replica', () => {
  it('keeps no instance from ending', async () => {
    await start(100, 2000);
    const load = claimers([eu.url], 6, 'load');
    const frozen = await eu.redis.masterOf('agents:{main}');
    await eu.redis.freeze(frozen);
    await expect.poll(async () => (await eu.redis.masterOf('agents:{main}')).id, SOON).not.toBe(frozen.id);
    await grantedSoon('promoted');
    await eu.redis.thaw(frozen);
    await expect.poll(async () => (await eu.redis.masters()).some(({ id }) => id === frozen.id), SOON).toBe(false);
    await grantedSoon('thawed');
    const outcomes = await load.stop();
    expect(outcomes.filter(({ kind, status }) => kind === 'unknown' || status === 500)).toEqual([]);
    await endsInOrder(eu.processes[0] as Process);
  });
});

describe('a failover by hand under load', () => {
  it('is latency, or 503', async () => {
    await start(100, 2000);
    const load = claimers([eu.url], 6, 'load');
    for (let n = 0; n < 3; n++) {
      await failOverByHand();
      await grantedSoon(`handed-${n}`);
    }
    const outcomes = await load.stop();
    expect(outcomes.filter(({ kind, status }) => kind === 'unknown' || status === 500)).toEqual([]);
    expect(logOf(eu.processes[0] as Process)).not.toContain('unexpected_error');
    await endsInOrder(eu.processes[0] as Process);
  });
});

describe('nodes that announce no address', () => {
  it('are a shard that is away: every request is answered, and the work goes on when they announce one', async () => {
    await start(20, 2000);
    const announce = async (type: string) => {
      for (const node of eu.redis.nodes) await tell(node, 'CONFIG', 'SET', 'cluster-preferred-endpoint-type', type);
    };
    await grantedSoon('before');
    await announce('hostname');
    await failOverByHand();
    const away = () => claimOnce(eu.url, 'away', { budget_ms: 300 });
    await expect.poll(away, SOON).toMatchObject({ kind: 'unavailable', status: 503 });
    for (let n = 0; n < 20; n++) {
      const answered = Promise.race([away(), new Promise((resolve) => setTimeout(resolve, 8000, 'no answer'))]);
      expect(await answered).toMatchObject({ kind: 'unavailable', status: 503 });
    }
    await announce('ip');
    await grantedSoon('after');
  });

  it('keep no instance from ending', async () => {
    await start(5, 2000);
    for (const node of eu.redis.nodes) await tell(node, 'CONFIG', 'SET', 'cluster-preferred-endpoint-type', 'hostname');
    await failOverByHand();
    const away = () => claimOnce(eu.url, 'away', { budget_ms: 300 });
    await expect.poll(away, SOON).toMatchObject({ kind: 'unavailable', status: 503 });
    await endsInOrder(eu.processes[0] as Process);
  });
});
