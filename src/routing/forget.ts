import { randomUUID } from 'node:crypto';
import { isForgotten, lastReportMs, tombstoneEvent } from '../agent/merge.ts';
import { isLocked } from '../agent/status.ts';
import { hasPlatform, homeOfAgent } from '../config/topology.ts';
import type { Accepted } from '../sync/flow/ingest.ts';
import { Refusal } from './refusal.ts';
import type { Region } from './region.ts';

/**
 * Forgets an agent, at home and on somebody's word; asked again it tells everybody once more. A claim that is granted in the
 * same moment stays what it is, and ends as any other.
 * @throws Refusal, OutboxFull, ShardUnavailable, NotReplicated
 */
export async function forgetAgent(region: Region, agentId: string): Promise<Accepted> {
  const { config, agents, ingest, store } = region;
  const home = homeOfAgent(config, agentId);
  const record = await agents.get(agentId);
  if (home === undefined || (home === config.region && !record)) {
    throw new Refusal('unknown_agent', `nothing has been heard of agent "${agentId}" in this region`);
  }
  if (hasPlatform(config, agentId)) {
    throw new Refusal(
      'agent_of_platform',
      `agent "${agentId}" is of a connection: whether they are there its platform says`,
    );
  }
  if (home !== config.region || !record) {
    throw new Refusal('not_homed_here', `agent "${agentId}" is forgotten in ${home}, and this is ${config.region}`, {
      home,
    });
  }
  if (isLocked(record, store.nowMs())) {
    throw new Refusal('agent_has_claim', `a claim, or the wrap-up after it, holds agent "${agentId}"`);
  }
  const { facets } = record;
  const anew = { at: Math.max(store.nowMs(), lastReportMs(facets)), id: `forgotten/${randomUUID()}` };
  const tombstone = isForgotten(facets) ? (facets.forgotten ?? anew) : anew;
  return ingest.accept(tombstoneEvent(config.region, agentId, tombstone, 'delete'));
}
