import { beforeEach, describe, expect, it, vi } from 'vitest';
import { domainOfAgent } from '../../src/config/topology.ts';
import { type MemoryRegions, memoryRegions, type TestRegion } from './memory-regions.ts';
import { bringOnDuty, counted } from './said.ts';

let regions: MemoryRegions;
let eu: TestRegion;
beforeEach(async () => {
  regions = await memoryRegions();
  ({ eu } = regions);
  await bringOnDuty([eu], 'far:1', 'far:2', 'desk:1');
});

/** Has the platform say that an agent has gone, since so many ms. */
function says(agentId: string, sinceMs = 0): void {
  const at = regions.clock.nowMs() - sinceMs;
  const facets = { presence: { state: 'OFF_DUTY' as const, at, id: 'gone' } };
  eu.platform.reports.set(agentId, { agentId, eventId: `gone/${agentId}`, timestampMs: at, facets });
}

const published = async (): Promise<number> =>
  (await eu.store.outbox.next('main', undefined, 100)).evenIfLost().entries.length;
const warnings = (): unknown[] => eu.logged.filter(({ level }) => level === 40).map(({ event }) => event);

describe('what a platform says when it is asked', () => {
  it('is known here and told to all regions, and its agents are confirmed', async () => {
    says('far:1');
    await eu.region.readThrough.ask(['far:1', 'far:2', 'desk:1'], 10_000);
    expect(eu.platform.asked).toEqual(['far:1', 'far:2']);
    expect((await eu.store.agents.get('far:1'))?.facets.presence?.state).toBe('OFF_DUTY');
    expect(await published()).toBe(1);
    expect(eu.region.freshness.confirmedAgents()).toEqual(['far:1']);
    expect(await counted(eu.region.metrics.readThrough, { connection: 'far', outcome: 'answered' })).toBe(2);
  });

  it('is told to nobody where it is known already, and confirms all the same', async () => {
    says('far:1', 3_600_000);
    await eu.region.readThrough.ask(['far:1'], 10_000);
    expect(await published()).toBe(0);
    expect(eu.region.freshness.confirmedMsAgo('far:1')).toBe(0);
  });

  it('confirms nobody of whom the store could not take it, tells nobody, and costs the others nothing', async () => {
    says('far:1');
    says('far:2', 3_600_000);
    eu.during.turn = (at) => at === 'commit asked' && eu.memory.outages.set('main', 'away');
    await eu.region.readThrough.ask(['far:1', 'far:2'], 10_000);
    expect(eu.region.freshness.confirmedAgents()).toEqual(['far:2']);
    expect(warnings()).toEqual(['platform_answer_not_applied']);
    eu.memory.outages.clear();
    expect(await published()).toBe(0);
    expect((await eu.store.agents.get('far:1'))?.facets.presence?.state).toBe('ON_DUTY');
  });

  it('confirms nobody of whom it is not known whether the store took it; what it took is told to all', async () => {
    says('far:1');
    eu.during.turn = (at) => at === 'commit asked' && eu.memory.outages.set('main', 'mute');
    await eu.region.readThrough.ask(['far:1'], 10_000);
    expect(eu.region.freshness.confirmedAgents()).toEqual([]);
    eu.memory.outages.clear();
    expect(await published()).toBe(1);
  });

  it('is known here, and told to nobody, while too much waits for the bus', async () => {
    says('far:1');
    const { outbox } = eu.store;
    const domain = domainOfAgent(eu.region.config, 'far:1');
    const full = { count: outbox.limit, ageMs: 0, leftOut: 0 };
    vi.spyOn(outbox, 'counted', 'get').mockReturnValue(new Map([[domain, full]]));
    await eu.region.readThrough.ask(['far:1'], 10_000);
    expect(eu.region.freshness.confirmedAgents()).toEqual(['far:1']);
    expect((await eu.store.agents.get('far:1'))?.facets.presence?.state).toBe('OFF_DUTY');
    expect(await published()).toBe(0);
    expect(await counted(eu.region.metrics.unpublished, {})).toBe(1);
    expect(warnings()).toEqual([]);
  });

  it('is waited for no longer than the time is, and counts for later callers', async () => {
    let answer = (): void => undefined;
    eu.platform.read = () =>
      new Promise((resolve) => {
        says('far:1');
        answer = () => resolve([...eu.platform.reports.values()]);
      });
    await eu.region.readThrough.ask(['far:1'], 1);
    expect(eu.region.freshness.confirmedAgents()).toEqual([]);
    answer();
    await expect.poll(() => eu.region.freshness.confirmedAgents(), { interval: 1 }).toEqual(['far:1']);
  });
});

describe('a platform', () => {
  it('is logged in to before it is needed; one that is away then is asked when it is', async () => {
    eu.platform.isAway = true;
    eu.region.readThrough.prepare();
    expect(eu.platform.hasLoggedIn).toBe(true);
    await expect.poll(() => eu.logged.map(({ event }) => event)).toContain('platform_login_failed');
    eu.platform.isAway = false;
    says('far:1');
    await eu.region.readThrough.ask(['far:1'], 10_000);
    expect(eu.region.freshness.confirmedAgents()).toEqual(['far:1']);
    await eu.region.readThrough.close();
    expect(eu.platform.isClosed).toBe(true);
  });

  it('that fails is told of and counted, and not asked again for a while', async () => {
    eu.platform.isAway = true;
    for (let i = 0; i < 3; i++) await eu.region.readThrough.ask(['far:1'], 10_000);
    expect(eu.platform.asked).toEqual(['far:1', 'far:1']);
    expect(warnings()).toEqual(['platform_query_failed', 'platform_query_failed']);
    const of = (outcome: string) => counted(eu.region.metrics.readThrough, { connection: 'far', outcome });
    expect([await of('failed'), await of('refused'), await of('answered')]).toEqual([2, 1, 0]);
  });
});
