import type { PlatformSettlement } from '../agent/claim.ts';
import { connectionNameOf } from '../config/topology.ts';
import type { ClaimAnswer } from '../contract/claims.ts';
import { unitIn } from './answers.ts';
import type { Region } from './region.ts';

/**
 * Writes into the audit that the platform's own word moved a claim on. Where it had come so far already nothing was
 * written to the store, nor is it here: several instances hear the same word.
 */
export function recordPlatform({ config, audit }: Region, op: PlatformSettlement, settled: ClaimAnswer): void {
  if (settled.replicated === undefined) return;
  const { agent_id: agent, call_id: call, claim_id: claim, queue, fence } = settled;
  const who = { platform: connectionNameOf(config, agent) ?? null };
  audit.record({ op, who, outcome: 'ok', agent, call, queue, claim, fence, ...unitIn(settled) });
}
