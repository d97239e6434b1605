import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KeptLedger, keepLedger } from '../fixtures/callers-ledger.ts';
import { claimers, claimOnce } from '../fixtures/claimers.ts';
import { judge } from '../fixtures/judge.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { bringOnDuty, type Regions, startRegions } from '../fixtures/regions.ts';

const sinceMs = RECENTLY_MS;
let regions: Regions;
let ledger: KeptLedger;
beforeAll(async () => {
  regions = await startRegions({ names: ['eu', 'us'], instances: 2, replicas: false });
  for (const region of regions.all) await bringOnDuty(region, 4, regions.all, sinceMs);
  ledger = await keepLedger(regions);
});
afterAll(() => regions.stop());

describe('many claimers and few agents, two regions of two instances', () => {
  it('never have one agent between two of them', async () => {
    const urls = regions.all.flatMap((region) => region.processes.map((each) => each.url));
    const at = Array.from({ length: 300 }, (_, i) =>
      claimOnce(urls[i % urls.length] as string, `rush-${i}`, { budget_ms: 3000 }, ledger.ask),
    );
    const rush = await Promise.all(at);
    const granted = rush.filter(({ kind }) => kind === 'granted');
    expect(new Set(granted.map(({ agentId }) => agentId)).size).toBe(granted.length);
    expect(granted.length).toBe(8);
    expect(rush.every(({ kind }) => kind === 'granted' || kind === 'none')).toBe(true);

    const busy = claimers(urls, 60, 'busy', ledger.ask);
    for (const { claimId } of granted) {
      await ledger.ask(`${urls[0]}/v1/claims/${encodeURIComponent(claimId ?? '')}/release`, 'POST', {});
    }
    await expect
      .poll(() => busy.outcomes.filter(({ kind }) => kind === 'granted').length, { timeout: 45_000 })
      .toBeGreaterThan(400);
    const outcomes = await busy.stop();
    expect(outcomes.filter(({ kind }) => kind === 'refused')).toEqual([]);
    const verdict = await judge(ledger.files());
    expect(verdict.counts.claims.granted).toBeGreaterThan(400);
  });
});
