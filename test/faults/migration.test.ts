import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claimers } from '../fixtures/claimers.ts';
import { judge } from '../fixtures/judge.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { bringOnDuty, type Regions, startRegions, type TestRegion } from '../fixtures/regions.ts';

const sinceMs = RECENTLY_MS;
let regions: Regions;
let eu: TestRegion;
beforeAll(async () => {
  regions = await startRegions({ names: ['eu'] });
  eu = regions.all[0] as TestRegion;
  await bringOnDuty(eu, 300, [eu], sinceMs);
});
afterAll(() => regions.stop());

describe("a domain's slot moves to another master and back under load", () => {
  it('and callers see latency, never an error, and nobody is claimed twice', async () => {
    const load = claimers([eu.url], 24, 'load');
    const granted = () => load.outcomes.filter(({ kind }) => kind === 'granted').length;
    await expect.poll(granted, { timeout: 45_000 }).toBeGreaterThan(100);
    for (let round = 0; round < 2; round++) {
      const from = await eu.redis.masterOf('agents:{main}');
      const to = (await eu.redis.masters()).find((node) => node.id !== from.id);
      if (!to) throw new Error('the cluster has one master only');
      const view = (await eu.redis.topology()).find(({ id }) => id === from.id);
      const slot = slotOf('main');
      expect(view?.slots.some(([first, last]) => first <= slot && slot <= last)).toBe(true);
      await eu.redis.moveSlots({ from, to, slots: Array.from({ length: 40 }, (_, i) => slot - 20 + i), slowMs: 5 });
      const before = granted();
      await expect.poll(granted, { timeout: 45_000 }).toBeGreaterThan(before + 50);
    }
    const outcomes = await load.stop();
    expect(outcomes.filter(({ kind }) => !['granted', 'settled', 'none'].includes(kind))).toEqual([]);
    await judge(regions.histories());
  });
});

/** CRC16 (XMODEM) of the hash tag, as Redis Cluster computes it. */
function slotOf(tag: string): number {
  let crc = 0;
  for (const byte of Buffer.from(tag)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc % 16_384;
}
