import { type Claim, isRunning } from '../../agent/facets.ts';
import { type CallClaim, hasHigherFence, resolveDuplicate } from '../../agent/one-call.ts';
import { claimsHolding } from '../../agent/status.ts';
import { domainsOf } from '../../config/topology.ts';
import { Refusal } from '../refusal.ts';
import type { Region } from '../region.ts';
import { facetsOf, grantedBy, unitIn } from '../region.ts';
import { updateLocalCopy } from './grant.ts';
import { settleHere } from './settle-here.ts';

/** Time that another region gets to answer whether its claim is live, in ms. */
const ANSWER_MS = 1000;
/** Most calls that wait for a check. A call beyond that is checked when its claim changes next. */
const WAITING_LIMIT = 10_000;
/** Calls that are checked together: a region that does not answer delays no more than these. */
const AT_ONCE = 32;

/**
 * Finds calls with two live claims, in different domains or regions, and ends one of them by the rule of `src/agent/one-call.ts`.
 * Within a domain the store prevents them. Every region learns of every claim by the bus and checks its own claims against the
 * others, in the background.
 */
export class OneCall {
  readonly #region: Region;
  /** By call: published claims that have not been checked. */
  readonly #waiting = new Map<string, CallClaim[]>();
  /** Reported pairs of claims, by call and fences. */
  readonly #reported = new Set<string>();
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(region: Region) {
    this.#region = region;
  }

  /** Queues claims from the bus for a check. Returns at once. */
  heard(agentId: string, home: string, claims: Claim[]): void {
    for (const claim of claims.filter(isRunning)) {
      const known = this.#waiting.get(claim.callId);
      if (!known && this.#waiting.size >= WAITING_LIMIT) continue;
      this.#waiting.set(claim.callId, [...(known ?? []), { agentId, region: claim.by ?? home, claim }]);
    }
    if (this.#waiting.size > 0) this.#running ??= this.#run();
  }

  /** As `heard`, for claims that this region publishes: within a domain, its store gives a call one claim. */
  heardOwn(agentId: string, home: string, claims: Claim[]): void {
    if (domainsOf(this.#region.config).length > 1) this.heard(agentId, home, claims);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#waiting.size > 0 && !this.#stopped) {
      const some = [...this.#waiting].slice(0, AT_ONCE);
      for (const [callId] of some) this.#waiting.delete(callId);
      await Promise.all(some.map(([callId, claims]) => this.#checkSafely(callId, claims)));
    }
    this.#running = undefined;
  }

  async #checkSafely(callId: string, claims: CallClaim[]): Promise<void> {
    try {
      await this.#check(callId, claims);
    } catch (error) {
      this.#region.log.warn('call_conflict_check_failed', { err: error, call: callId });
    }
  }

  async #check(callId: string, claims: CallClaim[]): Promise<void> {
    const { config } = this.#region;
    const agentIds = new Set(claims.map(({ agentId }) => agentId));
    const entries = await Promise.all(domainsOf(config).map((each) => this.#region.calls.entryOf(each, callId)));
    for (const entry of entries) if (entry) agentIds.add(entry.agentId);
    // The usual case: one claim, on the agent of the entry.
    if (agentIds.size < 2) return;
    const callClaims = (await Promise.all([...agentIds].map((each) => this.#claimsFor(each, callId)))).flat();
    for (const ours of callClaims.filter(({ region }) => region === config.region)) {
      for (const theirs of callClaims) if (theirs !== ours) await this.#compare(callId, ours, theirs);
    }
  }

  /** The agent's live claims for the call, according to this region's store. */
  async #claimsFor(agentId: string, callId: string): Promise<CallClaim[]> {
    const record = await this.#region.agents.get(agentId);
    if (!record) return [];
    const held = claimsHolding(record, callId, this.#region.store.nowMs());
    return held.map((claim) => ({ agentId, region: grantedBy(record, claim), claim }));
  }

  async #compare(callId: string, ours: CallClaim, theirs: CallClaim): Promise<void> {
    const first = resolveDuplicate(ours, theirs);
    // Both regions find two confirmed claims; only the one whose claim is behind reports them.
    if (first === 'stands' || (first === 'both-confirmed' && !hasHigherFence(ours, theirs))) return;
    const now = await this.#currentClaim(theirs);
    if (!now) return;
    const outcome = resolveDuplicate(ours, now);
    if (outcome === 'ends') await this.#end(callId, ours, now);
    if (outcome === 'both-confirmed' && hasHigherFence(ours, now)) this.#report(callId, now, ours, 'both_confirmed');
  }

  /**
   * The other claim in its current state at the region that granted it; undefined if it has ended, or that region does
   * not answer.
   */
  async #currentClaim(theirs: CallClaim): Promise<CallClaim | undefined> {
    const { peers, claimIds, config } = this.#region;
    const { agentId, region, claim } = theirs;
    if (region === config.region) return theirs;
    const answer = await peers.claimOf(region, claimIds.sign({ ...claim, agentId, region }), ANSWER_MS);
    if (!answer) return undefined;
    const now: CallClaim = { ...theirs, claim: { ...claim, state: answer.state } };
    if (isRunning(now.claim) && answer.expires_in_ms > 0) return now;
    await updateLocalCopy(this.#region, agentId, facetsOf(answer.agent));
    return undefined;
  }

  async #end(callId: string, ours: CallClaim, theirs: CallClaim): Promise<void> {
    const { agents } = this.#region;
    const record = await agents.get(ours.agentId);
    if (!record) return;
    const name = { ...ours.claim, agentId: ours.agentId, region: ours.region };
    const supersededBy = { agentId: theirs.agentId, fence: theirs.claim.fence };
    try {
      const { isMoved } = await settleHere(this.#region, name, 'supersede', record, { supersededBy });
      if (isMoved) this.#report(callId, theirs, ours, 'ended');
    } catch (error) {
      if (!(error instanceof Refusal)) throw error; // The claim has ended meanwhile.
    }
  }

  #report(call: string, kept: CallClaim, lost: CallClaim, outcome: 'ended' | 'both_confirmed'): void {
    const { metrics, history, audit, log, config } = this.#region;
    const key = [call, kept.claim.fence, lost.claim.fence].join(' ');
    if (this.#reported.has(key)) return;
    if (this.#reported.size >= WAITING_LIMIT) this.#reported.clear();
    this.#reported.add(key);
    const describe = ({ agentId, region, claim }: CallClaim) => ({
      agent: agentId,
      fence: claim.fence,
      region,
      ...unitIn(claim),
    });
    const conflict = { call, kept: describe(kept), lost: describe(lost), outcome };
    metrics.callConflicts.inc({ outcome });
    history?.callConflict(conflict);
    audit.record({ op: 'call_conflict', who: { region: config.region }, ...conflict });
    log.warn(outcome === 'ended' ? 'call_conflict_resolved' : 'call_conflict_confirmed', conflict);
  }
}
