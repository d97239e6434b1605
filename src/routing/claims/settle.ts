import type { Settlement } from '../../agent/claim.ts';
import type { Claim } from '../../agent/facets.ts';
import { claimOn, lockOf, VOICE } from '../../agent/status.ts';
import { homeOfAgent } from '../../config/topology.ts';
import type { ClaimName } from '../../contract/claim-ids.ts';
import type { ClaimAnswer } from '../../contract/claims.ts';
import type { AgentRecord } from '../../store/agent-record.ts';
import { isDurableEnough, NotReplicated } from '../../store/written.ts';
import type { HomeAnswer } from '../peers/home.ts';
import { Refusal } from '../refusal.ts';
import {
  buildAgentAnswer,
  buildClaimAnswer,
  facetsOf,
  inAnswer,
  provenClaim,
  type Region,
  retryDuringFailover,
} from '../region.ts';
import { notHome } from './claim.ts';
import { ageSinceAsked, homeDisputed, mustBeReplicated, updateLocalCopy } from './grant.ts';
import { isOther, settleHere, unknownClaim } from './settle-here.ts';

/** Default of `budgetMs`. */
const DEADLINE_MS = 1500;
/** Attempts to have a record acknowledged that changes meanwhile. */
const MAX_ROUNDS = 8;

interface SettleOptions {
  /** Time for a failover retry and for another region's answer, in ms. */
  budgetMs?: number;
  /** The region that asks on behalf of its caller. The request is not forwarded then. */
  askedBy?: string | undefined;
}

/**
 * Confirms, renews, releases or completes a claim, at its agent's home or in the region that granted it.
 * @throws Refusal, ShardUnavailable; NotReplicated if no replica acknowledged the write and `claims.replication` is `refuse`
 */
export async function settle(
  region: Region,
  claimId: string,
  settlement: Settlement,
  { budgetMs = DEADLINE_MS, askedBy }: SettleOptions = {},
): Promise<ClaimAnswer> {
  const name = provenClaim(region, claimId);
  const untilMs = region.clock.monotonicMs() + budgetMs;
  return retryDuringFailover(region.clock, budgetMs, async () => {
    const where = await whereToSettle(region, name);
    if ('record' in where) return settleOwn(region, name, settlement, where.record);
    if (askedBy !== undefined) throw notHome(region, name.agentId, where.region);
    const askedMs = region.clock.monotonicMs();
    const leftMs = Math.max(1, untilMs - askedMs);
    const answer = await region.peers.settle(where.region, claimId, settlement, leftMs);
    return readAnswer(region, where.region, answer, askedMs);
  });
}

/**
 * Settles in this region's store. Under `claims.replication: refuse`, a rejection must be replicated, too: if a failover loses
 * the end of a claim, the claim is live again, and its caller must not have been told that it has ended.
 */
async function settleOwn(
  region: Region,
  name: ClaimName,
  settlement: Settlement,
  record: AgentRecord,
): Promise<ClaimAnswer> {
  try {
    return (await settleHere(region, name, settlement, record)).claim;
  } catch (error) {
    const isUnsure = error instanceof Refusal && region.config.claims.replication === 'refuse';
    if (isUnsure && !(await isHeldByReplica(region, name.agentId))) throw new NotReplicated();
    throw error;
  }
}

/** Whether a replica has the agent's current record. */
async function isHeldByReplica({ agents }: Region, agentId: string): Promise<boolean> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const record = await agents.get(agentId);
    if (!record) return true;
    const affirmed = await agents.affirm(agentId, record, 'claims');
    if (affirmed.kind === 'settled') return isDurableEnough(affirmed.written, 'refuse');
  }
  return false;
}

/** The agent's record if this region settles the claim; else the region that does. @throws as `settle` */
async function whereToSettle(region: Region, name: ClaimName): Promise<{ record: AgentRecord } | { region: string }> {
  const { config, agents, peers } = region;
  const { agentId, fence, by, unit = VOICE } = name;
  let record = await agents.recall(agentId);
  // The cached record may be older than the grant. Only the store knows whether a lock was lost.
  const known = record && claimOn(record.facets, unit);
  if (!known || known.fence < fence || isOther(known, name)) record = await agents.get(agentId);
  const home = record?.home ?? homeOfAgent(config, agentId) ?? name.region;
  const isOurs = by === config.region && record && (claimOn(record.facets, unit)?.fence ?? 0) >= fence;
  if (record && (home === config.region || isOurs)) return { record };
  if (home === config.region) throw unknownClaim(region, name);
  // Prefer the region of a delegated grant, which has the whole claim; fall back to the home.
  const knowsMost = by !== undefined && by !== config.region && peers.isReachable(by);
  return { region: knowsMost ? by : home };
}

/** Turns another region's answer to a settlement, asked at `askedMs`, into this region's. @throws Refusal, NotReplicated */
async function readAnswer(region: Region, other: string, answer: HomeAnswer, askedMs: number): Promise<ClaimAnswer> {
  if (answer.kind === 'granted') {
    mustBeReplicated(region, answer.claim);
    await updateLocalCopy(region, answer.claim.agent_id, facetsOf(answer.claim.agent));
    return { ...answer.claim, age_ms: inAnswer(ageSinceAsked(answer.claim, region.clock.monotonicMs() - askedMs)) };
  }
  if (answer.kind === 'problem') {
    if (answer.code === 'not_replicated') throw new NotReplicated();
    if (isFinal(answer.code)) throw new Refusal(answer.code, answer.detail);
    if (answer.code === 'not_home') throw homeDisputed(region, other, answer.home);
  }
  const code = answer.kind === 'unreachable' ? 'home_unreachable' : 'outcome_unknown';
  throw new Refusal(code, `no answer from ${other}; it is safe to repeat the request`);
}

const FINAL_CODES = ['unknown_claim', 'fence_superseded', 'claim_ended'] as const;

/** Whether a repetition cannot change the home's answer. Every other problem means that it could not settle now. */
function isFinal(code: string): code is (typeof FINAL_CODES)[number] {
  return (FINAL_CODES as readonly string[]).includes(code);
}

/** Gets a claim as this region knows it. @throws Refusal `unknown_claim`, ShardUnavailable */
export async function getClaim(region: Region, claimId: string): Promise<ClaimAnswer> {
  const { region: _, ...name } = provenClaim(region, claimId);
  const { agentId, ...version } = name;
  const { fence, unit = VOICE } = version;
  const record = await region.agents.get(agentId);
  const latest = record && claimOn(record.facets, unit);
  if (!record || !latest || fence > latest.fence) throw unknownClaim(region, provenClaim(region, claimId));
  const agent = buildAgentAnswer(region, agentId, record);
  if (fence === latest.fence && !isOther(latest, version)) {
    return buildClaimAnswer(region.claimIds, latest, agent, lockOf(record, unit) - region.store.nowMs());
  }
  const { completedAtMs } = latest;
  const over: Claim = { ...version, state: 'ENDED', untilMs: 0, callId: '', queue: '', completedAtMs };
  return buildClaimAnswer(region.claimIds, over, agent, 0);
}
