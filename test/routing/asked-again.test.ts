import { beforeEach, describe, expect, it } from 'vitest';
import type { ClaimAnswer } from '../../src/contract/claims.ts';
import { claimOfCall } from '../../src/routing/claims/claim-of.ts';
import type { Granted } from '../../src/routing/claims/grant.ts';
import { getClaim, settle } from '../../src/routing/claims/settle.ts';
import type { HomeAnswer } from '../../src/routing/peers/home.ts';
import { NotReplicated } from '../../src/store/written.ts';
import { type MemoryRegions, memoryRegions, type TestRegion } from './memory-regions.ts';
import { bringOnDuty, claimFor, idle, refusalOf } from './said.ts';

let regions: MemoryRegions;
let eu: TestRegion;
let us: TestRegion;
/** Granted to `call-1` in eu, by the agent's home. */
let claim: ClaimAnswer;
beforeEach(async () => {
  regions = await memoryRegions();
  ({ eu, us } = regions);
  await bringOnDuty([eu, us], 'away:1');
  claim = (await claimFor(eu, 'call-1')).claim;
});

/** Too little time to try again. */
const ONCE = { budgetMs: 50 };

const refused = (code: string, more: object = {}): HomeAnswer => {
  return { kind: 'problem', status: 409, code, detail: 'by us', ...more };
};

describe('a call that asks again for a claim of another region', () => {
  it('is given somebody else once that region says that the claim is over', async () => {
    await settle(us.region, claim.claim_id, 'release');
    regions.clock.pass(10);
    await claimFor(us, 'call-2');
    await bringOnDuty([eu], 'desk:1');
    const { claim: next, again } = await claimFor(eu, 'call-1');
    expect([next.agent_id, again]).toEqual(['desk:1', false]);
    // What the home said of its agent is known here from then on.
    expect((await eu.store.agents.get('away:1'))?.facets.claim).toMatchObject({ callId: 'call-2' });
  });

  it('is given the copy, which says so, where the answer is a copy, too, or says nothing of the claim', async () => {
    const copy = { claim_id: claim.claim_id, replicated: false, authority: { region: 'us', mode: 'copy' } };
    const theirs = { ...claim, authority: { region: 'us', mode: 'copy' as const } };
    for (const answer of [refused('call_has_claim', { claim: theirs }), refused('unavailable'), refused('not_home')]) {
      eu.peers.instead = answer;
      expect(await claimFor(eu, 'call-1')).toMatchObject({ claim: copy, again: true });
    }
  });

  it('is given the copy without asking, where no answer can come in its time', async () => {
    eu.peers.withinMs = 1001;
    const { length } = eu.peers.asked;
    expect((await claimFor(eu, 'call-1')).claim.authority.mode).toBe('copy');
    expect(eu.peers.asked).toHaveLength(length);
  });

  it('with another wish is told of the copy, where that region cannot be asked', async () => {
    eu.peers.way = 'away';
    const { code, claim: told } = await refusalOf(claimFor(eu, 'call-1', { queue: 'away:q' }));
    expect(code).toBe('call_has_claim');
    expect(told).toMatchObject({ claim_id: claim.claim_id, queue: 'support', authority: { mode: 'copy' } });
  });

  it('on behalf of a region is told of the copy, and nobody is asked on', async () => {
    const { length } = eu.peers.asked;
    const refusal = await refusalOf(claimFor(eu, 'call-1', { askedBy: 'us', proposes: 'away:1' }));
    expect(refusal).toMatchObject({ code: 'call_has_claim', claim: { authority: { mode: 'copy' } } });
    expect(eu.peers.asked).toHaveLength(length);
  });
});

describe('a call that is asked for twice at once', () => {
  it('keeps the agent whom one request got here, after a home did not answer it, when the home answers the other', async () => {
    await bringOnDuty([eu, us], 'away:2');
    let here: Granted | undefined;
    us.during.turn = async (at) => {
      if (at !== 'claim answered' || here) return;
      us.during.turn = () => undefined;
      (await eu.store.agents.apply('desk:1', idle('desk:1', 0))).evenIfLost();
      eu.peers.way = 'mute';
      here = await claimFor(eu, 'call-3');
      eu.peers.way = 'answers';
    };
    const elsewhere = await claimFor(eu, 'call-3');
    expect(here?.claim.agent_id).toBe('desk:1');
    expect(elsewhere).toMatchObject({ claim: { claim_id: here?.claim.claim_id }, again: true });
    const given = (await us.store.agents.get('away:2'))?.facets.claim;
    expect(given).toMatchObject({ callId: 'call-3', state: 'ENDED', endReason: 'released' });
  });

  it('keeps the agent whom a home gave it, where the claim that it got here meanwhile is over', async () => {
    await bringOnDuty([eu, us], 'away:2');
    us.during.turn = async (at) => {
      if (at !== 'claim answered') return;
      us.during.turn = () => undefined;
      (await eu.store.agents.apply('desk:1', idle('desk:1', 0))).evenIfLost();
      eu.peers.way = 'mute';
      const here = await claimFor(eu, 'call-3');
      eu.peers.way = 'answers';
      await regions.carry('us');
      await settle(eu.region, here.claim.claim_id, 'release');
    };
    expect((await claimFor(eu, 'call-3')).claim.agent_id).toBe('away:2');
    const given = (await us.store.agents.get('away:2'))?.facets.claim;
    expect(given).toMatchObject({ callId: 'call-3', state: 'HELD' });
  });
});

