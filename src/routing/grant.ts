import { claimsOf, type Facets } from '../agent/facets.ts';
import { VOICE } from '../agent/units.ts';
import type { ClaimReply } from '../cache/queues.ts';
import { type AgentRecord, lockOf } from '../cache/record.ts';
import type { ClaimAnswer } from '../contract/claims.ts';
import { answerClaim, explain, facetsOf, grantedBy, unitIn } from './answers.ts';
import { type Attempt, type Granted, remainingMs } from './attempt.ts';
import { publishClaim } from './publish.ts';
import { Refusal } from './refusal.ts';
import { type Region, tell } from './region.ts';
import { settle } from './settle.ts';

/** The store has granted, or found what it granted before: at home here, or known here from its home. */
export async function grantedHere(
  attempt: Attempt,
  reply: ClaimReply,
  record: AgentRecord,
  startedMs: number,
): Promise<Granted> {
  const { region, request, queue } = attempt;
  const held = claimsOf(record.facets).find(({ fence }) => fence === reply.fence);
  if (!held) throw new Error(`the store granted ${reply.agentId} without a claim`);
  const { replicated, clockMs } = reply;
  const agent = tell(region, reply.agentId, record);
  const leftMs = lockOf(record, held.unit) - clockMs;
  const answer = answerClaim(region.claimIds, held, agent, leftMs, replicated);
  const home = grantedBy(record, held);
  const isOurs = home === region.config.region;
  if (isOurs) publishClaim(region, reply.agentId, record, held.unit ?? VOICE);
  region.history.claimGranted({
    call: request.callId,
    queue: queue.id,
    agent: reply.agentId,
    fence: held.fence,
    ...unitIn(held),
    untilMs: held.untilMs,
    heldMs: leftMs - (region.clock.monotonicMs() - startedMs),
    home,
    replicated,
    startedMs,
    ...(held.by !== undefined && { mode: 'verified' as const }),
  });
  if (isOurs && !replicated && region.config.claims.replication === 'refuse') {
    await settle(region, answer.claim_id, 'release');
    throw new Refusal('not_replicated', 'no replica acknowledged the claim; it was given back', { agent });
  }
  if (request.explain) Object.assign(answer, { explanation: explain(reply.considered, region.config.ranking) });
  return { claim: answer, again: reply.verdict === 'again' };
}

/** Asks the agent's home. Undefined: not this one, go on with the next. */
export async function askHome(
  attempt: Attempt,
  agentId: string,
  record: AgentRecord,
  startedMs: number,
): Promise<Granted | undefined> {
  const { region, request, queue } = attempt;
  const { callId, media, skills } = request;
  const asked = { queue: queue.id, callId, media, skills, agentId };
  const answer = await region.peers.claim(record.home, asked, remainingMs(attempt));
  attempt.refused.push(agentId);
  if (answer.kind === 'granted') return grantedElsewhere(attempt, answer.claim, startedMs);
  if (answer.kind === 'refused') {
    region.readThrough.forget(agentId);
    if (answer.agent) await correct(region, agentId, facetsOf(answer.agent));
  }
  if (answer.kind === 'unreachable' || answer.kind === 'unknown') attempt.unanswered.set(record.home, answer.kind);
  // It may have granted. Nothing is given back: the call may ask again and be given that very claim, or it lapses.
  if (answer.kind === 'unknown') {
    region.history.claimUnknown({ call: request.callId, queue: queue.id, home: record.home, agent: agentId });
  }
  return undefined;
}

async function grantedElsewhere(
  { region, request, queue }: Attempt,
  claim: ClaimAnswer,
  startedMs: number,
): Promise<Granted> {
  await correct(region, claim.agent_id, facetsOf(claim.agent));
  region.history.claimGranted({
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
  const agent = record ? tell(region, claim.agent_id, record) : claim.agent;
  const { explanation: _, ...answer } = claim as ClaimAnswer & { explanation?: unknown };
  return { claim: { ...answer, agent }, again: false };
}

/** Takes over what an agent's home knows of it. The claim stands whether or not the local copy could be corrected. */
export async function correct(region: Region, agentId: string, facets: Facets): Promise<void> {
  try {
    await region.agents.apply(agentId, facets);
  } catch (error) {
    region.log.warn({ err: error, agent: agentId }, 'the local copy of an agent was not corrected; the bus will do it');
  }
}
