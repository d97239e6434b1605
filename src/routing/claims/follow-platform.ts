import { type Due, type PlatformSettlement, settlementsDue } from '../../agent/claim.ts';
import type { Claim } from '../../agent/facets.ts';
import type { AgentEvent } from '../../agent/wire.ts';
import { connectionNameOf } from '../../config/topology.ts';
import type { ClaimName } from '../../contract/claim-ids.ts';
import type { AgentRecord } from '../../store/agent-record.ts';
import { Refusal } from '../refusal.ts';
import type { Region } from '../region.ts';
import { grantedBy, unitIn } from '../region.ts';
import { pairingRulesOf, settleHere } from './settle-here.ts';

/**
 * Settles claims by what the platform reports about interactions: an answered call confirms its claim, an ended one completes it.
 * Only the region that granted a claim does this: the agent's home, or the region of a delegated grant.
 * @throws ShardUnavailable; NotReplicated if no replica acknowledged the write and `claims.replication` is `refuse`
 */
export async function followPlatform(region: Region, event: AgentEvent, record: AgentRecord): Promise<void> {
  const pairing = pairingRulesOf(region, event.agentId);
  for (const due of settlementsDue(event.facets, record.facets, pairing)) {
    if ((due.claim.by ?? record.home) === region.config.region) await follow(region, event.agentId, record, due);
  }
}

async function follow(region: Region, agentId: string, record: AgentRecord, { claim, settlement }: Due): Promise<void> {
  const name = { ...claim, agentId, region: grantedBy(record, claim) };
  // Several instances can get the same report. Only the one that changes the claim writes the audit record.
  const moved = (now: Claim) => audit(region, settlement, name, now);
  try {
    await settleHere(region, name, settlement, record, { isPlatform: true, moved });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error; // The claim was settled meanwhile.
  }
}

function audit({ audit, claimIds, config }: Region, op: PlatformSettlement, name: ClaimName, now: Claim): void {
  const { agentId: agent } = name;
  const { callId: call, queue, fence, endReason } = now;
  const who = { platform: connectionNameOf(config, agent) ?? null };
  const end = endReason === undefined ? {} : { end_reason: endReason };
  const which = { agent, call, claim: claimIds.sign(name), queue, fence, ...unitIn(now) };
  audit.record({ op, who, outcome: 'ok', ...which, ...end });
}
