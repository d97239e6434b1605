import type { AgentEvent } from '../agent/event.ts';
import type { Claim } from '../agent/facets.ts';
import type { AgentRecord } from '../cache/record.ts';
import type { Region } from './region.ts';

/**
 * Tells the other regions of a claim's state, off the caller's path. What is lost here costs them a refused question, never
 * a second grant: where the home can be asked, its record decides; in its stead, what the platform knows.
 */
export function publishClaim(region: Region, agentId: string, record: AgentRecord): void {
  const { config, ingest, store, log } = region;
  if (!record.facets.claim) return;
  const claim: Claim = { ...record.facets.claim, remainingMs: Math.max(0, Math.round(record.lockMs - store.nowMs())) };
  const event: AgentEvent = {
    eventId: `claim/${agentId}/${claim.fence}/${claim.state}/${claim.untilMs}`.slice(-200),
    agentId,
    timestampMs: store.nowMs(),
    region: config.region,
    source: 'claim',
    facets: { claim },
  };
  ingest.publish(event, record).catch((error) => {
    log.warn({ err: error, agent: agentId }, 'a claim was not published; other regions learn of it when they ask');
  });
}
