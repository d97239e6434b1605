import { lockOf } from '../../agent/status.ts';
import type { AgentRecord } from '../../store/agent-record.ts';
import type { ClaimReply } from '../../store/queues.ts';
import { Refusal } from '../refusal.ts';
import { buildAgentAnswer, buildClaimAnswer, grantedBy, recordAgentAnswer, wordAgeOf } from '../region.ts';
import {
  type Attempt,
  applyHomeProblem,
  askForClaim,
  claimIn,
  type Granted,
  grantedElsewhere,
  remainingMs,
} from './grant.ts';

/**
 * Handles a repeated request for a call whose claim another region granted, according to the copy here. Only that region knows
 * whether the claim is still live:
 *
 *   it answers with a claim                   ► that claim
 *   the claim request was a different one     ► `call_has_claim`
 *   it finds no claim                         ► the claim has ended: undefined, the scan goes on
 *   it cannot be asked within the budget,
 *   or answers with any other problem         ► the copy, with `mode: copy` and `replicated: false`
 *
 * Requests between regions are not forwarded: a request of another region is answered from the copy.
 */
export async function retryAtGranter(
  attempt: Attempt,
  reply: ClaimReply,
  record: AgentRecord,
  startedMs: number,
): Promise<Granted | undefined> {
  const { request } = attempt;
  const granter = grantedBy(record, claimIn(record, reply, request.callId));
  if (request.askedBy !== undefined) throw callHasClaim(attempt, reply, record);
  if (canBeAsked(attempt, granter)) {
    const answer = await askForClaim(attempt, granter, reply.agentId);
    if (answer.kind === 'granted') return grantedElsewhere(attempt, answer, startedMs);
    // If that region has a copy only, it proves no more than the one here.
    if (answer.kind === 'problem' && answer.claim && answer.claim.authority.mode !== 'copy') {
      throw new Refusal('call_has_claim', answer.detail, { claim: answer.claim });
    }
    if (answer.kind === 'problem' && isOver(answer, granter, record)) {
      attempt.excluded.push(reply.agentId);
      await applyHomeProblem(attempt, reply.agentId, answer);
      return undefined;
    }
  }
  if (reply.verdict === 'copy_other') throw callHasClaim(attempt, reply, record);
  return { claim: copyOf(attempt, reply, record), again: true };
}

/**
 * Whether the problem means that the region that granted the claim no longer has it. After a delegated grant, that region answers
 * that it is not the home.
 */
function isOver({ code }: { code: string }, granter: string, { home }: AgentRecord): boolean {
  return code === 'no_agent_available' || (code === 'not_home' && granter !== home);
}

function canBeAsked(attempt: Attempt, granter: string): boolean {
  const { region, unanswered } = attempt;
  const { peers } = region;
  return (
    peers.isReachable(granter) && !unanswered.has(granter) && peers.answersWithinMs(granter) <= remainingMs(attempt)
  );
}

/** The problem of a call that has a claim and sends a different claim request under the same call id. */
export function callHasClaim(attempt: Attempt, reply: ClaimReply, record: AgentRecord): Refusal {
  const { region, request } = attempt;
  const { agentId, clockMs } = reply;
  const held = claimIn(record, reply, request.callId);
  const isOurs = reply.verdict === 'other';
  const leftMs = lockOf(record, held.unit) - clockMs;
  const claim = isOurs
    ? buildClaimAnswer(region.claimIds, held, buildAgentAnswer(region, agentId, record), leftMs)
    : copyOf(attempt, reply, record);
  const detail = `call "${held.callId}" has agent "${agentId}" from a different request, for queue "${held.queue}"`;
  return new Refusal('call_has_claim', detail, { claim });
}

/** The answer with the local copy of a claim that another region granted. */
function copyOf({ region, request }: Attempt, reply: ClaimReply, record: AgentRecord) {
  const held = claimIn(record, reply, request.callId);
  const agent = buildAgentAnswer(region, reply.agentId, record);
  recordAgentAnswer(region, agent, record, { toldMs: wordAgeOf(agent) });
  const claim = buildClaimAnswer(region.claimIds, held, agent, lockOf(record, held.unit) - reply.clockMs, false);
  return { ...claim, authority: { ...claim.authority, mode: 'copy' as const } };
}
