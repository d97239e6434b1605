import { claimIdOf } from '../agent/claim.ts';
import { type Claim, claimsOf, type Facets } from '../agent/facets.ts';
import type { Media } from '../agent/media.ts';
import { virtualArrival, type Weights } from '../agent/ranking.ts';
import { availableSince, type Status, statusOf } from '../agent/status.ts';
import { VOICE } from '../agent/units.ts';
import { readFacets, type WireFacets, writeFacets } from '../agent/wire.ts';
import type { Considered, Obstacle } from '../cache/queues.ts';
import { type AgentRecord, lockOf, readRecord } from '../cache/record.ts';
import { roomOf } from '../cache/room.ts';

/** Who vouches for an answer, and how old it may be. */
export interface Vouched {
  /** The region whose word on this agent counts. */
  home: string;
  /** The agent may have changed at home this long ago without it being known here, in ms; null: never heard of. */
  age_ms: number | null;
  /** Too old to act on, and not vouched for by the platform either. */
  stale: boolean;
  /** So long ago the platform itself told this region how the agent is, in ms; absent where it was not asked. */
  confirmed_ms_ago?: number;
}

export interface AgentAnswer extends Vouched {
  agent_id: string;
  status: Status;
  reason?: string;
  name: string;
  queues: string[];
  skills: Record<string, number>;
  /** Platform time in ms since which the agent is available; only for those who are. */
  available_since?: number;
  /** How long the claim on the agent lasts unless it is settled, in ms; only for those who are claimed. */
  claimed_for_ms?: number;
  /** The same by unit, for claims of other media types than voice. */
  digital_claimed_for_ms?: Record<string, number>;
  /** How many more interactions the agent can take now, by media type; only for those who take more than voice. */
  room?: Partial<Record<Media, number>>;
  facets: WireFacets;
}

export interface ClaimAnswer {
  claim_id: string;
  call_id: string;
  agent_id: string;
  queue: string;
  /** The unit of the agent's capacity that it takes, e.g. `chat-2`; absent: the one for voice. */
  unit?: string;
  state: Claim['state'];
  fence: number;
  /** Ms by the clock of the shard that granted. */
  until: number;
  /** Ms from the answer; 0 when it holds nobody any more. */
  expires_in_ms: number;
  /** False if no replica has acknowledged the claim: a failover of its shard could forget it. */
  replicated?: boolean;
  /** Who granted it: the agent's home, or, under policy `verify`, a region that could not reach it. */
  authority: { region: string; mode: 'home' | 'verified' };
  agent: AgentAnswer;
}

/** Why an agent was or was not taken. */
export interface Explanation {
  agent_id: string;
  obstacle?: Obstacle;
  arrival_ms: number;
  parts: {
    available_since: number;
    tenure_bonus_ms: number;
    proficiency_bonus_ms: number;
    fairness_penalty_ms: number;
  };
}

/** How old what is known of an agent is. */
export interface Age {
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
  const room = facets.profile?.capacity && roomOf(record, storeMs);
  const own = statusOf({ ...facets, ...(claim && { claim }) }, storeMs);
  // A claim of another media type can keep a call away, too.
  const isBarred = own.status === 'AVAILABLE' && room?.voice === 0;
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
    ...(room && { room }),
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
export function answerClaim(claim: Claim, agent: AgentAnswer, leftMs: number, replicated?: boolean): ClaimAnswer {
  return {
    claim_id: claimIdOf({ ...claim, agentId: agent.agent_id }),
    call_id: claim.callId,
    agent_id: agent.agent_id,
    queue: claim.queue,
    ...unitIn(claim),
    state: claim.state,
    fence: claim.fence,
    until: claim.untilMs,
    expires_in_ms: claim.state === 'ENDED' ? 0 : Math.max(0, Math.round(leftMs)),
    ...(replicated !== undefined && { replicated }),
    authority: { region: grantedBy(agent, claim), mode: claim.by === undefined ? 'home' : 'verified' },
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
