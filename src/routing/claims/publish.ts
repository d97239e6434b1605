import type { AgentEvent } from '../../agent/event.ts';
import { type Claim, claimFacet } from '../../agent/facets.ts';
import { type AgentRecord, lockOf } from '../../store/record/record.ts';
import { ShardUnavailable } from '../../store/redis/errors.ts';
import type { Region } from '../region.ts';

/**
 * Tells the other regions of a claim's state, off the caller's path. What is lost here costs them a refused question, never
 * a second grant: where the home can be asked, its record decides; in its stead, what the platform knows.
 * @param record the agent's, as it is now
 */
export function publishClaim(region: Region, agentId: string, record: AgentRecord, held: Claim): void {
  const { config, ingest, store, log } = region;
  const claim: Claim = { ...held, remainingMs: Math.max(0, Math.round(lockOf(record, held.unit) - store.nowMs())) };
  const event: AgentEvent = {
    eventId: `claim/${agentId}/${claim.fence}/${claim.state}/${claim.untilMs}`.slice(-200),
    agentId,
    timestampMs: store.nowMs(),
    region: config.region,
    source: 'claim',
    facets: claimFacet(claim),
  };
  ingest.publish(event, record).catch((error) => {
    // Of a shard that is away, one line has told already.
    const level = error instanceof ShardUnavailable ? 'debug' : 'warn';
    log[level]('claim_not_published', { err: error, agent: agentId });
  });
}
