import {
  type Circumstances,
  completionTime,
  nextMove as decide,
  type Move,
  type OwnSettlement,
  type PlatformSettlement,
  type Settlement,
  UNSEEN_MS,
  type WrapUp,
} from '../../agent/claim.ts';
import type { Claim } from '../../agent/facets.ts';
import { whyNotRestored } from '../../agent/lost-claim.ts';
import type { PairingRules } from '../../agent/pairing.ts';
import { claimOn, lockOf, VOICE } from '../../agent/status.ts';
import { connectionOf } from '../../config/topology.ts';
import type { ClaimName } from '../../contract/claim-ids.ts';
import type { ClaimAnswer } from '../../contract/claims.ts';
import type { AgentRecord } from '../../store/agent-record.ts';
import type { Settled } from '../../store/store.ts';
import { ShardUnavailable } from '../../store/store.ts';
import { checkDurability, mayBeLost } from '../../store/written.ts';
import { Refusal } from '../refusal.ts';
import { buildAgentAnswer, buildClaimAnswer, findQueue, type Region, unitIn } from '../region.ts';

const DEADLINE_MS = 1500;
const MAX_ROUNDS = 16;

/** Settlements of callers, of platforms, and of Muster itself. */
type AnySettlement = Settlement | PlatformSettlement | OwnSettlement;

/** Options of a settlement in the region that settles it. */
interface Manner {
  /** Whether a platform's report settles the claim, not a caller. */
  isPlatform?: boolean;
  /** The claim that the call keeps, if it had two. */
  supersededBy?: { agentId: string; fence: number };
  /** Called when the store has changed the claim, before a replica has acknowledged it. */
  moved?(claim: Claim): void;
}

interface SettledClaim {
  claim: ClaimAnswer;
  /** False if the claim was in that state already. */
  isMoved: boolean;
}

/**
 * Settles a claim in this region's store. A settlement that was done before is written again, so that a replica can
 * acknowledge it: no answer comes from an instance's memory alone.
 * @param known the record as last read; it may be outdated
 * @throws Refusal, ShardUnavailable; NotReplicated if no replica acknowledged the write and `claims.replication` is `refuse`
 */
export async function settleHere(
  region: Region,
  name: ClaimName,
  settlement: AnySettlement,
  known: AgentRecord,
  manner: Manner = {},
): Promise<SettledClaim> {
  const { agents, clock } = region;
  const { agentId, fence, unit = VOICE } = name;
  let record = known;
  let isFresh = false;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const startedMs = clock.monotonicMs();
    const next = decideOn(region, name, settlement, record, manner);
    if (next.kind === 'rejected') {
      // Reject only by the stored record: a failover may have undone what this instance remembers.
      const stored = isFresh ? undefined : await agents.get(agentId);
      if (!stored) throw rejection(region, settlement, name, next.code, startedMs);
      record = stored;
      isFresh = true;
      continue;
    }
    const settled = await carryOut(region, name, next, record, manner).catch((error) => {
      recordUnsettled(region, settlement, name, 'outcome_unknown', startedMs);
      throw error;
    });
    if (settled.kind === 'fenced') throw rejection(region, settlement, name, 'fence_superseded', startedMs);
    if (settled.kind === 'settled') return answer(region, { name, settlement, next, startedMs, manner }, settled);
    if (!settled.record) throw unknownClaim(region, name);
    record = settled.record;
    isFresh = true;
  }
  throw new ShardUnavailable(`agent ${agentId} changes faster than the claim ${fence} on ${unit} can be settled`);
}

type Next =
  | { kind: 'move'; claim: Claim; move: Move }
  | { kind: 'done'; claim: Claim }
  | { kind: 'rejected'; code: 'claim_ended' | 'fence_superseded' };

function decideOn(
  region: Region,
  name: ClaimName,
  settlement: AnySettlement,
  record: AgentRecord,
  { isPlatform = false }: Manner,
): Next {
  const { agentId, unit = VOICE } = name;
  if (isOther(claimOn(record.facets, unit), name)) return { kind: 'rejected', code: 'fence_superseded' };
  const claim = claimToSettle(region, record, name, settlement);
  const move = decide(claim, settlement, circumstancesOf(region, agentId, record, claim, isPlatform));
  if (move === 'over') return { kind: 'rejected', code: 'claim_ended' };
  return move === 'done' ? { kind: 'done', claim } : { kind: 'move', claim, move };
}