describe('the claim of a call that two domains gave an agent', () => {
  it('is the one that still holds, else the later', async () => {
    await bringOnDuty([eu], 'shop:1');
    regions.clock.pass(10);
    const { claim: later } = await claimFor(eu, 'call-1', { queue: 'deals' });
    expect(await claimOfCall(eu.region, 'call-1')).toBe(later.claim_id);
    await settle(eu.region, later.claim_id, 'release');
    expect(await claimOfCall(eu.region, 'call-1')).toBe(claim.claim_id);
    await settle(eu.region, claim.claim_id, 'release');
    expect(await claimOfCall(eu.region, 'call-1')).toBe(later.claim_id);
  });
});

describe('a claim that is settled elsewhere', () => {
  const confirm = () => settle(eu.region, claim.claim_id, 'confirm', ONCE);

  it('comes to what that region says of it', async () => {
    for (const code of ['unknown_claim', 'fence_superseded', 'claim_ended']) {
      eu.peers.instead = refused(code);
      expect(await refusalOf(confirm())).toMatchObject({ code, message: 'by us' });
    }
    eu.peers.instead = refused('not_home', { home: 'ap' });
    const disputed = await refusalOf(confirm());
    expect(disputed.code).toBe('home_disputed');
    expect(disputed.message).toContain('us takes ap for it');
    eu.peers.instead = refused('rate_limited');
    expect((await refusalOf(confirm())).code).toBe('outcome_unknown');
    eu.peers.instead = refused('not_replicated');
    await expect(confirm()).rejects.toThrow(NotReplicated);
  });

  it('is not passed on where a region asks', async () => {
    const { length } = eu.peers.asked;
    const refusal = await refusalOf(settle(eu.region, claim.claim_id, 'confirm', { askedBy: 'us' }));
    expect(refusal).toMatchObject({ code: 'not_home', home: 'us' });
    expect(eu.peers.asked).toHaveLength(length);
  });

  it('is settled where it was granted in the home’s stead, if that region answers', async () => {
    const claimId = eu.region.claimIds.sign({ agentId: 'away:1', fence: claim.fence + 1, by: 'ap', region: 'ap' });
    const at = async () => {
      await refusalOf(settle(eu.region, claimId, 'confirm'));
      return eu.peers.asked.at(-1);
    };
    expect(await at()).toBe('confirm at ap');
    eu.peers.way = 'away';
    expect(await at()).toBe('confirm at us');
  });

  it('is nothing where the agent would be at home here, and nobody has heard of them', async () => {
    const claimId = eu.region.claimIds.sign({ agentId: 'desk:9', fence: 5, region: 'eu' });
    expect((await refusalOf(settle(eu.region, claimId, 'confirm'))).code).toBe('unknown_claim');
    expect((await refusalOf(getClaim(eu.region, claimId))).code).toBe('unknown_claim');
  });
});

describe('where everything must be known to a replica', () => {
  beforeEach(async () => {
    regions = await memoryRegions({ claims: { replication: 'refuse' } });
    ({ eu, us } = regions);
    await bringOnDuty([eu, us], 'desk:1', 'away:1');
  });

  it('a claim is not refused by what only a master has', async () => {
    const { claim_id } = (await claimFor(eu, 'call-1')).claim;
    await settle(eu.region, claim_id, 'release');
    eu.memory.acknowledges = false;
    await expect(settle(eu.region, claim_id, 'confirm', ONCE)).rejects.toThrow(NotReplicated);
    eu.memory.acknowledges = true;
    expect((await refusalOf(settle(eu.region, claim_id, 'confirm', ONCE))).code).toBe('claim_ended');
  });

  it('another region’s answer is told only if it says that one has it', async () => {
    const { claim: theirs } = await claimFor(eu, 'call-1', { agentId: 'away:1' });
    expect(theirs).toMatchObject({ authority: { region: 'us' }, replicated: true });
    eu.peers.instead = { kind: 'granted', claim: { ...theirs, replicated: false }, again: true };
    await expect(settle(eu.region, theirs.claim_id, 'confirm', ONCE)).rejects.toThrow(NotReplicated);
    await expect(claimFor(eu, 'call-1', { agentId: 'away:1', ...ONCE })).rejects.toThrow(NotReplicated);
  });

  it('a region that asks is told how an agent is only by what a replica has', async () => {
    await claimFor(us, 'call-1', { agentId: 'away:1' });
    const asked = { askedBy: 'eu', proposes: 'away:1' };
    expect((await refusalOf(claimFor(us, 'call-2', asked))).agent).toMatchObject({ reason: 'CLAIMED' });
    us.memory.acknowledges = false;
    expect((await refusalOf(claimFor(us, 'call-2', asked))).agent).toBeUndefined();
  });
});
