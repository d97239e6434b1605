import type { Claim } from '../../agent/facets.ts';
import type { Region } from '../region.ts';
import { unitIn } from '../region.ts';

/** Adds a lapse to the audit. No caller caused it, so the record names the region. */
export function auditLapse({ config, audit, claimIds }: Region, agentId: string, claim: Claim): void {
  const { fence, callId: call, queue } = claim;
  const id = claimIds.sign({ ...claim, agentId, region: config.region });
  const which = { agent: agentId, call, queue, fence, claim: id, ...unitIn(claim) };
  audit.record({ op: 'lapse', who: { muster: config.region }, outcome: 'ok', end_reason: 'lapsed', ...which });
}

/**
 * Reports the lapse of a claim whose unit was granted to another call before the lapse was processed. The record no longer has
 * the claim, so `Lapses` cannot find it.
 * @param mayBeLost whether no replica acknowledged the write; after a failover the same lapse can be reported again
 */
export function reportLapse(region: Region, agentId: string, claim: Claim, mayBeLost: boolean): void {
  const { metrics, history, clock } = region;
  metrics.settlements.inc({ settlement: 'lapse', outcome: 'ok' });
  metrics.claimEnds.inc({ reason: 'lapsed' });
  const { callId: call, fence, untilMs, state } = claim;
  const startedMs = clock.monotonicMs();
  history?.settled({
    op: 'lapse',
    call,
    agent: agentId,
    fence,
    ...unitIn(claim),
    untilMs,
    startedMs,
    state,
    mayBeLost,
  });
  auditLapse(region, agentId, claim);
}
