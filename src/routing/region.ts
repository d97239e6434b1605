import { setTimeout as pause } from 'node:timers/promises';
import type { WrapUp } from '../agent/claim.ts';
import { type Claim, claimsOf, type Facets } from '../agent/facets.ts';
import { availableSince, lockOf, roomOf, statusOf, VOICE, virtualArrival } from '../agent/status.ts';
import { readFacets, writeFacets } from '../agent/wire.ts';
import type { Config } from '../config/schema.ts';
import { connectionOf, GLOBAL_QUEUE, homesIn, MAIN_DOMAIN } from '../config/topology.ts';
import type { AgentAnswer, Explanation } from '../contract/agents.ts';
import type { ClaimIds, ClaimName } from '../contract/claim-ids.ts';
import type { ClaimAnswer } from '../contract/claims.ts';
import type { Audit } from '../ops/audit.ts';
import type { Clock } from '../ops/clock.ts';
import type { AgeTold, History } from '../ops/history.ts';
import type { Log } from '../ops/log.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { PlatformReader } from '../platforms/platform.ts';
import type { AgentRecord } from '../store/agent-record.ts';
import type { Calls, Considered, PassOver, Queues } from '../store/queues.ts';
import { type Agents, type Changes, type KeptAnswers, ShardUnavailable } from '../store/store.ts';
import { NotReplicated } from '../store/written.ts';
import type { Ingest } from '../sync/flow/ingest.ts';
import type { SetAside } from '../sync/flow/set-aside.ts';
import type { Freshness } from '../sync/freshness/freshness.ts';
import type { Positions } from '../sync/freshness/positions.ts';
import type { RetrySlots } from './claims/retry-slots.ts';
import type { Peers } from './peers/peers.ts';
import type { ReadThrough } from './read-through/read-through.ts';
import { Refusal } from './refusal.ts';

const NO_WRAP_UP: WrapUp = { rule: 'none', seconds: 0 };

/** The parts of an instance that routing needs. */
export interface Region {
  config: Config;
  agents: Agents;
  queues: Queues;
  calls: Calls;
  changes: Changes;
  keptAnswers: KeptAnswers;
  peers: Peers;
  freshness: Freshness;
  readThrough: ReadThrough;
  /** Platform readers by connection. */
  platforms: ReadonlyMap<string, PlatformReader>;
  retrySlots: RetrySlots;
  claimIds: ClaimIds;
  positions: Positions;
  ingest: Ingest;
  setAside: SetAside;
  /** The store's clock. Locks are compared with it. */
  store: { nowMs(): number };
  clock: Clock;
  log: Log;
  metrics: Metrics;
  /** Undefined if no history is kept. */
  history: History | undefined;
  audit: Audit;
}

/** A queue that requests can name. */
export interface Queue {
  id: string;
  domain: string;
  wrapUp: WrapUp;
}

/** Finds the queue with this id: a virtual queue, a queue of a configured connection, or `global`. */
export function findQueue(config: Config, id: string): Queue | undefined {
  const { queues } = config;
  const virtual = Object.hasOwn(queues, id) ? queues[id] : undefined;
  if (virtual) return { id, domain: virtual.domain, wrapUp: virtual.wrapUp };
  if (id === GLOBAL_QUEUE) return { id, domain: MAIN_DOMAIN, wrapUp: NO_WRAP_UP };
  const connection = connectionOf(config, id);
  return connection && { id, domain: connection.domain, wrapUp: NO_WRAP_UP };
}

/** @throws Refusal `unknown_queue` */
export function queueNamed({ config }: Region, id: string): Queue {
  const queue = findQueue(config, id);
  if (!queue) throw new Refusal('unknown_queue', `"${id}" is not a virtual queue, and no connection has its prefix`);
  return queue;
}

/**
 * Reads a claim id, after checking that it proves a grant. Counts ids that do not.
 * @throws Refusal `unknown_claim`
 */
export function provenClaim({ claimIds, metrics }: Pick<Region, 'claimIds' | 'metrics'>, claimId: string): ClaimName {
  const name = claimIds.prove(claimId);
  if (name) return name;
  metrics.unprovenClaimIds.inc();
  throw new Refusal('unknown_claim', `the claim id "${claimId}" does not prove that a region granted it`);
}