function carryOut(
  { agents }: Region,
  { agentId, fence, unit = VOICE }: ClaimName,
  next: Exclude<Next, { kind: 'rejected' }>,
  record: AgentRecord,
  { supersededBy }: Manner,
): Promise<Settled> {
  if (next.kind === 'done') return agents.affirm(agentId, record, 'claims');
  const { callId, queue, by } = next.claim;
  const request = { agentId, unit, fence, callId, queue, by, move: next.move, ...(supersededBy && { supersededBy }) };
  return agents.settle(request, record, DEADLINE_MS);
}

interface Done {
  name: ClaimName;
  settlement: AnySettlement;
  next: Exclude<Next, { kind: 'rejected' }>;
  startedMs: number;
  manner: Manner;
}

/** Reports the settlement to metrics, history and the other regions, and builds its answer. @throws NotReplicated */
function answer(region: Region, done: Done, { written }: Extract<Settled, { kind: 'settled' }>): SettledClaim {
  const { name, settlement, next } = done;
  const { agentId, unit = VOICE } = name;
  // Other regions may get a state that a failover here loses; the agent's home corrects it.
  const now = written.evenIfLost();
  const claim = claimOn(now.facets, unit) as Claim;
  if (next.kind === 'move') {
    region.metrics.settlements.inc({ settlement, outcome: 'ok' });
    done.manner.moved?.(claim);
    if (claim.endReason && !next.claim.endReason) region.metrics.claimEnds.inc({ reason: claim.endReason });
    // The agent could not take the call, so the stored state is wrong: ask the platform.
    if (settlement === 'refused') void region.readThrough.ask([agentId], DEADLINE_MS);
  }
  const isKept = settlement === 'confirm' || settlement === 'renew';
  // In the history, an end counts even if the caller gets an error, but a prolonged claim only if the caller gets the answer.
  // Muster's own settlements have no caller; if a failover loses one, it is done again.
  const isOwn = settlement === 'lapse' || settlement === 'supersede';
  const isUnsure = isOwn && mayBeLost(written);
  if (!isKept && (!isOwn || next.kind === 'move')) recordEnd(region, done, claim, isUnsure);
  const { value: record, replicated } = checkDurability(written, isOwn ? 'grant' : region.config.claims.replication);
  if (isKept && next.kind === 'move') recordKept(region, done, claim, next.move.lockMs);
  const leftMs = next.kind === 'move' ? next.move.lockMs : lockOf(record, unit) - region.store.nowMs();
  const agent = buildAgentAnswer(region, agentId, record);
  return {
    claim: buildClaimAnswer(region.claimIds, claim, agent, leftMs, replicated),
    isMoved: next.kind === 'move',
  };
}

function recordKept(
  { history, clock }: Region,
  { name, settlement, startedMs }: Done,
  claim: Claim,
  lockMs: number,
): void {
  const { callId, fence, untilMs } = claim;
  const op = settlement as 'confirm' | 'renew';
  const heldMs = lockMs - (clock.monotonicMs() - startedMs);
  history?.settled({ op, call: callId, agent: name.agentId, fence, ...unitIn(claim), untilMs, startedMs, heldMs });
}

function recordEnd({ history }: Region, { name, settlement, startedMs }: Done, claim: Claim, isUnsure: boolean): void {
  const { callId, fence, untilMs, state } = claim;
  const base = { call: callId, agent: name.agentId, fence, ...unitIn(claim), untilMs, startedMs };
  history?.settled({ ...base, op: opOf(settlement), state, mayBeLost: isUnsure });
}

/** The settlement as named in a history, where a missed or declined call is a release. */
function opOf(settlement: AnySettlement): 'release' | 'complete' | 'lapse' | 'supersede' {
  const isOwn = settlement === 'complete' || settlement === 'lapse' || settlement === 'supersede';
  return isOwn ? settlement : 'release';
}

