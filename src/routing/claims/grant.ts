import { createHash } from 'node:crypto';
import { type Claim, claimsOf, type Facets, type Media, type RequiredSkills } from '../../agent/facets.ts';
import { claimsHolding, lockOf, VOICE } from '../../agent/status.ts';
import { whyNotTaken } from '../../config/topology.ts';
import type { ClaimAnswer } from '../../contract/claims.ts';
import type { AgeTold } from '../../ops/history.ts';
import type { AgentRecord } from '../../store/agent-record.ts';
import type { ClaimReply, Tally } from '../../store/queues.ts';
import { checkDurability, NotReplicated, type Written } from '../../store/written.ts';
import type { HomeAnswer, HomeProblem } from '../peers/home.ts';
import { Refusal } from '../refusal.ts';
import {
  buildAgentAnswer,
  buildClaimAnswer,
  explain,
  facetsOf,
  grantedBy,
  inAnswer,
  type Queue,
  type Region,
  recordAgentAnswer,
  unitIn,
  wordAgeOf,
} from '../region.ts';

/** Time to release a grant whose caller gets an error, in ms. After it, the grant lapses. */
const RELEASE_MS = 500;

/**
 * Answers with a claim that this region's store has granted, now or for an earlier request, and publishes it.
 * @throws NotReplicated if no replica acknowledged the grant and `claims.replication` is `refuse`
 */
export async function grantedHere(
  attempt: Attempt,
  written: Written<ClaimReply>,
  record: AgentRecord,
  startedMs: number,
): Promise<Granted> {
  const { region, request, queue } = attempt;
  noteUnacknowledged(attempt, written, record);
  const { value: reply, replicated } = checkDurability(written, region.config.claims.replication);
  const held = claimIn(record, reply, request.callId);
  const again = reply.verdict === 'again';
  const agent = buildAgentAnswer(region, reply.agentId, record);
  recordAgentAnswer(region, agent, record, { toldMs: wordAgeOf(agent), ...(!again && limitOf(attempt)) });
  const leftMs = lockOf(record, held.unit) - reply.clockMs;
  const answer = buildClaimAnswer(region.claimIds, held, agent, leftMs, replicated);
  region.history?.claimGranted({
    call: request.callId,
    queue: queue.id,
    agent: reply.agentId,
    fence: held.fence,
    ...unitIn(held),
    untilMs: held.untilMs,
    heldMs: leftMs - (region.clock.monotonicMs() - startedMs),
    home: grantedBy(record, held),
    replicated,
    startedMs,
    ...(held.by !== undefined && { mode: 'verified' as const }),
  });
  if (request.explain) Object.assign(answer, { explanation: explain(region, reply.considered, request.maxAgeMs) });
  return { claim: answer, again };
}

/** The call's claim with this fence, as `holder_of` in units.lua finds it: a claim without a call id matches every call. */
function heldBy({ facets }: AgentRecord, fence: number, call: string): Claim | undefined {
  return claimsOf(facets).find(({ fence: of, callId }) => of === fence && (callId === call || callId === ''));
}

/** The claim that the store's reply is about. @throws Error if the record does not have it */
export function claimIn(
  record: AgentRecord,
  { agentId, fence }: Pick<ClaimReply, 'agentId' | 'fence'>,
  callId: string,
): Claim {
  const held = heldBy(record, fence, callId);
  if (!held) throw new Error(`the store's reply names a claim on ${agentId} that is not in the record`);
  return held;
}

/**
 * Remembers a grant of this attempt that no replica has acknowledged, for `releaseUnacknowledged`. A repeated request for the
 * call increments the record's version; this attempt must not release the grant then.
 */
function noteUnacknowledged(attempt: Attempt, written: Written<ClaimReply>, { version }: AgentRecord): void {
  attempt.unacknowledged = written.match({
    acknowledged: () => undefined,
    noReplicaConfigured: () => undefined,
    notAcknowledged: ({ verdict, agentId, fence, versionBefore }) => {
      const isOwn = verdict === 'granted' || attempt.unacknowledged?.version === versionBefore;
      return isOwn ? { agentId, fence, version } : undefined;
    },
  });
}

/**
 * Releases a grant whose caller gets `not_replicated`, but only if the record is unchanged since this attempt wrote it. A changed
 * record means that a repeated request may have got the claim; else the claim lapses. Never throws.
 */
export async function releaseUnacknowledged({ region, request: { callId }, unacknowledged }: Attempt): Promise<void> {
  if (!unacknowledged) return;
  const { agentId, fence, version } = unacknowledged;
  try {
    const record = await region.agents.recall(agentId);
    const held = record && heldBy(record, fence, callId);
    if (!held || record.version !== version) return;
    const move = { state: 'ENDED', lockMs: 0, endReason: 'released' } as const;
    const { unit = VOICE, queue, by } = held;
    const request = { agentId, unit, fence, callId, queue, by, move };
    const settled = await region.agents.settle(request, record, RELEASE_MS);
    if (settled.kind !== 'settled') return;
    region.metrics.claimEnds.inc({ reason: move.endReason });
  } catch (error) {
    region.log.debug('unused_grant_not_released', { err: error, agent: agentId });
  }
}

