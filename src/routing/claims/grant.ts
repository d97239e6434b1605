import { createHash } from 'node:crypto';
import { type Claim, claimFacet, claimsOf, type Facets, type Media, type RequiredSkills } from '../../agent/facets.ts';
import { lockOf, VOICE } from '../../agent/status.ts';
import type { AgentEvent } from '../../agent/wire.ts';
import { whyNotTaken } from '../../config/topology.ts';
import type { ClaimAnswer } from '../../contract/claims.ts';
import type { AgentRecord } from '../../store/agent-record.ts';
import type { ClaimReply, Tally } from '../../store/queues.ts';
import { ShardUnavailable } from '../../store/store.ts';
import { NotReplicated, tellable, type Written } from '../../store/written.ts';
import type { HomeAnswer, HomeProblem } from '../peers/home.ts';
import { Refusal } from '../refusal.ts';
import {
  buildAndRecordAgentAnswer,
  buildClaimAnswer,
  explain,
  facetsOf,
  grantedBy,
  type Queue,
  type Region,
  unitIn,
} from '../region.ts';

/** An agent whom nobody waits for any more is given back within this, or lapses, in ms. */
const RELEASE_MS = 500;

/**
 * The store has granted here, or found again what it granted before.
 * @throws NotReplicated where no replica has acknowledged that, and the config refuses to tell of it
 */
export async function grantedHere(
  attempt: Attempt,
  written: Written<ClaimReply>,
  record: AgentRecord,
  startedMs: number,
): Promise<Granted> {
  const { region, request, queue } = attempt;
  noteUnacknowledged(attempt, written, record);
  const { value: reply, replicated } = tellable(written, region.config.claims.replication);
  const held = claimIn(record, reply, request.callId);
  const agent = buildAndRecordAgentAnswer(region, reply.agentId, record);
  const leftMs = lockOf(record, held.unit) - reply.clockMs;
  const answer = buildClaimAnswer(region.claimIds, held, agent, leftMs, replicated);
  publishClaim(region, reply.agentId, record, held);
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
  if (request.explain) Object.assign(answer, { explanation: explain(reply.considered, region.config.ranking) });
  return { claim: answer, again: reply.verdict === 'again' };
}

/** The claim of a call under a fence, as `holder_of` in units.lua has it: one without a call's id may be any call's. */
function heldBy({ facets }: AgentRecord, fence: number, call: string): Claim | undefined {
  return claimsOf(facets).find(({ fence: of, callId }) => of === fence && (callId === call || callId === ''));
}

/** The claim of a call that a walk's answer is about. */
export function claimIn(
  record: AgentRecord,
  { agentId, fence }: Pick<ClaimReply, 'agentId' | 'fence'>,
  callId: string,
): Claim {
  const held = heldBy(record, fence, callId);
  if (!held) throw new Error(`the store speaks of a claim on ${agentId} that its record does not have`);
  return held;
}

/**
 * Keeps in mind what this attempt has written and nobody has acknowledged. Whoever else asks for the call meanwhile
 * raises the record's version: from then on the grant is not this attempt's to give back.
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
 * Gives back a grant that its caller is not told of, if the record is still the very one that this attempt wrote; else it
 * is somebody's who asked again, or lapses. Never throws.
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
    // Nobody was told of it, but the record has it: so have the others.
    const now = settled.written.evenIfLost();
    publishClaim(region, agentId, now, claimIn(now, { agentId, fence }, callId));
  } catch (error) {
    region.log.debug('unused_grant_not_released', { err: error, agent: agentId });
  }
}

/** Asks the agent's home. Undefined: not this one, go on with the next. */
export async function claimAtHome(
  attempt: Attempt,
  agentId: string,
  record: AgentRecord,
  startedMs: number,
): Promise<Granted | undefined> {
  attempt.excluded.push(agentId);
  // Whoever asked for its caller's call is the one who asks: a request between regions makes one hop.
  if (attempt.request.askedBy !== undefined) return undefined;
  const answer = await askForClaim(attempt, record.home, agentId);
  if (answer.kind === 'granted') return grantedElsewhere(attempt, answer, startedMs);
  if (answer.kind === 'problem') await applyHomeProblem(attempt, agentId, answer);
  if (answer.kind === 'problem' && answer.code === 'not_home') {
    attempt.disputed = homeDisputed(attempt.region, record.home, answer.home);
  }
  return undefined;
}

/** Asks a region for the call on its caller's behalf, proposing an agent of its own. */
export async function askForClaim(attempt: Attempt, home: string, agentId: string): Promise<HomeAnswer> {
  const { region, request, queue } = attempt;
  const { callId, media, skills } = request;
  const wanted = request.agentId === undefined ? {} : { agentId: request.agentId };
  const asked = { queue: queue.id, callId, media, skills, ...wanted, proposes: agentId };
  const answer = await region.peers.claim(home, asked, remainingMs(attempt));
  if (answer.kind === 'unreachable' || answer.kind === 'unknown') attempt.unanswered.set(home, answer.kind);
  // It may have granted. Nothing is given back: the call may ask again and be given that very claim, or it lapses.
  if (answer.kind === 'unknown') {
    region.history?.claimUnknown({ call: request.callId, queue: queue.id, home, agent: agentId });
  }
  return answer;
}

