import { type Claim, claimFacet, type Facets } from '../../agent/facets.ts';
import { merge } from '../../agent/merge.ts';
import { statusOf } from '../../agent/status.ts';
import type { AgentEvent } from '../../agent/wire.ts';
import type { BusMessage } from '../../bus/bus.ts';
import { sealEvent } from '../../bus/envelope.ts';

/*
 * What is published of a change. The message of an event is stored with the change; that of a claim is made when it is published.
 */

/**
 * The event that tells other regions of a claim. If it is lost, another region may ask the home in vain, but never grants twice: the
 * home decides by its own record, and a delegated grant needs the platform's confirmation.
 * @param writtenMs when the claim was written
 * @param nowMs now, by the same clock: the rest of the claim counts from here
 */
export function claimEvent(agentId: string, held: Claim, region: string, writtenMs: number, nowMs: number): AgentEvent {
  const claim: Claim = { ...held, remainingMs: Math.max(0, Math.round(held.untilMs - nowMs)) };
  return {
    eventId: `claim/${agentId}/${claim.fence}/${claim.state}/${claim.untilMs}`.slice(-200),
    agentId,
    timestampMs: writtenMs,
    region,
    source: 'claim',
    facets: claimFacet(claim),
  };
}

/**
 * @param known the agent's facets, perhaps from before the claim
 * @param format that the region sends
 */
export function messageOfClaim(event: AgentEvent, known: Facets, writtenMs: number, format: number): BusMessage {
  return sealEvent(event, statusOf(merge(known, event.facets).facets, writtenMs), writtenMs, format);
}
