import { beforeEach, describe, expect, it } from 'vitest';
import { OLDEST_EXCHANGE } from '../../src/agent/exchange.ts';
import { find } from '../../src/routing/lookup/find.ts';
import { type MemoryRegions, memoryRegions, type TestRegion } from './memory-regions.ts';
import { askFor, bringOnDuty, claimFor, refusalOf } from './said.ts';

let regions: MemoryRegions;
let eu: TestRegion;
beforeEach(async () => {
  regions = await memoryRegions();
  ({ eu } = regions);
});

const found = (maxAgeMs?: number, more: object = {}) =>
  find(eu.region, { ...askFor('call-1'), budgetMs: 100, limit: 10, maxAgeMs, ...more });
const idsOf = ({ agents }: { agents: { agent_id: string }[] }): string[] => agents.map(({ agent_id }) => agent_id);

/** Has the platform confirm these agents when it is asked. */
function platformConfirms(...agentIds: string[]): void {
  for (const agentId of agentIds) {
    const at = regions.clock.nowMs();
    const facets = { activity: { state: 'IDLE' as const, at, id: 'seen' } };
    eu.platform.reports.set(agentId, { agentId, eventId: 'seen', timestampMs: at, facets });
  }
}

describe('a lookup whose caller limits the age of words', () => {
  it('takes agents whose last word is as old as that, passes older ones over, and says how old it is', async () => {
    await bringOnDuty([eu], 'away:1', 'desk:1');
    regions.clock.pass(700);
    const all = await found();
    expect([idsOf(all), all.age_ms]).toEqual([['away:1', 'desk:1'], 700]);
    expect(idsOf(await found(700))).toEqual(['away:1', 'desk:1']);
    const some = await found(699);
    expect([idsOf(some), some.age_ms, some.passed_over]).toMatchObject([['desk:1'], 0, { stale: 1 }]);
    expect(eu.platform.asked).toEqual([]);
  });

  it('says how old the data of the homes are where it has nobody', async () => {
    regions.clock.pass(1200);
    expect(await found(0)).toMatchObject({ agents: [], age_ms: 1200 });
    expect((await found(0, { queue: 'deals' })).age_ms).toBe(0);
  });

  it('asks the platform, and takes those whom it confirms for this request', async () => {
    await bringOnDuty([eu], 'far:1', 'far:2', 'desk:1');
    regions.clock.pass(1);
    platformConfirms('far:1');
    const some = await found(0);
    expect([idsOf(some), some.age_ms, some.passed_over]).toMatchObject([['desk:1', 'far:1'], 0, { stale: 1 }]);
    expect(eu.platform.asked).toEqual(['far:1', 'far:2']);
    // The confirmation ages like any word.
    regions.clock.pass(500);
    expect((await found(500)).age_ms).toBe(500);
    expect(eu.platform.asked).toEqual(['far:1', 'far:2', 'far:2']);
    eu.platform.isAway = true;
    expect(idsOf(await found(499))).toEqual(['desk:1']);
  });

  it('takes nobody on an answer that comes after the budget', async () => {
    await bringOnDuty([eu], 'far:1', 'desk:1');
    regions.clock.pass(50);
    eu.platform.read = () => new Promise(() => undefined);
    expect(await found(10, { budgetMs: 5 })).toMatchObject({
      agents: [{ agent_id: 'desk:1' }],
      passed_over: { stale: 1 },
    });
  });

  it('counts from when the request arrives: what the answer takes does not make words too old', async () => {
    await bringOnDuty([eu], 'far:1');
    platformConfirms('far:1');
    regions.clock.pass(100);
    const { read } = eu.platform;
    eu.platform.read = (ids) => {
      regions.clock.pass(30);
      return read.call(eu.platform, ids);
    };
    expect(await found(0)).toMatchObject({ agents: [{ agent_id: 'far:1', confirmed_ms_ago: 30 }], age_ms: 30 });
  });

  it('never widens the limits of the region', async () => {
    await bringOnDuty([eu], 'away:1', 'desk:1', 'desk:2');
    regions.clock.pass(11_000);
    // Suspect: behind all others.
    expect(idsOf(await found(60_000))).toEqual(['desk:1', 'desk:2', 'away:1']);
    regions.clock.pass(20_000);
    expect(idsOf(await found(60_000))).toEqual(['desk:1', 'desk:2']);
    eu.region.freshness.confirmed('away:1', regions.clock.monotonicMs() - 5001);
    expect(idsOf(await found(60_000))).toEqual(['desk:1', 'desk:2']);
  });

  it('looks at the partition of each agent, not at the oldest of the home', async () => {
    regions = await memoryRegions({ partitions: 2 });
    ({ eu } = regions);
    const ids = Array.from({ length: 8 }, (_, n) => `away:${n}`);
    await bringOnDuty([eu], ...ids);
    regions.clock.pass(900);
    eu.region.freshness.ask('us')(1000);
    const stamp = { beat: 1001, writer: 'another', steadyMs: 0, leaving: false, exchange: OLDEST_EXCHANGE };
    await eu.region.freshness.advance({ ...stamp, region: 'us', domain: 'main', timestampMs: 0 }, 1);
    const young = ids.filter((id) => eu.region.freshness.wordAgeMs('us', id) === 0);
    expect(young.length).toBeGreaterThan(0);
    expect(young.length).toBeLessThan(ids.length);
    expect(idsOf(await found(100))).toEqual(young);
    expect((await found(100)).age_ms).toBe(0);
  });

  it('explains whose word decides, and how old it may be', async () => {
    await bringOnDuty([eu], 'away:1', 'far:1', 'desk:1');
    regions.clock.pass(300);
    eu.region.freshness.confirmed('far:1', regions.clock.monotonicMs() - 40);
    const { explanation } = await found(50, { explain: true });
    expect(explanation).toMatchObject([
      { agent_id: 'away:1', obstacle: 'stale', word_of: 'home', age_ms: 300, age_limit_ms: 50 },
      { agent_id: 'far:1', word_of: 'platform', age_ms: 40, age_limit_ms: 50 },
      { agent_id: 'desk:1', word_of: 'here', age_ms: 0 },
    ]);
    const unlimited = (await found(undefined, { explain: true })).explanation;
    expect(unlimited).toMatchObject([{ age_limit_ms: 30_000 }, { age_limit_ms: 5000 }, {}]);
  });
});

