import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimers, claimOnce, settleOnce } from '../fixtures/claimers.ts';
import { judge } from '../fixtures/judge.ts';
import { ask, bringOnDuty, type Regions, startRegions, type TestRegion } from '../fixtures/regions.ts';

const sinceMs = Date.parse('2026-03-02T10:00:00Z');
let regions: Regions;
let eu: TestRegion;
beforeAll(async () => {
  regions = await startRegions({ names: ['eu'], nodeTimeoutMs: 2000 });
  eu = regions.all[0] as TestRegion;
  await bringOnDuty(eu, 400, [eu], sinceMs);
});
afterAll(() => regions.stop());

describe('the master of a domain is killed under load', () => {
  it('and no claim that a replica acknowledged is granted again; callers get a quick 503 and then go on', async () => {
    const held = await Promise.all(Array.from({ length: 40 }, (_, i) => claimOnce(eu.url, `held-${i}`)));
    expect(held.every(({ kind, replicated }) => kind === 'granted' && replicated === true)).toBe(true);

    const load = claimers([eu.url], 24, 'load');
    const grantedSoFar = () => load.outcomes.filter(({ kind }) => kind === 'granted').length;
    await expect.poll(grantedSoFar, { timeout: 20_000 }).toBeGreaterThan(100);
    await eu.redis.kill(await eu.redis.masterOf('agents:{main}'));
    await expect.poll(() => load.outcomes.some(({ kind }) => kind === 'unavailable'), { timeout: 20_000 }).toBe(true);
    const beforePromotion = grantedSoFar();
    await expect.poll(grantedSoFar, { timeout: 30_000, interval: 50 }).toBeGreaterThan(beforePromotion + 50);
    const outcomes = await load.stop();

    expect(outcomes.filter(({ kind }) => kind === 'unknown')).toEqual([]);
    await judge(regions.histories());
    const ids = new Set(held.map(({ agentId }) => agentId));
    const duringHold = outcomes.filter(({ agentId }) => agentId && ids.has(agentId));
    for (const { claimId = '' } of held) {
      const settled = await settleOnce(eu.url, claimId, 'confirm');
      // Either it is still ours, or its 10 s were over before and somebody else had the agent: never both at once.
      expect([200, 409]).toContain(settled.status);
    }
    expect(duringHold.every(({ claimId }) => !held.some((each) => each.claimId === claimId))).toBe(true);
    expect((await ask(`${eu.url}/readyz`)).status).toBe(200);
  });
});
