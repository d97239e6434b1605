import { beforeEach, describe, expect, it } from 'vitest';
import type { ClaimAnswer } from '../../src/contract/claims.ts';
import { Lapses } from '../../src/routing/claims/lapses.ts';
import { getClaim, settle } from '../../src/routing/claims/settle.ts';
import { type MemoryRegions, memoryRegions, START_MS } from './memory-regions.ts';
import { bringOnDuty, claimFor, counted, happens, refusalOf } from './said.ts';

let regions: MemoryRegions;
let claim: ClaimAnswer;
beforeEach(async () => {
  regions = await memoryRegions();
  await bringOnDuty([regions.eu], 'desk:1');
  claim = (await claimFor(regions.eu, 'call-1')).claim;
});

describe('a claim at its home', () => {
  it('holds its agent for longer once it is confirmed, and again when it is renewed', async () => {
    const { eu, clock } = regions;
    const { confirmedMs } = eu.region.config.claims;
    expect(await settle(eu.region, claim.claim_id, 'renew')).toMatchObject({ state: 'HELD', expires_in_ms: 10_000 });
    const confirmed = await settle(eu.region, claim.claim_id, 'confirm');
    expect(confirmed).toMatchObject({ state: 'CONFIRMED', expires_in_ms: confirmedMs, until: START_MS + confirmedMs });
    clock.pass(1000);
    expect(await settle(eu.region, claim.claim_id, 'renew')).toMatchObject({ until: START_MS + 1000 + confirmedMs });
  });

  it('frees its agent when it is released, and cannot be confirmed any more', async () => {
    const { eu } = regions;
    const ended = await settle(eu.region, claim.claim_id, 'release');
    expect(ended).toMatchObject({ state: 'ENDED', end_reason: 'released', expires_in_ms: 0 });
    expect(await settle(eu.region, claim.claim_id, 'release')).toMatchObject({ state: 'ENDED' });
    expect((await refusalOf(settle(eu.region, claim.claim_id, 'confirm'))).code).toBe('claim_ended');
    expect(await counted(eu.region.metrics.claimEnds, { reason: 'released' })).toBe(1);
    expect((await claimFor(eu, 'call-2')).claim.agent_id).toBe('desk:1');
  });

  it('leaves its agent in the wrap-up of its queue when it is completed', async () => {
    const { eu, clock } = regions;
    await settle(eu.region, claim.claim_id, 'confirm');
    const completed = await settle(eu.region, claim.claim_id, 'complete');
    expect(completed).toMatchObject({ state: 'WRAP_UP', end_reason: 'completed', expires_in_ms: 30_000 });
    expect((await refusalOf(claimFor(eu, 'call-2'))).code).toBe('no_agent_available');
    clock.pass(30_001);
    expect((await claimFor(eu, 'call-2')).claim.agent_id).toBe('desk:1');
  });

  it('leaves an agent alone for a moment whom the platform would not give the call', async () => {
    const { eu } = regions;
    const refused = await settle(eu.region, claim.claim_id, 'refused');
    expect(refused).toMatchObject({ state: 'WRAP_UP', end_reason: 'refused', expires_in_ms: 2000 });
  });

  it('is refused once another call has the agent', async () => {
    const { eu, clock } = regions;
    await settle(eu.region, claim.claim_id, 'release');
    clock.pass(10);
    await claimFor(eu, 'call-2');
    expect((await refusalOf(settle(eu.region, claim.claim_id, 'confirm'))).code).toBe('fence_superseded');
    expect(await getClaim(eu.region, claim.claim_id)).toMatchObject({ state: 'ENDED', call_id: '' });
    expect(await counted(eu.region.metrics.settlements, { outcome: 'fence_superseded' })).toBe(1);
  });

  it('is none where no region has granted it', async () => {
    const { eu } = regions;
    const forged = `${claim.claim_id.slice(0, -4)}AAAA`;
    expect((await refusalOf(settle(eu.region, forged, 'confirm'))).code).toBe('unknown_claim');
    expect(await counted(eu.region.metrics.unprovenClaimIds, {})).toBe(1);
  });

  it('is made again by whoever wants to keep the agent, if the store has lost it', async () => {
    const { eu } = regions;
    const name = { agentId: 'desk:1', fence: claim.fence + 5, region: 'eu' };
    await settle(eu.region, claim.claim_id, 'release');
    const lost = eu.region.claimIds.sign(name);
    expect((await refusalOf(getClaim(eu.region, lost))).code).toBe('unknown_claim');
    expect((await refusalOf(settle(eu.region, lost, 'release'))).code).toBe('unknown_claim');
    const again = await settle(eu.region, lost, 'confirm');
    expect(again).toMatchObject({ state: 'CONFIRMED', fence: name.fence });
    expect((await refusalOf(claimFor(eu, 'call-2'))).code).toBe('no_agent_available');
  });
});

