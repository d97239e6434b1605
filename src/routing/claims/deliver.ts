import { interactionOf } from '../../agent/facets.ts';
import { isLive, liveInteractions, mediaOf } from '../../agent/status.ts';
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
  /** Absent if the caller delivers: then nothing was asked of a platform. */
  delivered?: (typeof DELIVERED)[number];
}

/** Agents to whom a platform is told to assign one conversation, before the caller is told that it will not. */
const MAX_AGENTS = 3;
/** How long a platform is waited for, however little is left of the caller's time, in ms: the agent is held already. */
const LEAST_MS = 500;

/**
 * Claims an agent for a request with `deliver`, and has the platform send the conversation there:
 *
 *   claimed ──told──► accepted, or no answer in time ──► the claim, and which of these it was
 *      ▲       └────► refused ──► given back, the next agent
 *      │       └────► not_sent ─► given back, `platform_unavailable`
 *      └─ at most three agents, then `not_assigned`
 *
 * That the platform accepted is not that the agent has the call: the claim is held until it rings there, and lapses if it
 * never does. So whoever asks again for a call that still waits is given the same claim, and the platform is told again.
 * @throws as `claim`; Refusal `not_assigned`, `platform_unavailable`
 */
export async function claimAndDeliver(region: Region, request: ClaimRequest): Promise<Delivered> {
  const untilMs = region.clock.monotonicMs() + request.budgetMs;
  const leftMs = () => Math.max(1, Math.ceil(untilMs - region.clock.monotonicMs()));
  let reason = '';
  for (let agents = 0; agents < MAX_AGENTS && (agents === 0 || leftMs() > 1); agents++) {
    const granted = await nextClaim(region, { ...request, budgetMs: leftMs() }, agents === 0);
    if (!granted) break;
    const told = await deliver(region, granted, Math.max(LEAST_MS, leftMs()));
    if (typeof told === 'string') return { ...granted, delivered: told };
    await releaseUndelivered(region, granted.claim, told);
    if (told.answer === 'not_sent') throw new Refusal('platform_unavailable', told.reason);
    reason = told.reason;
  }
  throw new Refusal('not_assigned', reason);
}

/** Undefined where nobody is left after those whom the platform refused. @throws as `claim` */
async function nextClaim(region: Region, request: ClaimRequest, isFirst: boolean): Promise<Granted | undefined> {
  try {
    return await claim(region, request);
  } catch (error) {
    if (!isFirst && error instanceof Refusal && error.code === 'no_agent_available') return undefined;
    throw error;
  }
}

type Failed = Extract<Assignment, { reason: string }> | { answer: 'elsewhere'; reason: string };

/** What the caller is told; or why the agent is to be given back. */
async function deliver(
  region: Region,
  { claim, again }: Granted,
  limitMs: number,
): Promise<(typeof DELIVERED)[number] | Failed> {
  const { agent_id: agentId, call_id: callId } = claim;
  const connection = connectionNameOf(region.config, agentId) ?? '';
  const platform = region.platforms.get(connection);
  if (!platform?.assign) return 'by_caller';
  const is = again ? whereabouts(claim) : 'waiting';
  if (is === 'with the agent') return 'accepted';
  if (is === 'elsewhere') return { answer: 'elsewhere', reason: `agent "${agentId}" has another interaction by now` };
  const answer = await platform.assign(agentId, callId, AbortSignal.timeout(limitMs));
  region.metrics.assignments.inc({ connection, outcome: answer.answer });
  const which = { agent: agentId, call: callId, claim: claim.claim_id, queue: claim.queue, fence: claim.fence };
  region.audit.record({ op: 'assign', who: { platform: connection }, outcome: answer.answer, ...which });
  if (answer.answer === 'accepted' || answer.answer === 'unknown') return answer.answer;
  // What the platform accepted for an earlier request may be ringing there: the agent is not given back under it.
  return again ? 'unknown' : answer;
}

/**
 * Where a call is that has this claim since an earlier request, by what the agent's platform has told of interactions. A
 * status alone says too little: the agent may be busy with this very call.
 */
function whereabouts({ agent, call_id, state, unit }: ClaimAnswer): 'with the agent' | 'elsewhere' | 'waiting' {
  const facets = facetsOf(agent);
  const its = interactionOf(facets, call_id);
  if (state === 'CONFIRMED' || (its && isLive(its, facets))) return 'with the agent';
  const isElsewhere = liveInteractions(facets).some(({ media }) => media === mediaOf(unit));
  return isElsewhere ? 'elsewhere' : 'waiting';
}

/** A claim that cannot be given back now lapses. */
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
