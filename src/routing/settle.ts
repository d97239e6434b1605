import {
  type ClaimName,
  type ClaimTimes,
  settle as decide,
  type Move,
  type PlatformSettlement,
  type Settlement,
  UNSEEN_MS,
  type WrapUp,
} from '../agent/claim.ts';
import { completionTime, settlementsDue, type Telling } from '../agent/due.ts';
import type { AgentEvent } from '../agent/event.ts';
import type { Claim } from '../agent/facets.ts';
import { obstacleTo } from '../agent/lost-claim.ts';
import { claimOn, seenFrom, VOICE } from '../agent/units.ts';
import { ShardUnavailable } from '../cache/errors.ts';
import { type AgentRecord, lockOf } from '../cache/record.ts';
import { connectionOf, findQueue } from '../config/topology.ts';
import type { ClaimAnswer } from '../contract/claims.ts';
import { answerClaim, facetsOf, grantedBy, unitIn } from './answers.ts';
import { whileTimeLasts } from './patience.ts';
import { recordPlatform } from './platform-record.ts';
import { publishClaim } from './publish.ts';
import { Refusal } from './refusal.ts';
import { answerFor, provenClaim, type Region } from './region.ts';

const DEADLINE_MS = 1500;
const MAX_ROUNDS = 16;

/**
 * Confirms, renews, releases or completes a claim at its agent's home.
 * @param budgetMs how long a shard that is failing over, or a home that does not answer, is waited for
 * @throws Refusal, ShardUnavailable
 */
export async function settle(
  region: Region,
  claimId: string,
  settlement: Settlement,
  budgetMs = DEADLINE_MS,
): Promise<ClaimAnswer> {
  const name = provenClaim(region, claimId);
  return whileTimeLasts(region.clock, budgetMs, () => settleOnce(region, claimId, name, settlement, budgetMs));
}

async function settleOnce(
  region: Region,
  claimId: string,
  name: ClaimName,
  settlement: Settlement,
  budgetMs: number,
): Promise<ClaimAnswer> {
  const { agentId, fence, by, unit = VOICE } = name;
  let record = await region.agents.recall(agentId);
  // Another instance may have granted it since: only the store knows whether a lock was lost.
  const known = record && claimOn(record.facets, unit);
  if (!known || known.fence < fence || isOther(known, name)) record = await region.agents.get(agentId);
  if (!record) throw unknownClaim(claimId);
  const isOurs = by === region.config.region && (claimOn(record.facets, unit)?.fence ?? 0) >= fence;
  if (record.home !== region.config.region && !isOurs) {
    // Who granted in the home's stead knows most of the claim; the home knows enough.
    const knowsMost = by !== undefined && by !== region.config.region && region.peers.isReachable(by);
    return settleAt(region, claimId, settlement, knowsMost ? by : record.home, budgetMs);
  }
  return settleHere(region, name, settlement, record);
}

/** The claim as known here. @throws Refusal `unknown_claim`, ShardUnavailable */
export async function getClaim(region: Region, claimId: string): Promise<ClaimAnswer> {
  const { agentId, region: _, ...version } = provenClaim(region, claimId);
  const { fence, unit = VOICE } = version;
  const record = await region.agents.get(agentId);
  const nowMs = region.store.nowMs();
  const latest = record && claimOn(record.facets, unit);
  if (!record || !latest || fence > latest.fence) throw unknownClaim(claimId);
  if (fence === latest.fence && !isOther(latest, version)) {
    return answerClaim(region.claimIds, latest, answerFor(region, agentId, record), lockOf(record, unit) - nowMs);
  }
  const { completedAtMs } = latest;
  const over: Claim = { ...version, state: 'ENDED', untilMs: 0, callId: '', queue: '', completedAtMs };
  return answerClaim(region.claimIds, over, answerFor(region, agentId, record), 0);
}

/**
 * Follows the platform's own word on an interaction, at the agent's home, or where the claim was granted in its stead.
 * @throws ShardUnavailable
 */
