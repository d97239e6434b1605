import { beforeEach, describe, expect, it } from 'vitest';
import { claimOfAgent, claimOfCall } from '../../src/routing/claims/claim-of.ts';
import { getClaim } from '../../src/routing/claims/settle.ts';
import { NotReplicated } from '../../src/store/written.ts';
import { type MemoryRegions, memoryRegions, START_MS } from './memory-regions.ts';
import { bringOnDuty, claimFor, counted, refusalOf } from './said.ts';

let regions: MemoryRegions;
beforeEach(async () => {
  regions = await memoryRegions();
});

describe('a claim on an agent who is at home here', () => {
  it('takes who has waited for longest, for as long as the config says', async () => {
    const { eu } = regions;
    await bringOnDuty([eu], 'desk:1', 'desk:2');
    const { claim, again } = await claimFor(eu, 'call-1');
    expect(again).toBe(false);
    expect(claim).toMatchObject({
      agent_id: 'desk:1',
      call_id: 'call-1',
      queue: 'support',
      state: 'HELD',
      expires_in_ms: 10_000,
      until: START_MS + 10_000,
      replicated: true,
      authority: { region: 'eu', mode: 'home' },
    });
    expect(claim.agent).toMatchObject({ status: 'BUSY', reason: 'CLAIMED', claimed_for_ms: 10_000, home: 'eu' });
    expect((await claimFor(eu, 'call-2')).claim.agent_id).toBe('desk:2');
    expect(await counted(eu.region.metrics.claims, { outcome: 'granted' })).toBe(2);
  });

  it('is the same for the same call with the same wish', async () => {
    const { eu, clock } = regions;
    await bringOnDuty([eu], 'desk:1', 'desk:2');
    const first = await claimFor(eu, 'call-1');
    clock.pass(4000);
    const second = await claimFor(eu, 'call-1');
    expect(second.again).toBe(true);
    expect(second.claim.claim_id).toBe(first.claim.claim_id);
    expect(second.claim.expires_in_ms).toBe(6000);
    expect(await counted(eu.region.metrics.claims, { outcome: 'again' })).toBe(1);
  });

  it('is told to who asks for something else under the same call', async () => {
    const { eu } = regions;
    await bringOnDuty([eu], 'desk:1', 'desk:2');
    const { claim } = await claimFor(eu, 'call-1');
    const refusal = await refusalOf(claimFor(eu, 'call-1', { queue: 'desk:q' }));
    expect(refusal.code).toBe('call_has_claim');
    expect(refusal.claim).toMatchObject({ claim_id: claim.claim_id, agent_id: 'desk:1', queue: 'support' });
    expect((await claimFor(eu, 'call-2')).claim.agent_id).toBe('desk:2');
  });

  it('is for one of two calls that ask at once', async () => {
    const { eu } = regions;
    await bringOnDuty([eu], 'desk:1');
    const settled = await Promise.allSettled([claimFor(eu, 'call-1'), claimFor(eu, 'call-2')]);
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('takes the agent who is wanted and no other', async () => {
    const { eu } = regions;
    await bringOnDuty([eu], 'desk:1', 'desk:2');
    expect((await claimFor(eu, 'call-1', { agentId: 'desk:2' })).claim.agent_id).toBe('desk:2');
    const refusal = await refusalOf(claimFor(eu, 'call-2', { agentId: 'desk:2' }));
    expect(refusal.code).toBe('no_agent_available');
    expect(refusal.agent).toMatchObject({ agent_id: 'desk:2', reason: 'CLAIMED' });
  });

  it('is counted in seconds', async () => {
    const { eu, clock } = regions;
    await bringOnDuty([eu], 'desk:1');
    eu.during.turn = (at) => at === 'claim asked' && clock.pass(250);
    await claimFor(eu, 'call-1');
    const { values } = await eu.region.metrics.claimDuration.get();
    const of = (name: string) => values.find(({ metricName }) => metricName?.endsWith(name));
    expect(of('_sum')).toMatchObject({ value: 0.25, labels: { grant: 'local' } });
    expect(of('_count')?.value).toBe(1);
  });

  it('names nobody whose queue is not configured', async () => {
    expect((await refusalOf(claimFor(regions.eu, 'call-1', { queue: 'nowhere' }))).code).toBe('unknown_queue');
  });
});

describe('a claim that finds nobody', () => {
  it('says who was passed over for what, and when to ask again', async () => {
    const { eu } = regions;
    await bringOnDuty([eu], 'desk:1', 'desk:2', 'desk:3', 'away:1');
    await claimFor(eu, 'call-1');
    eu.peers.withinMs = 5000;
    const refusal = await refusalOf(claimFor(eu, 'call-2', { skills: { spanish: 50 } }));
    expect(refusal.code).toBe('no_agent_available');
    expect(refusal.passedOver).toMatchObject({ skill: 2, budget: 1 });
    expect(refusal.retryAfterMs).toBe(2000);
    expect(await counted(eu.region.metrics.passedOver, { reason: 'skill' })).toBe(2);
    expect(await counted(eu.region.metrics.claims, { outcome: 'none' })).toBe(1);
  });

  it('gives each call that waits a turn of its own', async () => {
    const { eu } = regions;
    const waits = [];
    for (const call of ['call-1', 'call-2', 'call-1']) waits.push((await refusalOf(claimFor(eu, call))).retryAfterMs);
    expect(waits).toEqual([2000, 3000, 2000]);
  });

  it('explains what it considered if asked to', async () => {
    const { eu } = regions;
    await bringOnDuty([eu], 'desk:1');
    const refusal = await refusalOf(claimFor(eu, 'call-1', { skills: { spanish: 50 }, explain: true }));
    expect(refusal.explanation).toEqual([
      expect.objectContaining({ agent_id: 'desk:1', obstacle: 'skill', arrival_ms: START_MS - 60_000 }),
    ]);
    expect((await refusalOf(claimFor(eu, 'call-2', { skills: { spanish: 50 } }))).explanation).toBeUndefined();
    const granted = await claimFor(eu, 'call-3', { explain: true });
    expect(granted.claim).toMatchObject({ explanation: [{ agent_id: 'desk:1' }] });
  });
});

describe('where a claim must be known to a replica', () => {
  it('gives it back where none acknowledges it and that is refused, however often it asked', async () => {
    const { eu, clock } = await memoryRegions({ claims: { replication: 'refuse' } });
    await bringOnDuty([eu], 'desk:1');
    eu.memory.acknowledges = false;
    let asked = 0;
    eu.during.turn = (at) => {
      if (at !== 'claim answered') return;
      asked += 1;
      clock.pass(120);
    };
    await expect(claimFor(eu, 'call-1', { budgetMs: 400 })).rejects.toThrow(NotReplicated);
    expect(asked).toBe(3);
    const record = await eu.store.agents.get('desk:1');
    expect(record?.facets.claim).toMatchObject({ callId: 'call-1', state: 'ENDED', endReason: 'released' });
    eu.memory.acknowledges = true;
    expect((await claimFor(eu, 'call-2')).claim).toMatchObject({ agent_id: 'desk:1', replicated: true });
  });

  it('tells of it all the same where the config grants it', async () => {
    const { eu } = regions;
    await bringOnDuty([eu], 'desk:1');
    eu.memory.acknowledges = false;
    expect((await claimFor(eu, 'call-1')).claim.replicated).toBe(false);
  });

  it('fails where the store is away, and grants once it is back within the budget', async () => {
    const { eu, clock } = regions;
    await bringOnDuty([eu], 'desk:1');
    eu.memory.outages.set('main', 'away');
    eu.during.turn = (at) => at === 'claim asked' && clock.pass(600);
    await expect(claimFor(eu, 'call-1')).rejects.toThrow('away');
    eu.memory.outages.delete('main');
    expect((await claimFor(eu, 'call-1')).claim.agent_id).toBe('desk:1');
  });
});

describe('the claim of a call, or of an agent', () => {
  it('is found by the id of its call, and by its own', async () => {
    const { eu } = regions;
    await bringOnDuty([eu], 'desk:1');
    const { claim } = await claimFor(eu, 'call-1');
    expect(await claimOfCall(eu.region, 'call-1')).toBe(claim.claim_id);
    expect(await claimOfCall(eu.region, 'call-1', 'support')).toBe(claim.claim_id);
    expect(await claimOfAgent(eu.region, 'desk:1', 'call-1')).toBe(claim.claim_id);
    expect(await getClaim(eu.region, claim.claim_id)).toMatchObject({ state: 'HELD', agent_id: 'desk:1' });
  });

  it('is not known where there is none', async () => {
    const { eu } = regions;
    await bringOnDuty([eu], 'desk:1');
    await claimFor(eu, 'call-1');
    const codes = [
      claimOfCall(eu.region, 'call-2'),
      claimOfCall(eu.region, 'call-1', 'deals'),
      claimOfAgent(eu.region, 'desk:1', 'call-2'),
      claimOfAgent(eu.region, 'desk:2', 'call-1'),
    ].map(async (each) => (await refusalOf(each)).code);
    expect(await Promise.all(codes)).toEqual(['unknown_claim', 'unknown_claim', 'unknown_claim', 'unknown_agent']);
  });
});