/** Asks the agent's home for the claim. Undefined: not granted, try the next agent. */
export async function claimAtHome(
  attempt: Attempt,
  agentId: string,
  record: AgentRecord,
  startedMs: number,
): Promise<Granted | undefined> {
  attempt.excluded.push(agentId);
  // Requests between regions are never forwarded.
  if (attempt.request.askedBy !== undefined) return undefined;
  const answer = await askForClaim(attempt, record.home, agentId);
  if (answer.kind === 'granted') return grantedElsewhere(attempt, answer, startedMs);
  if (answer.kind === 'problem') await applyHomeProblem(attempt, agentId, answer);
  if (answer.kind === 'problem' && answer.code === 'not_home') {
    attempt.disputed = homeDisputed(attempt.region, record.home, answer.home);
  }
  return undefined;
}

/** Asks a region to claim the given agent of its own for this attempt's call. */
export async function askForClaim(attempt: Attempt, home: string, agentId: string): Promise<HomeAnswer> {
  const { region, request, queue } = attempt;
  const { callId, media, skills } = request;
  const wanted = request.agentId === undefined ? {} : { agentId: request.agentId };
  const asked = { queue: queue.id, callId, media, skills, ...wanted, proposes: agentId };
  const answer = await region.peers.claim(home, asked, remainingMs(attempt));
  if (answer.kind === 'unreachable' || answer.kind === 'unknown') attempt.unanswered.set(home, answer.kind);
  // It may have granted. The claim is not released: a repeated request gets it, or it lapses.
  if (answer.kind === 'unknown') {
    region.history?.claimUnknown({ call: request.callId, queue: queue.id, home, agent: agentId });
  }
  return answer;
}

/** Updates the local copy with the agent's state from a home that did not grant the agent. */
export async function applyHomeProblem(
  { region }: Attempt,
  agentId: string,
  { agent, claim }: HomeProblem,
): Promise<void> {
  region.freshness.contradicted(agentId);
  const known = claim?.agent ?? agent;
  if (known) await updateLocalCopy(region, known.agent_id, facetsOf(known));
}

/**
 * Answers with a claim that another region granted, and updates the local copy of its agent. Undefined: the call has another
 * claim by now, and this one was released.
 * @throws NotReplicated if the claim is not replicated there and `claims.replication` is `refuse` here
 */
export async function grantedElsewhere(
  attempt: Attempt,
  { claim, again }: Extract<HomeAnswer, { kind: 'granted' }>,
  startedMs: number,
): Promise<Granted | undefined> {
  const { region, request, queue } = attempt;
  mustBeReplicated(region, claim);
  const isCopied = await updateLocalCopy(region, claim.agent_id, facetsOf(claim.agent));
  if (isCopied && claim.state === 'HELD' && (await hasOtherClaim(attempt, claim))) {
    // If the release is lost, the claim lapses.
    await region.peers.settle(claim.authority.region, claim.claim_id, 'release', RELEASE_MS);
    return undefined;
  }
  region.history?.claimGranted({
    call: request.callId,
    queue: queue.id,
    agent: claim.agent_id,
    fence: claim.fence,
    ...unitIn(claim),
    untilMs: claim.until,
    heldMs: claim.expires_in_ms - (region.clock.monotonicMs() - startedMs),
    home: claim.authority.region,
    startedMs,
    ...(claim.authority.mode === 'verified' && { mode: claim.authority.mode }),
  });
  const record = await region.agents.recall(claim.agent_id);
  const agent = record ? buildAgentAnswer(region, claim.agent_id, record) : claim.agent;
  // What the home answered is in the state, so the state is as old as that answer, at most.
  const askedMs = isCopied ? ageSinceAsked(claim, region.clock.monotonicMs() - startedMs) : Number.POSITIVE_INFINITY;
  const ageMs = inAnswer(Math.min(askedMs, wordAgeOf(agent) ?? Number.POSITIVE_INFINITY));
  const told = { toldMs: ageMs, ...(Number.isFinite(askedMs) && { askedMs }), ...(!again && limitOf(attempt)) };
  if (record) recordAgentAnswer(region, agent, record, told);
  const { explanation: _, ...answer } = claim as ClaimAnswer & { explanation?: unknown };
  return { claim: { ...answer, age_ms: ageMs, agent }, again };
}

/**
 * Whether the call got another claim here while a region was asked: a repeated request arrived meanwhile, and its region did not
 * answer. The copy of a claim takes the call's entry only from one that is over, so the entry decides between two that hold.
 */