describe('a claim whose caller limits the age of words', () => {
  it('rests on the own, present word of a home that is asked, however old the data of it are here', async () => {
    const { us } = regions;
    await bringOnDuty([eu, us], 'away:1');
    regions.clock.pass(5000);
    eu.peers.onTheWay = () => regions.clock.pass(20);
    const { claim } = await claimFor(eu, 'call-1', { maxAgeMs: 0 });
    expect(claim).toMatchObject({ agent_id: 'away:1', age_ms: 40, authority: { region: 'us', mode: 'home' } });
    expect(claim.agent.age_ms).toBe(5040);
    expect(eu.platform.asked).toEqual([]);
    expect((await claimFor(eu, 'call-1', { maxAgeMs: 0 })).claim).toMatchObject({
      claim_id: claim.claim_id,
      age_ms: 40,
    });
  });

  it('takes an agent homed here at any limit, and is 0 ms old', async () => {
    await bringOnDuty([eu], 'desk:1');
    regions.clock.pass(5000);
    expect((await claimFor(eu, 'call-1', { maxAgeMs: 0 })).claim.age_ms).toBe(0);
    expect(await claimFor(eu, 'call-1')).toMatchObject({ again: true, claim: { age_ms: 0 } });
  });

  it('passes over as stale the agents of a home that cannot be asked, and says how old "nobody" is', async () => {
    await bringOnDuty([eu], 'away:1');
    regions.clock.pass(800);
    eu.peers.way = 'away';
    expect(await refusalOf(claimFor(eu, 'call-1', { maxAgeMs: 799 }))).toMatchObject({
      ageMs: 800,
      passedOver: { stale: 1 },
    });
    expect((await refusalOf(claimFor(eu, 'call-1', { maxAgeMs: 800 }))).passedOver).toMatchObject({ unreachable: 1 });
    expect((await refusalOf(claimFor(eu, 'call-1'))).passedOver).toMatchObject({ unreachable: 1 });
    eu.peers.way = 'answers';
    eu.peers.withinMs = 2000;
    expect((await refusalOf(claimFor(eu, 'call-1', { maxAgeMs: 0 }))).passedOver).toMatchObject({ stale: 1 });
    expect((await refusalOf(claimFor(eu, 'call-1'))).passedOver).toMatchObject({ budget: 1 });
  });

  it("grants on a silent home's behalf only what the platform confirmed recently enough for the caller", async () => {
    await bringOnDuty([eu], 'far:1');
    regions.clock.pass(900);
    eu.peers.way = 'away';
    eu.region.freshness.confirmed('far:1', regions.clock.monotonicMs() - 300);
    eu.platform.isAway = true;
    expect((await refusalOf(claimFor(eu, 'call-1', { maxAgeMs: 299 }))).passedOver).toMatchObject({ stale: 1 });
    eu.platform.isAway = false;
    platformConfirms('far:1');
    const { claim } = await claimFor(eu, 'call-1', { maxAgeMs: 299 });
    expect(claim).toMatchObject({ age_ms: 0, authority: { mode: 'verified' } });
    expect(eu.platform.asked).toEqual(['far:1', 'far:1']);
    regions.clock.pass(250);
    expect(await claimFor(eu, 'call-1', { maxAgeMs: 0 })).toMatchObject({ again: true, claim: { age_ms: 250 } });
  });

  it('is no other request than without the limit; a copy is told with its age', async () => {
    const { us } = regions;
    await bringOnDuty([eu, us], 'away:1');
    const { claim } = await claimFor(eu, 'call-1', { maxAgeMs: 0 });
    regions.clock.pass(70);
    eu.peers.way = 'away';
    const copy = (await claimFor(eu, 'call-1', { maxAgeMs: 1 })).claim;
    expect(copy).toMatchObject({ claim_id: claim.claim_id, age_ms: 70, authority: { mode: 'copy' } });
  });

  it('that is refused for one agent is as old as the last word about that agent', async () => {
    await bringOnDuty([eu], 'desk:1', 'away:1');
    regions.clock.pass(60);
    await claimFor(eu, 'call-1', { agentId: 'desk:1' });
    expect((await refusalOf(claimFor(eu, 'call-2', { agentId: 'desk:1' }))).ageMs).toBe(0);
    eu.peers.way = 'away';
    expect((await refusalOf(claimFor(eu, 'call-3', { agentId: 'away:1' }))).ageMs).toBe(60);
  });

  it('does not rest on what the home said where its word could not be kept', async () => {
    const { us } = regions;
    await bringOnDuty([eu, us], 'away:1');
    regions.clock.pass(640);
    const { apply } = eu.store.agents;
    eu.store.agents.apply = async () => Promise.reject(new Error('it cannot be kept'));
    expect((await claimFor(eu, 'call-1')).claim.age_ms).toBe(640);
    eu.store.agents.apply = apply;
  });
});