export async function followPlatform(region: Region, event: AgentEvent, record: AgentRecord): Promise<void> {
  const { claimsBy } = tellingOf(region, event.agentId);
  for (const { claim, settlement } of settlementsDue(event.facets, record.facets, claimsBy)) {
    if ((claim.by ?? record.home) !== region.config.region) continue;
    try {
      const name = { ...claim, agentId: event.agentId, region: grantedBy(record, claim) };
      const settled = await settleHere(region, name, settlement, record);
      recordPlatform(region, settlement, settled);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error; // refused: the claim had moved on by itself
    }
  }
}

async function settleAt(
  region: Region,
  claimId: string,
  settlement: Settlement,
  other: string,
  budgetMs: number,
): Promise<ClaimAnswer> {
  const answer = await region.peers.settle(other, claimId, settlement, budgetMs);
  if (answer.kind === 'granted') {
    await region.agents.apply(answer.claim.agent_id, facetsOf(answer.claim.agent));
    return answer.claim;
  }
  if (answer.kind === 'refused' && isSettlementRefusal(answer.code)) throw new Refusal(answer.code, answer.detail);
  const code = answer.kind === 'unreachable' ? 'home_unreachable' : 'outcome_unknown';
  throw new Refusal(code, `${other} did not answer; ask again, it is safe`);
}

async function settleHere(
  region: Region,
  name: ClaimName,
  settlement: Settlement | PlatformSettlement,
  known: AgentRecord,
): Promise<ClaimAnswer> {
  const { agentId, fence, unit = VOICE } = name;
  let record = known;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const startedMs = region.clock.monotonicMs();
    if (isOther(claimOn(record.facets, unit), name))
      throw refuse(region, settlement, agentId, fence, 'fence_superseded');
    const claim = claimToSettle(region, record, name, settlement);
    const telling = tellingOf(region, agentId);
    const completedAt = completionTime({ ...seenFrom(record.facets, unit), claim }, telling);
    const move = decide(claim.state, settlement, timesFor(region, telling), wrapUpOf(region, claim.queue), completedAt);
    if (move === 'over') throw refuse(region, settlement, agentId, fence, 'claim_ended');
    if (move === 'done') {
      return answerClaim(
        region.claimIds,
        claim,
        answerFor(region, agentId, record),
        lockOf(record, unit) - region.store.nowMs(),
      );
    }
    const request = { agentId, unit, fence, callId: claim.callId, queue: claim.queue, by: claim.by, move };
    const settled = await region.agents.settle(request, record, DEADLINE_MS);
    if (settled.kind === 'fenced') throw refuse(region, settlement, agentId, fence, 'fence_superseded');
    if (settled.kind === 'settled') {
      return carriedOut(region, name, settlement, move, settled.record, startedMs, settled.replicated);
    }
    if (!settled.record) throw unknownClaim(region.claimIds.sign(name));
    record = settled.record;
  }
  throw new ShardUnavailable(`agent ${agentId} changes faster than its claim can be settled`);
}

/** Whether the claim on record has the fence of this one and is another region's: the order of claims has decided for it. */
function isOther(claim: Claim | undefined, { fence, by }: Pick<ClaimName, 'fence' | 'by'>): boolean {
  return claim?.fence === fence && claim.by !== by;
}

/**
 * The claim as recorded. Where the record is older than the fence, its lock was lost in a failover, which an id that was
 * proven shows, and it may be made again; where it is newer, the script refuses: fences are compared there, nowhere else.
 */