async function hasOtherClaim({ region, request, queue }: Attempt, claim: ClaimAnswer): Promise<boolean> {
  const entry = await region.calls.entryOf(queue.domain, request.callId);
  if (!entry || entry.agentId === claim.agent_id) return false;
  const other = await region.agents.get(entry.agentId);
  return other !== undefined && claimsHolding(other, request.callId, region.store.nowMs()).length > 0;
}

/** Age in ms of what another region answered to a claim. @param sinceMs time since it was asked; Infinity if it does not tell */
export function ageSinceAsked({ age_ms: ageMs }: Partial<Pick<ClaimAnswer, 'age_ms'>>, sinceMs: number): number {
  return ageMs === null || ageMs === undefined ? Number.POSITIVE_INFINITY : ageMs + sinceMs;
}

/** The caller's own limit, for the history. */
function limitOf({ request: { maxAgeMs }, startedMs }: Attempt): Pick<AgeTold, 'limit'> {
  return maxAgeMs === undefined ? {} : { limit: { maxAgeMs, sinceMs: startedMs } };
}

/** Applies this region's `claims.replication` to another region's answer. @throws NotReplicated */
export function mustBeReplicated({ config }: Region, { replicated }: ClaimAnswer): void {
  if (config.claims.replication === 'refuse' && replicated !== true) throw new NotReplicated();
}

/** The problem if a region denies to be the agent's home, but is by this region's config. */
export function homeDisputed({ config }: Pick<Region, 'config'>, other: string, theirs = ''): Refusal {
  const detail =
    `by the config of ${config.region} the agent's home is ${other}; ${other} takes ${theirs || 'another region'} for it: ` +
    '`connections` or `agents.unknown` in the configs of the regions differ';
  return new Refusal('home_disputed', detail);
}

/**
 * Merges an agent's facets from another region's answer into the local copy. Never throws: the answer stands without it.
 * @returns whether the copy contains them
 */
export async function updateLocalCopy(region: Region, agentId: string, facets: Facets): Promise<boolean> {
  if (whyNotTaken(region.config, agentId) !== undefined) return false; // The configs of the regions differ.
  try {
    // A copy that a failover loses arrives again by the bus.
    (await region.agents.apply(agentId, facets)).evenIfLost();
    return true;
  } catch (error) {
    region.log.warn('agent_copy_not_updated', { err: error, agent: agentId });
    return false;
  }
}

export interface ClaimRequest {
  queue: string;
  callId: string;
  /** Media type of the interaction. */
  media: Media;
  skills: RequiredSkills;
  budgetMs: number;
  /**
   * How old the last word about the agent may be when the request arrives, in ms, if the caller has a limit of its own. A home that
   * is asked for the claim gives its own, present word.
   */
  maxAgeMs?: number | undefined;
  /** The only agent that the caller accepts; undefined: any. */
  agentId?: string;
  explain: boolean;
  /** Whether Muster has the platform send the conversation to the agent. */
  deliver?: 'assign';
  /** The region that asks on behalf of its caller. Only agents homed here are claimed then, and no region is asked. */
  askedBy?: string;
  /** The agent that the asking region proposes. Only this agent is considered; it is no part of the claim request itself. */
  proposes?: string;
}

export interface Granted {
  claim: ClaimAnswer;
  /** Whether the call had this claim already. */
  again: boolean;
}

/** The state of one claim request while it is processed. */
export interface Attempt {
  region: Region;
  request: ClaimRequest;
  queue: Queue;
  /** Hash of the claim request: a retry has the same. */
  wish: string;
  /** Monotonic ms. */
  startedMs: number;
  /** Words about agents from before are too old for the caller, in monotonic ms; undefined: the caller has no limit. */
  notBeforeMs?: number | undefined;
  /** Agents not to be considered any more in this request. */
  excluded: string[];
  /** Homes that did not answer: certainly not reached, or unknown. They are not asked again. */
  unanswered: Map<string, 'unreachable' | 'unknown'>;
  /** Whether platforms were queried: they are once per attempt. */
  hasAskedPlatforms: boolean;
  /** The last dispute about an agent's home, see `homeDisputed`. */
  disputed?: Refusal;
  /** Scan counts of the last scan. */
  tally: Tally;
  /** A grant of this attempt that no replica has acknowledged. */
  unacknowledged?: { agentId: string; fence: number; version: string } | undefined;
}

/** The rest of the caller's budget, in ms; negative if it is used up. */
export function remainingMs({ region, request, startedMs }: Attempt): number {
  return request.budgetMs - (region.clock.monotonicMs() - startedMs);
}

const WISH_BYTES = 12;

/** Hash of what a claim request asks for. Requests for one call are retries only if their hashes are equal. */
export function wishOf({ queue, media, skills, agentId }: ClaimRequest): string {
  const wanted = Object.entries(skills).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify([queue, media, wanted, agentId ?? null]);
  return createHash('sha256').update(text).digest().subarray(0, WISH_BYTES).toString('base64url');
}
