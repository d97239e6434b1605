import { beforeEach, describe, expect, it } from 'vitest';
import { getClaim, settle } from '../../src/routing/claims/settle.ts';
import { ShardUnavailable } from '../../src/store/store.ts';
import { type MemoryRegions, memoryRegions } from './memory-regions.ts';
import { bringOnDuty, claimFor, counted, refusalOf } from './said.ts';

let regions: MemoryRegions;
beforeEach(async () => {
  regions = await memoryRegions();
});

describe('an agent who is at home elsewhere', () => {
  it('is granted by their home, which is asked once', async () => {
    const { eu, us } = regions;
    await bringOnDuty([eu, us], 'away:1');
    const { claim, again } = await claimFor(eu, 'call-1');
    expect(claim).toMatchObject({ agent_id: 'away:1', authority: { region: 'us', mode: 'home' } });
    expect(again).toBe(false);
    expect(eu.peers.asked).toEqual(['claim away:1']);
    expect(await getClaim(us.region, claim.claim_id)).toMatchObject({ state: 'HELD', call_id: 'call-1' });
    expect((await claimFor(eu, 'call-1')).claim.claim_id).toBe(claim.claim_id);
    expect(await counted(us.region.metrics.claims, {})).toBe(0);
  });

  it('is settled there, and known here as there', async () => {
    const { eu, us } = regions;
    await bringOnDuty([eu, us], 'away:1');
    const { claim } = await claimFor(eu, 'call-1');
    expect(await settle(eu.region, claim.claim_id, 'confirm')).toMatchObject({ state: 'CONFIRMED' });
    expect(await getClaim(eu.region, claim.claim_id)).toMatchObject({ state: 'CONFIRMED' });
    await settle(eu.region, claim.claim_id, 'release');
    expect((await refusalOf(settle(eu.region, claim.claim_id, 'confirm'))).code).toBe('claim_ended');
    eu.peers.way = 'away';
    expect((await refusalOf(settle(eu.region, claim.claim_id, 'release'))).code).toBe('home_unreachable');
    eu.peers.way = 'mute';
    expect((await refusalOf(settle(eu.region, claim.claim_id, 'release'))).code).toBe('outcome_unknown');
  });

  it('is corrected here and passed over where their home refuses', async () => {
    const { eu, us } = regions;
    await bringOnDuty([eu, us], 'away:1', 'away:2');
    await claimFor(us, 'call-1');
    expect((await claimFor(eu, 'call-2')).claim.agent_id).toBe('away:2');
    expect(eu.peers.asked).toEqual(['claim away:1', 'claim away:2']);
    expect((await eu.store.agents.get('away:1'))?.facets.claim).toMatchObject({ callId: 'call-1' });
  });

  it('may have been granted where no answer is heard: the same call is given that very claim', async () => {
    const { eu, us } = regions;
    await bringOnDuty([eu, us], 'away:1');
    eu.peers.way = 'mute';
    expect((await refusalOf(claimFor(eu, 'call-1'))).passedOver).toMatchObject({ held: 1 });
    const fence = (await us.store.agents.get('away:1'))?.facets.claim?.fence;
    expect(fence).toBeGreaterThan(0);
    eu.peers.way = 'answers';
    expect((await claimFor(eu, 'call-1')).claim).toMatchObject({ fence, agent_id: 'away:1' });
  });

  it('is disputed where the region that is asked takes another for their home', async () => {
    const { eu } = regions;
    await bringOnDuty([eu], 'away:1');
    eu.peers.instead = { kind: 'problem', status: 409, code: 'not_home', detail: '', home: 'ap' };
    expect((await refusalOf(claimFor(eu, 'call-1', { agentId: 'away:1' }))).code).toBe('home_disputed');
  });

  it('keeps a call that asks for something else', async () => {
    const { eu, us } = regions;
    await bringOnDuty([eu, us], 'away:1');
    const { claim } = await claimFor(eu, 'call-1');
    const refusal = await refusalOf(claimFor(eu, 'call-1', { queue: 'away:q' }));
    expect(refusal).toMatchObject({ code: 'call_has_claim', claim: { claim_id: claim.claim_id } });
    eu.peers.way = 'away';
    const copy = (await claimFor(eu, 'call-1')).claim;
    expect(copy).toMatchObject({ claim_id: claim.claim_id, replicated: false, authority: { mode: 'copy' } });
  });
});

