import type { Claim } from '../../agent/facets.ts';
import type { AgentRecord } from '../../store/agent-record.ts';
import type { Region } from '../region.ts';
import { unitIn } from '../region.ts';
import { publishClaim } from './grant.ts';

/** Writes down that the time of a claim was over: nobody's act, so the region itself is named for it. */
export function auditLapse({ config, audit, claimIds }: Region, agentId: string, claim: Claim): void {
  const { fence, callId: call, queue } = claim;
  const id = claimIds.sign({ ...claim, agentId, region: config.region });
  const which = { agent: agentId, call, queue, fence, claim: id, ...unitIn(claim) };
  audit.record({ op: 'lapse', who: { muster: config.region }, outcome: 'ok', end_reason: 'lapsed', ...which });
}

/**
 * Tells of a claim that had lapsed and whose unit another call was granted before anybody had ended it: it is in no record
 * any more, so whoever looks after lapses does not find it.
 * @param mayBeLost no replica has it: a failover takes it, and then it is told again
 */
export function reportLapse(
  region: Region,
  agentId: string,
  record: AgentRecord,
  claim: Claim,
  mayBeLost: boolean,
): void {
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
  publishClaim(region, agentId, record, claim);
}
