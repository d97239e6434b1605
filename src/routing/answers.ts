import { type Claim, claimsOf, type Facets } from '../agent/facets.ts';
import { virtualArrival, type Weights } from '../agent/ranking.ts';
import { availableSince, statusOf, VOICE } from '../agent/status.ts';
import { readFacets, writeFacets } from '../agent/wire.ts';
import type { AgentAnswer, Explanation } from '../contract/agents.ts';
import type { ClaimAnswer } from '../contract/claims.ts';
import type { Considered } from '../store/queues.ts';
import { type AgentRecord, lockOf, readRecord } from '../store/record/record.ts';
import { roomOf } from '../store/record/room.ts';
import type { ClaimIds } from './claims/claim-ids.ts';

/** How old what is known of an agent is. */
interface Age {
  /** Infinity where nothing was ever heard of the home. */
  ageMs: number;
  stale: boolean;
  confirmedMsAgo: number | undefined;
}

/** @param storeMs the store's clock, by which locks are judged */
export function answerAgent(agentId: string, record: AgentRecord, age: Age, storeMs: number): AgentAnswer {
  const { facets } = record;
  const { ageMs, stale, confirmedMsAgo } = age;
  const claim = facets.claim && { ...facets.claim, untilMs: lockOf(record) };
  const leftMs = claimsOf(facets).flatMap((each): [string, number][] => {
    const ms = each.state === 'ENDED' ? 0 : Math.round(lockOf(record, each.unit) - storeMs);
    return ms > 0 ? [[each.unit ?? VOICE, ms]] : [];
  });
  const { [VOICE]: claimedForMs, ...digitalForMs } = Object.fromEntries(leftMs);
  const room = roomOf(record, storeMs);
  const own = statusOf({ ...facets, ...(claim && { claim }) }, storeMs);
  // A claim of another media type can keep a call away, too.
  const isBarred = own.status === 'AVAILABLE' && room.voice === 0;
  const { status, reason } = isBarred ? { status: 'BUSY' as const, reason: 'CLAIMED' } : own;
  return {
    agent_id: agentId,
    status,
    ...(reason && { reason }),
    home: record.home,
    age_ms: Number.isFinite(ageMs) ? Math.round(ageMs) : null,
    stale,
    ...(confirmedMsAgo !== undefined && { confirmed_ms_ago: Math.round(confirmedMsAgo) }),
    name: facets.profile?.name ?? agentId,
    queues: facets.profile?.queues ?? [],
    skills: facets.profile?.skills ?? {},
    ...(status === 'AVAILABLE' && { available_since: availableSince(facets) }),
    ...(claimedForMs !== undefined && { claimed_for_ms: claimedForMs }),
    ...(Object.keys(digitalForMs).length > 0 && { digital_claimed_for_ms: digitalForMs }),
    ...(facets.profile?.capacity && { room }),
    facets: writeFacets(facets),
  };
}

/** The unit that a claim takes, as answers and histories name it: not at all where it is the one for voice. */
export const unitIn = ({ unit }: { unit?: string }): { unit?: string } => (unit === undefined ? {} : { unit });

/** The region whose word the claim on record is. */
export function grantedBy({ home }: Pick<AgentRecord, 'home'>, claim: Claim): string {
  return claim.by ?? home;
}

/** @param leftMs how long the claim still holds its agent */
export function answerClaim(
  ids: ClaimIds,
  claim: Claim,
  agent: AgentAnswer,
  leftMs: number,
  replicated?: boolean,
): ClaimAnswer {
  const region = grantedBy(agent, claim);
  return {
    claim_id: ids.sign({ ...claim, agentId: agent.agent_id, region }),
    call_id: claim.callId,
    agent_id: agent.agent_id,
    queue: claim.queue,
    ...unitIn(claim),
    state: claim.state,
    fence: claim.fence,
    until: claim.untilMs,
    expires_in_ms: claim.state === 'ENDED' ? 0 : Math.max(0, Math.round(leftMs)),
    ...(claim.endReason !== undefined && { end_reason: claim.endReason }),
    ...(replicated !== undefined && { replicated }),
    authority: { region, mode: claim.by === undefined ? 'home' : 'verified' },
    agent,
  };
}

/** The facets in another region's answer about an agent: complete, each with its own version. */
export function facetsOf(agent: AgentAnswer): Facets {
  const facets = readFacets(agent.facets, { at: 0, id: '' }, (ms) => ms);
  for (const claim of claimsOf(facets)) {
    const { claimed_for_ms, digital_claimed_for_ms = {} } = agent;
    claim.remainingMs = (claim.unit === undefined ? claimed_for_ms : digital_claimed_for_ms[claim.unit]) ?? 0;
  }
  return facets;
}

export function explain(considered: Considered[], weights: Weights): Explanation[] {
  return considered.map(({ agentId, obstacle, line }) => {
    const { arrivalMs, parts } = virtualArrival(line ? readRecord(line).facets : {}, weights);
    return {
      agent_id: agentId,
      ...(obstacle && { obstacle }),
      arrival_ms: arrivalMs,
      parts: {
        available_since: parts.availableSinceMs,
        tenure_bonus_ms: parts.tenureBonusMs,
        proficiency_bonus_ms: parts.proficiencyBonusMs,
        fairness_penalty_ms: parts.fairnessPenaltyMs,
      },
    };
  });
}