describe('a home that is cut off', () => {
  const version = { at: 1, id: 'seen' };
  beforeEach(() => {
    const { eu } = regions;
    eu.peers.way = 'away';
    for (const agentId of ['far:1', 'strict:1']) {
      const facets = { activity: { state: 'IDLE' as const, ...version } };
      eu.platform.reports.set(agentId, { agentId, eventId: 'seen', timestampMs: 1, facets });
    }
  });

  it('is stood in for under `verify`, once the platform has vouched for the agent', async () => {
    const { eu, us } = regions;
    await bringOnDuty([eu, us], 'far:1');
    const { claim } = await claimFor(eu, 'call-1');
    expect(claim).toMatchObject({ agent_id: 'far:1', authority: { region: 'eu', mode: 'verified' } });
    expect(eu.platform.asked).toEqual(['far:1']);
    expect(await settle(eu.region, claim.claim_id, 'confirm')).toMatchObject({ state: 'CONFIRMED' });
  });

  it('is not under `refuse`, nor where the platform does not answer', async () => {
    const { eu } = regions;
    await bringOnDuty([eu], 'strict:1');
    expect((await refusalOf(claimFor(eu, 'call-1'))).passedOver).toMatchObject({ unreachable: 1 });
    expect(eu.platform.asked).toEqual([]);
    await bringOnDuty([eu], 'far:1');
    eu.platform.isAway = true;
    expect((await refusalOf(claimFor(eu, 'call-1'))).code).toBe('no_agent_available');
    expect(await counted(eu.region.metrics.readThrough, { connection: 'far', outcome: 'failed' })).toBe(1);
  });

  it('keeps its own claim where both have granted the agent, and tells of it once', async () => {
    const { eu, us, carry, clock } = regions;
    await bringOnDuty([eu, us], 'far:1');
    await claimFor(us, 'call-1');
    clock.pass(5);
    await claimFor(eu, 'call-2');
    await carry('eu');
    expect(us.audited.filter(({ op }) => op === 'conflict')).toMatchObject([
      { agent: 'far:1', outcome: 'certain', kept: { call: 'call-1' }, lost: { call: 'call-2' } },
    ]);
  });
});

describe('a call that two regions gave an agent each', () => {
  it('keeps the first of two claims that are held, and the other region ends its own', async () => {
    const { eu, us, carry, clock } = regions;
    await bringOnDuty([eu, us], 'desk:1', 'away:1');
    const first = (await claimFor(eu, 'call-1', { queue: 'desk:q' })).claim;
    clock.pass(5);
    const second = (await claimFor(us, 'call-1', { queue: 'away:q' })).claim;
    for (const from of ['eu', 'us'] as const) await carry(from);
    await expect.poll(() => us.audited.map(({ op }) => op)).toContain('call_conflict');
    expect(await getClaim(us.region, second.claim_id)).toMatchObject({ state: 'ENDED', end_reason: 'superseded' });
    expect(await getClaim(eu.region, first.claim_id)).toMatchObject({ state: 'HELD' });
    expect(us.peers.asked).toContain('claim of eu');
    await Promise.all([eu.oneCall.stop(), us.oneCall.stop()]);
  });

  it('keeps both where both are confirmed; the region whose claim is behind tells of it, once', async () => {
    const { eu, us, carry, clock } = regions;
    await bringOnDuty([eu, us], 'desk:1', 'away:1');
    const first = (await claimFor(eu, 'call-1', { queue: 'desk:q' })).claim;
    clock.pass(5);
    const second = (await claimFor(us, 'call-1', { queue: 'away:q' })).claim;
    await settle(eu.region, first.claim_id, 'confirm');
    await settle(us.region, second.claim_id, 'confirm');
    for (const from of ['eu', 'us'] as const) await carry(from);
    await expect.poll(() => us.audited.map(({ op }) => op)).toContain('call_conflict');
    await settle(eu.region, first.claim_id, 'renew');
    await carry('eu');
    await Promise.all([eu.oneCall.stop(), us.oneCall.stop()]);
    const both = { op: 'call_conflict', outcome: 'both_confirmed', call: 'call-1' };
    expect([...eu.audited, ...us.audited]).toMatchObject([
      { ...both, kept: { agent: 'desk:1', region: 'eu' }, lost: { agent: 'away:1', region: 'us' } },
    ]);
    expect(await counted(us.region.metrics.callConflicts, { outcome: 'both_confirmed' })).toBe(1);
    expect(await getClaim(us.region, second.claim_id)).toMatchObject({ state: 'CONFIRMED' });
  });

  it('keeps the second where the first is over by the word of its region, which is known here from then on', async () => {
    const { eu, us, carry, clock } = regions;
    await bringOnDuty([eu, us], 'desk:1', 'away:1');
    const first = (await claimFor(eu, 'call-1', { queue: 'desk:q' })).claim;
    clock.pass(5);
    const second = (await claimFor(us, 'call-1', { queue: 'away:q' })).claim;
    await carry('eu');
    await settle(eu.region, first.claim_id, 'release');
    await carry('us');
    const known = async () => (await us.store.agents.get('desk:1'))?.facets.claim?.state;
    await expect.poll(known, { interval: 5 }).toBe('ENDED');
    await Promise.all([eu.oneCall.stop(), us.oneCall.stop()]);
    expect(await getClaim(us.region, second.claim_id)).toMatchObject({ state: 'HELD' });
    expect(us.audited).toEqual([]);
  });

  it('is looked at again with the next word, where the store is away', async () => {
    const { eu, us, carry, clock } = regions;
    await bringOnDuty([eu, us], 'desk:1', 'away:1');
    const first = (await claimFor(eu, 'call-1', { queue: 'desk:q' })).claim;
    clock.pass(5);
    await claimFor(us, 'call-1', { queue: 'away:q' });
    us.during.turn = (at) => {
      if (at === 'entryOf asked') throw new ShardUnavailable('away');
    };
    await carry('eu');
    const failed = { event: 'call_conflict_check_failed', call: 'call-1' };
    await expect.poll(() => us.logged, { interval: 5 }).toContainEqual(expect.objectContaining(failed));
    us.during.turn = () => undefined;
    await settle(eu.region, first.claim_id, 'renew');
    await carry('eu');
    await expect.poll(() => us.audited.map(({ op }) => op), { interval: 5 }).toEqual(['call_conflict']);
    await Promise.all([eu.oneCall.stop(), us.oneCall.stop()]);
  });
});
