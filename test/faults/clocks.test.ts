import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { claimOnce } from '../fixtures/claimers.ts';
import { judge } from '../fixtures/judge.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import {
  ask,
  bringOnDuty,
  eventOf,
  type Process,
  type Regions,
  startRegions,
  type TestRegion,
} from '../fixtures/regions.ts';

const sinceMs = RECENTLY_MS;
const offsetsMs: Record<string, number> = { us: 5000, ap: -300_000 };
let regions: Regions;
let eu: TestRegion;
let us: TestRegion;
beforeAll(async () => {
  const freshness = { heartbeatMs: 200, suspectMs: 4000, staleMs: 20_000 };
  const names = ['eu', 'us', 'ap'];
  regions = await startRegions({ names, replicas: false, clockOffsetsMs: offsetsMs, config: { freshness } });
  [eu, us] = regions.all as [TestRegion, TestRegion];
});
afterAll(() => regions.stop());

const report = async (at: TestRegion) => (await ask(`${at.url}/v1/regions`)).body;
const stateOf = async (name: string, at: TestRegion) =>
  (await report(at)).regions.find(({ region }: { region: string }) => region === name);
const soon = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 45_000, interval: 50 });

describe('regions whose clocks are 5 s ahead and 5 min behind', () => {
  it('agree, stay fresh and route in the order of the platform, and only warn', async () => {
    for (const [i, region] of regions.all.entries()) await bringOnDuty(region, 2, regions.all, sinceMs - i * 60_000);
    const order = ['crm-ap:0', 'crm-ap:1', 'crm-us:0', 'crm-us:1', 'crm-eu:0', 'crm-eu:1'];
    for (const region of regions.all) {
      const { body } = await ask(`${region.url}/agents/available?queue=support&limit=9`);
      expect(body.agents.map(({ agent_id }: { agent_id: string }) => agent_id)).toEqual(order);
      expect(body.agents.filter(({ stale }: { stale: boolean }) => stale)).toEqual([]);
      for (const { region: name, state, clock_offset_ms } of (await report(region)).regions) {
        expect(state).toBe('fresh');
        const trueMs = (offsetsMs[name] ?? 0) - (offsetsMs[region.name] ?? 0);
        expect(Math.abs(clock_offset_ms - trueMs)).toBeLessThan(1000);
      }
    }
    expect((await report(eu)).warnings).toEqual([
      expect.stringMatching(/^the clock of us is (4\.9|5\.\d) s ahead of this instance's$/),
      expect.stringMatching(/^the clock of ap is (299\.9|300\.\d) s behind this instance's$/),
    ]);
    for (const [i, region] of regions.all.entries()) {
      expect(await claimOnce(region.url, `call-${i}`, { budget_ms: 5000 })).toMatchObject({
        kind: 'granted',
        agentId: order[i],
      });
    }
    const gauge = /muster_clock_offset_seconds\{of_region="ap",region="eu"\} -(299|300)(\.\d{1,3})?\n/;
    await soon(async () => expect(gauge.test(await (await fetch(`${eu.url}/metrics`)).text())).toBe(true));
  });
});

describe('a region that is stopped', () => {
  it('says good-bye with its last instance only, and is back with its next heartbeat', async () => {
    const first = us.processes[0] as Process;
    const second = await us.spawn();
    await first.signal('SIGTERM');
    const last = eventOf('crm-us:1', 'OFFLINE', sinceMs + 60_000);
    expect((await ask(`${second.url}/v1/events`, 'POST', last)).status).toBe(202);
    await soon(async () => expect((await ask(`${eu.url}/v1/agents/crm-us:1`)).body.status).toBe('OFFLINE'));
    expect((await stateOf('us', eu)).state).not.toBe('left');

    await second.signal('SIGTERM');
    await soon(async () => expect(await stateOf('us', eu)).toMatchObject({ state: 'left' }));
    const { age_ms: ageMs, partitions } = await stateOf('us', eu);
    expect(ageMs).toBeLessThan(20_000);
    expect(partitions).toHaveLength(12);
    const { body } = await ask(`${eu.url}/agents/available?queue=support&limit=9`);
    expect(body.agents.map(({ home }: { home: string }) => home)).not.toContain('us');
    expect((await ask(`${eu.url}/v1/agents/crm-us:0`)).body).toMatchObject({ stale: true });

    await us.spawn();
    await soon(async () => expect(await stateOf('us', eu)).toMatchObject({ state: 'fresh' }));
    await judge(regions.histories());
  });

  it('does not wait long for a bus that is away', async () => {
    await regions.bus.stop();
    for (const { signal } of us.processes) await signal('SIGTERM');
    expect((await stateOf('us', eu)).state).not.toBe('left');
    await regions.bus.start();
    await us.spawn();
    await soon(async () => expect(await stateOf('us', eu)).toMatchObject({ state: 'fresh' }));
  });

  it('ends though nothing that it stands on answers', async () => {
    await Promise.all([regions.bus.kill('SIGSTOP'), ...us.redis.nodes.map((node) => us.redis.freeze(node))]);
    for (const { signal } of us.processes) await signal('SIGTERM');
    await Promise.all([regions.bus.kill('SIGCONT'), ...us.redis.nodes.map((node) => us.redis.thaw(node))]);
  });
});
