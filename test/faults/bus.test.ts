import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { claimOnce, settleOnce } from '../fixtures/claimers.ts';
import { judge } from '../fixtures/judge.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { ask, bringOnDuty, eventOf, type Regions, startRegions, type TestRegion } from '../fixtures/regions.ts';

const sinceMs = RECENTLY_MS;
let regions: Regions;
let eu: TestRegion;
let us: TestRegion;
beforeAll(async () => {
  regions = await startRegions({ names: ['eu', 'us'], replicas: false });
  [eu, us] = regions.all as [TestRegion, TestRegion];
  await bringOnDuty(eu, 50, regions.all, sinceMs);
});
afterAll(() => regions.stop());

const statusAt = async (region: TestRegion, id: string): Promise<string> =>
  (await ask(`${region.url}/v1/agents/${encodeURIComponent(id)}`)).body.status;

describe('the bus goes away and comes back, under load', () => {
  it('and stops nothing at home, loses nothing, and all regions agree again', async () => {
    await regions.bus.stop();
    let sent = 0;
    for (let round = 0; round < 20; round++) {
      const batch = Array.from({ length: 50 }, (_, i) =>
        eventOf(`crm-eu:${i}`, round % 2 === 0 ? 'OFFLINE' : 'AVAILABLE', sinceMs + 10_000 + round * 100 + i),
      );
      const { status, body } = await ask(`${eu.url}/v1/events`, 'POST', batch);
      expect(status).toBe(202);
      expect(body.events.every((each: { outcome: string }) => each.outcome === 'applied')).toBe(true);
      sent += batch.length;
    }
    const mine = await claimOnce(eu.url, 'while-away');
    expect(mine).toMatchObject({ kind: 'granted' });
    expect((await settleOnce(eu.url, mine.claimId ?? '', 'confirm')).status).toBe(200);
    expect((await ask(`${eu.url}/v1/regions`)).body.outbox).toBeGreaterThanOrEqual(sent);

    const last = eventOf('crm-eu:49', 'OFFLINE', sinceMs + 60_000);
    await ask(`${eu.url}/v1/events`, 'POST', last);
    expect(await statusAt(us, 'crm-eu:49')).toBe('AVAILABLE');
    await regions.bus.start();
    await vi.waitFor(async () => expect(await statusAt(us, 'crm-eu:49')).toBe('OFFLINE'), 30_000);
    await vi.waitFor(async () => expect((await ask(`${eu.url}/v1/regions`)).body.outbox).toBeLessThan(50), 20_000);
    const facets = async (region: TestRegion, id: string) =>
      (await ask(`${region.url}/v1/agents/${encodeURIComponent(id)}`)).body.facets;
    for (let i = 0; i < 50; i++) {
      const id = `crm-eu:${i}`;
      await vi.waitFor(async () => expect(await facets(us, id)).toEqual(await facets(eu, id)), 20_000);
    }
    const verdict = await judge(regions.histories());
    expect(verdict.counts.events.accepted).toBeGreaterThan(sent);
  });
});