describe('a claim whose time is over', () => {
  it('is ended and told by whoever looks after lapses', async () => {
    const { eu, clock } = regions;
    clock.pass(10_001);
    const lapses = new Lapses({ region: eu.region, store: eu.store, instance: 'i' });
    lapses.start();
    await expect.poll(() => eu.audited, { timeout: 45_000 }).toContainEqual(expect.objectContaining({ op: 'lapse' }));
    await lapses.stop();
    expect(eu.audited).toMatchObject([
      { who: { muster: 'eu' }, agent: 'desk:1', call: 'call-1', end_reason: 'lapsed' },
    ]);
    expect(await getClaim(eu.region, claim.claim_id)).toMatchObject({ state: 'ENDED', end_reason: 'lapsed' });
  });

  it('leaves its call in the register for ten minutes, and no longer', async () => {
    const { eu, clock } = regions;
    clock.pass(10_001);
    const lapses = new Lapses({ region: eu.region, store: eu.store, instance: 'i' });
    lapses.start();
    await expect.poll(() => eu.audited, { timeout: 45_000 }).toContainEqual(expect.objectContaining({ op: 'lapse' }));
    const { calls } = eu.memory.domain('main');
    expect(calls.size).toBe(1);
    clock.pass(600_001);
    await expect.poll(() => calls.size, { interval: 5, timeout: 45_000 }).toBe(0);
    await lapses.stop();
  });

  it('is ended once the store is there again, and holds up no other meanwhile', async () => {
    const { eu, clock } = regions;
    await bringOnDuty([eu], 'shop:1');
    const other = (await claimFor(eu, 'call-2', { queue: 'deals' })).claim;
    clock.pass(10_001);
    eu.memory.outages.set('main', 'away');
    const lapses = new Lapses({ region: eu.region, store: eu.store, instance: 'i' });
    lapses.start();
    const lapsed = () => eu.audited.map(({ call }) => call);
    await expect.poll(lapsed, { interval: 5 }).toEqual(['call-2']);
    await expect.poll(() => eu.logged.map(({ event }) => event)).toContain('expired_claims_not_read');
    eu.memory.outages.delete('main');
    await expect.poll(lapsed, { interval: 5 }).toEqual(['call-2', 'call-1']);
    await lapses.stop();
    expect(await getClaim(eu.region, other.claim_id)).toMatchObject({ end_reason: 'lapsed' });
  });

  it('that cannot be ended holds up no other of its domain', async () => {
    const { eu, clock } = regions;
    await bringOnDuty([eu], 'desk:2');
    await claimFor(eu, 'call-2');
    clock.pass(10_001);
    let isRefusing = true;
    const { agents } = eu.region;
    const region = { ...eu.region, agents: Object.create(agents) as typeof agents };
    region.agents.settle = (request, ...rest) => {
      if (isRefusing && request.agentId === 'desk:1') throw new TypeError('cannot be ended');
      return agents.settle(request, ...rest);
    };
    const lapses = new Lapses({ region, store: eu.store, instance: 'i' });
    lapses.start();
    const lapsed = () => eu.audited.map(({ call }) => call);
    await expect.poll(lapsed, { interval: 5 }).toEqual(['call-2']);
    expect(eu.logged).toContainEqual(expect.objectContaining({ event: 'expired_claim_not_ended', level: 40 }));
    isRefusing = false;
    await expect.poll(lapsed, { interval: 5 }).toEqual(['call-2', 'call-1']);
    await lapses.stop();
  });

  it('goes on while its interaction does, by the word of its platform', async () => {
    const { eu, clock } = regions;
    await bringOnDuty([eu], 'near:1');
    const { claim_id } = (await claimFor(eu, 'call-2')).claim;
    const at = clock.nowMs();
    const one = {
      callId: 'call-2',
      state: 'CONNECTED' as const,
      media: 'voice' as const,
      connectedAt: at,
      at,
      id: 'c',
    };
    await happens(eu.region, 'near:1', { interactions: { byCall: { 'call-2': one } } });
    const { expires_in_ms: leftMs } = await getClaim(eu.region, claim_id);
    clock.pass(leftMs + 1);
    const lapses = new Lapses({ region: eu.region, store: eu.store, instance: 'i' });
    lapses.start();
    await expect.poll(async () => (await getClaim(eu.region, claim_id)).expires_in_ms, { interval: 5 }).toBe(leftMs);
    await lapses.stop();
    expect(eu.audited.map(({ op, call }) => `${op} ${call}`).sort()).toEqual(['confirm call-2', 'lapse call-1']);
  });

  it('is told of by the claim that takes its agent first', async () => {
    const { eu, clock } = regions;
    clock.pass(10_001);
    expect((await claimFor(eu, 'call-2')).claim.agent_id).toBe('desk:1');
    expect(eu.audited).toMatchObject([{ op: 'lapse', call: 'call-1', fence: claim.fence }]);
    expect(await counted(eu.region.metrics.claimEnds, { reason: 'lapsed' })).toBe(1);
  });
});

describe('a claim whose platform tells of its interaction', () => {
  it('is confirmed and completed by what the platform says', async () => {
    const { eu, clock } = regions;
    await bringOnDuty([eu], 'near:1');
    const { claim_id } = (await claimFor(eu, 'call-2')).claim;
    const says = async (state: 'CONNECTED' | 'ENDED'): Promise<void> => {
      clock.pass(1000);
      const at = clock.nowMs();
      const one = { callId: 'call-2', state, connectedAt: START_MS + 1000, media: 'voice' as const, at, id: state };
      await happens(eu.region, 'near:1', { interactions: { byCall: { 'call-2': one } } });
    };
    await says('CONNECTED');
    expect(await getClaim(eu.region, claim_id)).toMatchObject({ state: 'CONFIRMED' });
    await says('ENDED');
    expect(await getClaim(eu.region, claim_id)).toMatchObject({ state: 'WRAP_UP', end_reason: 'platform' });
    expect(eu.audited).toMatchObject([
      { op: 'confirm', who: { platform: 'near' }, agent: 'near:1', claim: claim_id },
      { op: 'complete', who: { platform: 'near' }, end_reason: 'platform' },
    ]);
  });
});