/** The stale homes. Their agents are passed over, because they may have been claimed or gone since. */
export function staleHomes({ config, freshness }: Region): PassOver {
  const passOver: PassOver = new Map();
  for (const name of Object.keys(config.regions)) {
    if (name !== config.region && freshness.region(name).state === 'stale') passOver.set(name, 'stale');
  }
  return passOver;
}

/**
 * The suspect homes, with those of `unusable` left out. Their agents are offered only after all others.
 * @param unusable homes that are passed over anyway
 */
export function suspectHomes({ config, freshness }: Region, unusable: PassOver): PassOver {
  const suspects: PassOver = new Map();
  for (const name of Object.keys(config.regions)) {
    if (!unusable.has(name) && freshness.region(name).state === 'suspect') suspects.set(name, 'stale');
  }
  return suspects;
}

/**
 * The homes whose data of a domain, as of now, are from before a moment. A caller's `max_age_ms` excludes them.
 * @param notBeforeMs monotonic ms
 */
export function homesBefore({ config, clock, freshness }: Region, domain: string, notBeforeMs: number): PassOver {
  const passOver: PassOver = new Map();
  const nowMs = clock.monotonicMs();
  for (const name of Object.keys(config.regions)) {
    if (nowMs - freshness.domain(name, domain).ageMs < notBeforeMs) passOver.set(name, 'stale');
  }
  return passOver;
}

/** Whether the last word about an agent is from before a moment, in monotonic ms. It never is if the agent is homed here. */
export function isBefore({ clock, freshness }: Region, home: string, agentId: string, notBeforeMs: number): boolean {
  const nowMs = clock.monotonicMs();
  return nowMs - freshness.wordAgeMs(home, agentId) < notBeforeMs;
}

/** Age in ms of the last word that an answer about an agent rests on; null: there is none. */
export function wordAgeOf({ age_ms, confirmed_ms_ago }: AgentAnswer): number | null {
  if (confirmed_ms_ago === undefined || age_ms === null) return confirmed_ms_ago ?? age_ms;
  return Math.min(age_ms, confirmed_ms_ago);
}

/** Age in ms of the oldest data of the homes whose agents a domain can have; null if nothing is known from one of them. */
export function oldestDataMs({ config, freshness }: Region, domain: string): number | null {
  const ages = [...homesIn(config, domain)].map((home) => freshness.domain(home, domain).ageMs);
  return inAnswer(Math.max(0, ...ages));
}

/** An age as answers have it: whole ms; null: nothing is known. */
export const inAnswer = (ageMs: number): number | null => (Number.isFinite(ageMs) ? Math.round(ageMs) : null);

/** Builds the API answer for an agent: its state, the age of the information, and the agent's home. */
export function buildAgentAnswer(region: Region, agentId: string, record: AgentRecord): AgentAnswer {
  const { freshness, store } = region;
  const { ageMs, state } = freshness.agent(record.home, agentId);
  const confirmedMsAgo = freshness.confirmedMsAgo(agentId);
  const stale = state === 'stale' && confirmedMsAgo === undefined;
  return toAgentAnswer(agentId, record, { ageMs, stale, confirmedMsAgo }, store.nowMs());
}

/** Builds the API answer for an agent and records it in the history, so that `muster verify` can judge it. */
export function buildAndRecordAgentAnswer(region: Region, agentId: string, record: AgentRecord): AgentAnswer {
  const answer = buildAgentAnswer(region, agentId, record);
  recordAgentAnswer(region, answer, record);
  return answer;
}

/**
 * Records an answer about an agent in the history.
 * @param told what the answer as a whole says of its age
 */
export function recordAgentAnswer(
  { history }: Region,
  answer: AgentAnswer,
  { facets }: AgentRecord,
  told: AgeTold = {},
): void {
  if (!history) return;
  const { agent_id: agent, home, age_ms: ageMs, stale, confirmed_ms_ago: vouchedMs, status } = answer;
  history.agentRead({ agent, home, ageMs, stale, vouchedMs, status, facets, ...told });
}

/** How old the information about an agent is. */
interface Age {
  /** Age in ms; Infinity if this region has never received anything from the home. */
  ageMs: number;
  stale: boolean;
  /** When the platform confirmed the state, in ms before now; undefined if the agent is not platform-verified. */
  confirmedMsAgo: number | undefined;
}