function claimToSettle(
  { config, store }: Region,
  record: AgentRecord,
  { fence, by, unit }: ClaimName,
  settlement: Settlement | PlatformSettlement,
): Claim {
  const recorded = claimOn(record.facets, unit ?? VOICE);
  if (recorded?.fence === fence) return recorded;
  if (fence > (recorded?.fence ?? 0)) {
    const nowMs = store.nowMs();
    const heldForMs = recorded && recorded.state !== 'ENDED' ? lockOf(record, unit) - nowMs : 0;
    // Fences are about the time of their grant in ms.
    const ground = { facets: record.facets, heldForMs, oldestFence: nowMs - config.claims.confirmedMs };
    const obstacle = obstacleTo(settlement, { fence, unit }, ground);
    if (obstacle !== undefined) throw new Refusal('unknown_claim', obstacle);
  }
  const version = { ...(unit !== undefined && { unit }), fence, ...(by !== undefined && { by }) };
  return { ...version, state: 'HELD', untilMs: 0, callId: '', queue: '', completedAtMs: recorded?.completedAtMs ?? 0 };
}

/** What the agent's platform tells of interactions, if there is one that is read. */
function tellingOf({ config }: Region, agentId: string): Telling {
  const connection = connectionOf(config, agentId);
  if (!connection || connection.platform === 'events') return { tells: false, claimsBy: 'call' };
  return { tells: true, claimsBy: connection.claimsBy };
}

/** Where a platform tells of interactions, a confirmation need not hold the agent for as long as a call may last. */
function timesFor({ config }: Region, { tells }: Telling): ClaimTimes {
  const { heldMs, confirmedMs } = config.claims;
  return { heldMs, confirmedMs: tells ? Math.min(confirmedMs, UNSEEN_MS) : confirmedMs };
}

function wrapUpOf({ config }: Region, queue: string): WrapUp {
  return findQueue(config, queue)?.wrapUp ?? { rule: 'none', seconds: 0 };
}

function carriedOut(
  region: Region,
  { agentId, unit = VOICE }: ClaimName,
  settlement: Settlement | PlatformSettlement,
  move: Move,
  record: AgentRecord,
  startedMs: number,
  replicated: boolean,
): ClaimAnswer {
  const claim = claimOn(record.facets, unit) as Claim;
  region.metrics.settlements.inc({ settlement, outcome: 'ok' });
  publishClaim(region, agentId, record, unit);
  // What is known of the agent is wrong: the platform says what is right.
  if (settlement === 'refused') void region.readThrough.ask([agentId], DEADLINE_MS);
  const { callId, fence, untilMs } = claim;
  const base = { call: callId, agent: agentId, fence, ...unitIn(claim), untilMs, startedMs };
  if (settlement === 'confirm' || settlement === 'renew') {
    const heldMs = move.lockMs - (region.clock.monotonicMs() - startedMs);
    region.history.settled({ ...base, op: settlement, heldMs });
  } else region.history.settled({ ...base, op: opOf(settlement), state: claim.state });
  return answerClaim(region.claimIds, claim, answerFor(region, agentId, record), move.lockMs, replicated);
}

/** In a history a missed or refused call is a release: the holder gives the agent up. */
const opOf = <T extends string>(settlement: T | 'missed' | 'refused') =>
  settlement === 'missed' || settlement === 'refused' ? 'release' : (settlement as Exclude<T, 'missed' | 'refused'>);

function refuse(
  region: Region,
  settlement: Settlement | PlatformSettlement,
  agent: string,
  fence: number,
  code: 'claim_ended' | 'fence_superseded',
): Refusal {
  region.metrics.settlements.inc({ settlement, outcome: code });
  region.history.settleRefused({ op: opOf(settlement), agent, fence, reason: code });
  const detail =
    code === 'claim_ended' ? 'the claim has ended' : 'the agent has been claimed again since; this claim is over';
  return new Refusal(code, detail);
}

const SETTLEMENT_REFUSALS = ['unknown_claim', 'fence_superseded', 'claim_ended'] as const;

/** Whether a home's refusal is the caller's to hear; anything else of it says that it could not settle now. */
function isSettlementRefusal(code: string): code is (typeof SETTLEMENT_REFUSALS)[number] {
  return (SETTLEMENT_REFUSALS as readonly string[]).includes(code);
}

const unknownClaim = (claimId: string): Refusal =>
  new Refusal('unknown_claim', `no claim "${claimId}" is known in this region`);