/** Whether the recorded claim has the same fence but another granting region: this one lost a claim conflict against it. */
export function isOther(claim: Claim | undefined, { fence, by }: Pick<ClaimName, 'fence' | 'by'>): boolean {
  return claim?.fence === fence && claim.by !== by;
}

/**
 * The claim to settle: the recorded one if its fence matches. If the record's fence is lower, a failover has lost the claim,
 * since the claim id proves that it was granted; the claim may be restored. If it is higher, the settle script rejects the
 * settlement: only the script compares fences.
 */
function claimToSettle(
  { config, store }: Region,
  record: AgentRecord,
  { fence, by, unit }: ClaimName,
  settlement: AnySettlement,
): Claim {
  const recorded = claimOn(record.facets, unit ?? VOICE);
  if (recorded?.fence === fence) return recorded;
  if (fence > (recorded?.fence ?? 0)) {
    const nowMs = store.nowMs();
    const heldForMs = recorded && recorded.state !== 'ENDED' ? lockOf(record, unit) - nowMs : 0;
    // A fence is approximately the time of its grant, in ms.
    const ground = { facets: record.facets, heldForMs, oldestFence: nowMs - config.claims.confirmedMs };
    const obstacle = whyNotRestored(settlement, { fence, unit }, ground);
    if (obstacle !== undefined) throw new Refusal('unknown_claim', obstacle);
  }
  const version = { ...(unit !== undefined && { unit }), fence, ...(by !== undefined && { by }) };
  return { ...version, state: 'HELD', untilMs: 0, callId: '', queue: '', completedAtMs: recorded?.completedAtMs ?? 0 };
}

const DETAILS = {
  claim_ended: 'the claim has ended',
  fence_superseded: 'the claim has ended, and the agent has been claimed again',
};

function rejection(
  region: Region,
  settlement: AnySettlement,
  name: ClaimName,
  code: keyof typeof DETAILS,
  startedMs: number,
): Refusal {
  region.metrics.settlements.inc({ settlement, outcome: code });
  recordUnsettled(region, settlement, name, code, startedMs);
  return new Refusal(code, DETAILS[code]);
}

function recordUnsettled(
  { history }: Region,
  settlement: AnySettlement,
  { agentId: agent, fence }: ClaimName,
  reason: string,
  startedMs: number,
): void {
  const isKept = settlement === 'confirm' || settlement === 'renew';
  const op = isKept ? settlement : opOf(settlement);
  if (op === 'lapse' || op === 'supersede') return;
  history?.settleRefused({ op, agent, fence, ...(!isKept && { since: startedMs }), reason });
}

export const unknownClaim = ({ claimIds }: Pick<Region, 'claimIds'>, name: ClaimName): Refusal =>
  new Refusal('unknown_claim', `no claim "${claimIds.sign(name)}" is known in this region`);

/** What decides about a settlement besides the claim: the config, and the platform's reports. */
function circumstancesOf(
  region: Pick<Region, 'config'>,
  agentId: string,
  { facets }: AgentRecord,
  claim: Claim,
  isPlatform: boolean,
): Circumstances {
  const pairing = pairingRulesOf(region, agentId);
  return {
    times: { heldMs: region.config.claims.heldMs, confirmedMs: pairing.confirmedMs },
    wrapUp: wrapUpOf(region, claim.queue),
    completedAt: completionTime(facets, claim, pairing),
    isPlatform,
  };
}

/**
 * Whether and how the agent's platform reports interactions. If it does, the end of the interaction ends the claim, so a
 * confirmation need not hold the agent for the longest possible call.
 */
export function pairingRulesOf({ config }: Pick<Region, 'config'>, agentId: string): PairingRules {
  const connection = connectionOf(config, agentId);
  const { confirmedMs } = config.claims;
  if (!connection || connection.platform === 'events')
    return { reportsInteractions: false, claimsBy: 'call', confirmedMs };
  return { reportsInteractions: true, claimsBy: connection.claimsBy, confirmedMs: Math.min(confirmedMs, UNSEEN_MS) };
}

function wrapUpOf({ config }: Pick<Region, 'config'>, queue: string): WrapUp {
  return findQueue(config, queue)?.wrapUp ?? { rule: 'none', seconds: 0 };
}
