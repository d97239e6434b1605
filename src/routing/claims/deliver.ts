import { interactionOf } from '../../agent/facets.ts';
import { isLive, liveInteractions, mediaOfUnit } from '../../agent/status.ts';
import { connectionNameOf } from '../../config/topology.ts';
import type { ClaimAnswer, DELIVERED } from '../../contract/claims.ts';
import type { Assignment } from '../../platforms/platform.ts';
import { Refusal } from '../refusal.ts';
import type { Region } from '../region.ts';
import { facetsOf } from '../region.ts';
import { claim } from './claim.ts';
import type { ClaimRequest, Granted } from './grant.ts';
import { settle } from './settle.ts';

export interface Delivered extends Granted {
  /** Result of the assignment; absent if the request did not ask for delivery. */
  delivered?: (typeof DELIVERED)[number];
}

/** Agents that a platform is asked to assign one conversation to, before the caller gets `not_assigned`. */
const MAX_AGENTS = 3;
/** Shortest time that a platform gets to answer, even beyond the caller's budget, in ms: the agent is claimed already. */
const LEAST_MS = 500;

/**
 * Claims an agent for a request with `deliver`, and asks the platform to assign the conversation to that agent:
 *
 *   claimed ──assign──► accepted, or no answer in time ──► answer with the claim, and which of these it was
 *      ▲        └─────► refused ──► release, claim the next agent
 *      │        └─────► not_sent ─► release, `platform_unavailable`
 *      └─ at most three agents, then `not_assigned`
 *
 * An accepted assignment does not mean that the agent has the call: the claim is held until the call alerts there, and lapses if
 * it never does. If the request is repeated while the call still waits, the claim stays the same and the assignment is
 * requested again.
 * @throws as `claim`; Refusal `not_assigned`, `platform_unavailable`
 */
export async function claimAndDeliver(region: Region, request: ClaimRequest): Promise<Delivered> {
  const untilMs = region.clock.monotonicMs() + request.budgetMs;
  const leftMs = () => Math.max(1, Math.ceil(untilMs - region.clock.monotonicMs()));
  let reason = '';
  for (let agents = 0; agents < MAX_AGENTS && (agents === 0 || leftMs() > 1); agents++) {
    const granted = await nextClaim(region, { ...request, budgetMs: leftMs() }, agents === 0);
    if (!granted) break;
    const outcome = await deliver(region, granted, Math.max(LEAST_MS, leftMs()));
    if (typeof outcome === 'string') return { ...granted, delivered: outcome };
    await releaseUndelivered(region, granted.claim, outcome);
    if (outcome.answer === 'not_sent') throw new Refusal('platform_unavailable', outcome.reason);
    reason = outcome.reason;
  }
  throw new Refusal('not_assigned', reason);
}

/** Claims an agent. Undefined: no agent is left besides those that the platform rejected. @throws as `claim` */
async function nextClaim(region: Region, request: ClaimRequest, isFirst: boolean): Promise<Granted | undefined> {
  try {
    return await claim(region, request);
  } catch (error) {
    if (!isFirst && error instanceof Refusal && error.code === 'no_agent_available') return undefined;
    throw error;
  }
}

type Failed = Extract<Assignment, { reason: string }> | { answer: 'elsewhere'; reason: string };

/** Asks the platform to assign the call. Returns the result for the caller, or why the agent must be released. */
async function deliver(
  region: Region,
  { claim, again }: Granted,
  limitMs: number,
): Promise<(typeof DELIVERED)[number] | Failed> {
  const { agent_id: agentId, call_id: callId } = claim;
  const connection = connectionNameOf(region.config, agentId) ?? '';
  const platform = region.platforms.get(connection);
  if (!platform?.assign) return 'by_caller';
  const is = again ? whereCallIs(claim) : 'waiting';
  if (is === 'with the agent') return 'accepted';
  if (is === 'elsewhere') return { answer: 'elsewhere', reason: `agent "${agentId}" has another interaction by now` };
  const answer = await platform.assign(agentId, callId, AbortSignal.timeout(limitMs));
  region.metrics.assignments.inc({ connection, outcome: answer.answer });
  const which = { agent: agentId, call: callId, claim: claim.claim_id, queue: claim.queue, fence: claim.fence };
  region.audit.record({ op: 'assign', who: { platform: connection }, outcome: answer.answer, ...which });
  if (answer.answer === 'accepted' || answer.answer === 'unknown') return answer.answer;
  // An assignment that an earlier request got accepted may be alerting there, so the agent is not released.
  return again ? 'unknown' : answer;
}

/**
 * Where a call with an earlier claim is now, according to the interactions that the platform reported. The agent's status does
 * not answer this: the agent may be busy with this very call.
 */
function whereCallIs({ agent, call_id, state, unit }: ClaimAnswer): 'with the agent' | 'elsewhere' | 'waiting' {
  const facets = facetsOf(agent);
  const its = interactionOf(facets, call_id);
  if (state === 'CONFIRMED' || (its && isLive(its, facets))) return 'with the agent';
  const isElsewhere = liveInteractions(facets).some(({ media }) => media === mediaOfUnit(unit));
  return isElsewhere ? 'elsewhere' : 'waiting';
}

/** Releases the claim. If that fails, the claim lapses. Never throws. */
async function releaseUndelivered(
  region: Region,
  { claim_id, agent_id }: ClaimAnswer,
  { answer }: Failed,
): Promise<void> {
  try {
    await settle(region, claim_id, answer === 'refused' ? 'refused' : 'release');
  } catch (error) {
    region.log.debug('undelivered_claim_not_released', { err: error, agent: agent_id });
  }
}