/** @param storeMs time by the store's clock, for locks */
function toAgentAnswer(agentId: string, record: AgentRecord, age: Age, storeMs: number): AgentAnswer {
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
  // A claim of another media type can use up the capacity for calls.
  const isBarred = own.status === 'AVAILABLE' && room.voice === 0;
  const { status, reason } = isBarred ? { status: 'BUSY' as const, reason: 'CLAIMED' } : own;
  return {
    agent_id: agentId,
    status,
    ...(reason && { reason }),
    home: record.home,
    age_ms: inAnswer(ageMs),
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

/** The `unit` member of answers and histories, left out for voice. */
export const unitIn = ({ unit }: { unit?: string }): { unit?: string } => (unit === undefined ? {} : { unit });

/** The region that granted a recorded claim: the home, unless the grant was delegated. */
export function grantedBy({ home }: Pick<AgentRecord, 'home'>, claim: Claim): string {
  return claim.by ?? home;
}

/**
 * Builds the API answer for a claim.
 * @param leftMs how long the claim still holds its agent, in ms
 * @param replicated whether a replica acknowledged it; left out of the answer if undefined
 */
export function buildClaimAnswer(
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
    age_ms: wordAgeOf(agent),
    agent,
  };
}

/** Reads the facets from another region's answer about an agent. All are there, each with its version. */
export function facetsOf(agent: AgentAnswer): Facets {
  const facets = readFacets(agent.facets, { at: 0, id: '' }, (ms) => ms);
  for (const claim of claimsOf(facets)) {
    const { claimed_for_ms, digital_claimed_for_ms = {} } = agent;
    claim.remainingMs = (claim.unit === undefined ? claimed_for_ms : digital_claimed_for_ms[claim.unit]) ?? 0;
  }
  return facets;
}

/**
 * Builds the explanation of a scan: every agent that it looked at, in order, with the parts of the queue position, and how old the
 * last word about the agent is.
 * @param maxAgeMs the caller's own limit of that age
 */
export function explain(region: Region, considered: Considered[], maxAgeMs = Number.POSITIVE_INFINITY): Explanation[] {
  return considered.map(({ agentId, obstacle, record }) => {
    const { arrivalMs, parts } = virtualArrival(record?.facets ?? {}, region.config.ranking);
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
      ...(record && explainAge(region, record.home, agentId, maxAgeMs)),
    };
  });
}

type ExplainedAge = Pick<Explanation, 'age_ms' | 'word_of' | 'age_limit_ms'>;

function explainAge({ config, freshness }: Region, home: string, agentId: string, maxAgeMs: number): ExplainedAge {
  if (home === config.region) return { age_ms: 0, word_of: 'here' };
  const { staleMs, confirmedMs } = config.freshness;
  const { ageMs: homesMs } = freshness.agent(home, agentId);
  const platformsMs = freshness.confirmedMsAgo(agentId) ?? Number.POSITIVE_INFINITY;
  const isPlatforms = platformsMs < homesMs;
  return {
    age_ms: inAnswer(Math.min(homesMs, platformsMs)),
    word_of: isPlatforms ? 'platform' : 'home',
    age_limit_ms: Math.min(isPlatforms ? confirmedMs : staleMs, maxAgeMs),
  };
}

/** Pause between failover retries, in ms. */
const LOOK_EVERY_MS = 100;

/**
 * Runs `work`, and again while its shard fails over or no replica acknowledges its write, until the budget is used up. A caller
 * whose budget is longer than a failover sees latency instead of a 503. `work` must be safe to repeat.
 *
 * A Refusal after an attempt that was not replicated may be a consequence of that attempt's own write, so NotReplicated is
 * thrown instead.
 * @param budgetMs time for all attempts, in ms
 * @throws ShardUnavailable, NotReplicated when the budget is used up; and what `work` throws
 */
export async function retryDuringFailover<T>(clock: Clock, budgetMs: number, work: () => Promise<T>): Promise<T> {
  const untilMs = clock.monotonicMs() + budgetMs;
  let unknown: NotReplicated | undefined;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof NotReplicated) unknown = error;
      if (unknown && error instanceof Refusal) throw unknown;
      const mayPass = error instanceof ShardUnavailable || error instanceof NotReplicated;
      if (!mayPass || clock.monotonicMs() + LOOK_EVERY_MS > untilMs) throw error;
      await pause(LOOK_EVERY_MS);
    }
  }
}
