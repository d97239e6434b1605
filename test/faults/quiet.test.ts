import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { claimOnce, settleOnce } from '../fixtures/claimers.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { ask, bringOnDuty, type Process, type Regions, startRegions, type TestRegion } from '../fixtures/regions.ts';

const sinceMs = RECENTLY_MS;
let regions: Regions;
let eu: TestRegion;
let us: TestRegion;
beforeAll(async () => {
  const freshness = { heartbeatMs: 200, suspectMs: 1500, staleMs: 6000 };
  regions = await startRegions({ names: ['eu', 'us'], replicas: false, config: { freshness } });
  [eu, us] = regions.all as [TestRegion, TestRegion];
  await bringOnDuty(us, 2, regions.all, sinceMs);
  await bringOnDuty(eu, 2, regions.all, sinceMs + 60_000);
});
afterAll(() => regions.stop());

const stateOfUs = async (): Promise<string> => {
  const { body } = await ask(`${eu.url}/v1/regions`);
  return body.regions.find((each: { region: string }) => each.region === 'us').state;
};
const become = (state: string) =>
  vi.waitFor(async () => expect(await stateOfUs()).toBe(state), { timeout: 45_000, interval: 50 });
const found = async () => (await ask(`${eu.url}/agents/available?queue=support&limit=4`)).body;
const homes = (body: { agents: { home: string }[] }): string[] => body.agents.map(({ home }) => home);

describe('a region that goes quiet', () => {
  it('is suspect, its agents behind the others; then stale, its agents passed over; and fresh again when it is back', async () => {
    expect(homes(await found())).toEqual(['us', 'us', 'eu', 'eu']);
    await (us.processes[0] as Process).signal('SIGKILL');

    await become('suspect');
    expect(homes(await found())).toEqual(['eu', 'eu', 'us', 'us']);
    const claimed = await claimOnce(eu.url, 'while-suspect');
    expect(claimed).toMatchObject({ kind: 'granted', agentId: 'crm-eu:0' });
    // It is to outlast what follows.
    expect((await settleOnce(eu.url, claimed.claimId ?? '', 'confirm')).status).toBe(200);

    // On a busy machine `eu` may be behind for as long, and then still read what `us` said last: it is for good with time.
    await become('stale');
    await expect.poll(async () => homes(await found())).toEqual(['eu']);
    await expect.poll(async () => (await found()).passed_over).toMatchObject({ stale: 2 });
    const read = async () => (await ask(`${eu.url}/v1/agents/crm-us:0`)).body;
    await expect.poll(read).toMatchObject({ home: 'us', stale: true });
    expect(await claimOnce(eu.url, 'last')).toMatchObject({ kind: 'granted', agentId: 'crm-eu:1' });
    expect(await claimOnce(eu.url, 'nobody')).toMatchObject({ kind: 'none' });

    await us.spawn();
    await become('fresh');
    expect(homes(await found()).slice(0, 2)).toEqual(['us', 'us']);
  });
});

describe('a claim that no replica acknowledges', () => {
  it('says so under the policy grant, and is given back at once under refuse', async () => {
    const lenient = await ask(`${us.url}/v1/claims`, 'POST', { queue: 'crm-us:support', call_id: 'alone' });
    expect(lenient).toMatchObject({ status: 201, body: { replicated: false } });
    const strict = await startRegions({
      names: ['eu'],
      config: { claims: { replication: 'refuse' } },
    });
    const [region] = strict.all as [TestRegion];
    try {
      await bringOnDuty(region, 1, [region], sinceMs);
      expect(await replicasMissing(region)).toEqual([]);
      for (const node of await replicasOf(region)) await region.redis.kill(node);
      await expect.poll(() => replicasMissing(region), { timeout: 45_000 }).toHaveLength(3);
      const refused = await ask(`${region.url}/v1/claims`, 'POST', { queue: 'support', call_id: 'c' });
      expect(refused).toMatchObject({ status: 503, body: { code: 'not_replicated' } });
      expect((await ask(`${region.url}/v1/agents/crm-eu:0`)).body).toMatchObject({ status: 'AVAILABLE' });
    } finally {
      await strict.stop();
    }
  });
});

const replicasOf = async ({ redis }: TestRegion) => {
  const masters = await redis.masters();
  return redis.nodes.filter((node) => !masters.includes(node));
};
const replicasMissing = async ({ url }: TestRegion): Promise<string[]> =>
  (await ask(`${url}/v1/regions`)).body.warnings.filter((warning: string) => warning.includes('redis.replicas'));