/** Takes over what a home says of an agent whom it does not grant. */
export async function applyHomeProblem(
  { region }: Attempt,
  agentId: string,
  { agent, claim }: HomeProblem,
): Promise<void> {
  region.freshness.contradicted(agentId);
  const known = claim?.agent ?? agent;
  if (known) await updateLocalCopy(region, known.agent_id, facetsOf(known));
}

/** @throws NotReplicated where its home says that no replica has it, and the config refuses to tell of that */
export async function grantedElsewhere(
  { region, request, queue }: Attempt,
  { claim, again }: Extract<HomeAnswer, { kind: 'granted' }>,
  startedMs: number,
): Promise<Granted> {
  mustBeReplicated(region, claim);
  await updateLocalCopy(region, claim.agent_id, facetsOf(claim.agent));
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
  const agent = record ? buildAndRecordAgentAnswer(region, claim.agent_id, record) : claim.agent;
  const { explanation: _, ...answer } = claim as ClaimAnswer & { explanation?: unknown };
  return { claim: { ...answer, agent }, again };
}

/** Another region's answer counts as this region's config says, whatever its own says. @throws NotReplicated */
export function mustBeReplicated({ config }: Region, { replicated }: ClaimAnswer): void {
  if (config.claims.replication === 'refuse' && replicated !== true) throw new NotReplicated();
}

/** The region that is the agent's home, by the config here, says that it is not. */
export function homeDisputed({ config }: Pick<Region, 'config'>, other: string, theirs = ''): Refusal {
  const detail =
    `by the config of ${config.region} the agent's home is ${other}; ${other} takes ${theirs || 'another region'} for it: ` +
    '`connections` or `agents.unknown` in the configs of the regions differ';
  return new Refusal('home_disputed', detail);
}

/** Takes over what an agent's home knows of it. The claim stands whether or not the local copy could be corrected. */
export async function updateLocalCopy(region: Region, agentId: string, facets: Facets): Promise<void> {
  if (whyNotTaken(region.config, agentId) !== undefined) return; // the regions' configs differ
  try {
    // A copy: what a failover takes of it the bus brings, and the home decides.
    (await region.agents.apply(agentId, facets)).evenIfLost();
  } catch (error) {
    region.log.warn('agent_copy_not_updated', { err: error, agent: agentId });
  }
}

/**
 * Tells the other regions of a claim's state, off the caller's path. What is lost here costs them a refused question, never
 * a second grant: where the home can be asked, its record decides; in its stead, what the platform knows.
 * @param record the agent's as it is now: it has this claim, or a later one
 */
export function publishClaim(region: Region, agentId: string, record: AgentRecord, held: Claim): void {
  const { config, ingest, store, log } = region;
  const claim: Claim = { ...held, remainingMs: Math.max(0, Math.round(lockOf(record, held.unit) - store.nowMs())) };
  const event: AgentEvent = {
    eventId: `claim/${agentId}/${claim.fence}/${claim.state}/${claim.untilMs}`.slice(-200),
    agentId,
    timestampMs: store.nowMs(),
    region: config.region,
    source: 'claim',
    facets: claimFacet(claim),
  };
  ingest.publish(event, record.facets).catch((error) => {
    // Of a shard that is away, one line has told already.
    const level = error instanceof ShardUnavailable ? 'debug' : 'warn';
    log[level]('claim_not_published', { err: error, agent: agentId });
  });
}

export interface ClaimRequest {
  queue: string;
  callId: string;
  /** Of the interaction that an agent is wanted for. */
  media: Media;
  skills: RequiredSkills;
  budgetMs: number;
  /** The caller wants this agent and no other. */
  agentId?: string;
  explain: boolean;
  /** Whether Muster has the platform send the conversation to the agent. */
  deliver?: 'assign';
  /** The region that asks on its caller's behalf; then only agents homed here count, and nobody else is asked. */
  askedBy?: string;
  /** The agent that the region which asks proposes: no other is considered, whatever its caller wants. */
  proposes?: string;
}

export interface Granted {
  claim: ClaimAnswer;
  /** The call had this claim already. */
  again: boolean;
}

/** One request on its way to an agent. */
export interface Attempt {
  region: Region;
  request: ClaimRequest;
  queue: Queue;
  /** What the caller asked for, in one word. */
  wish: string;
  /** Monotonic ms. */
  startedMs: number;
  /** Agents not to be considered any more in this request. */
  excluded: string[];
  /** Homes this attempt has asked without an answer: certainly not reached, or perhaps. It asks none of them again. */
  unanswered: Map<string, 'unreachable' | 'unknown'>;
  /** Whether platforms were asked about those whose homes are quiet. */
  hasAskedPlatforms: boolean;
  /** What was said of an agent by a region that is the home by this region's config, and not by its own. */
  disputed?: Refusal;
  /** Whom the last walk passed over. */
  tally: Tally;
  /** A grant that this attempt has written and no replica has acknowledged yet. */
  unacknowledged?: { agentId: string; fence: number; version: string } | undefined;
}

/** What is left of the caller's budget, in ms. */
export function remainingMs({ region, request, startedMs }: Attempt): number {
  return request.budgetMs - (region.clock.monotonicMs() - startedMs);
}

const WISH_BYTES = 12;

/** Two requests for one call are the same wish only if they ask for the same. */
export function wishOf({ queue, media, skills, agentId }: ClaimRequest): string {
  const wanted = Object.entries(skills).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify([queue, media, wanted, agentId ?? null]);
  return createHash('sha256').update(text).digest().subarray(0, WISH_BYTES).toString('base64url');
}
