import { randomUUID } from 'node:crypto';
import { isForgotten, lastReportMs, tombstoneEvent } from '../agent/merge.ts';
import { isLocked } from '../agent/status.ts';
import { hasPlatform, homeOfAgent } from '../config/topology.ts';
import type { Accepted } from '../sync/flow/ingest.ts';
import { Refusal } from './refusal.ts';
import type { Region } from './region.ts';

/**
 * Forgets an agent at its home, by a tombstone that is published to all regions. A repetition publishes the same tombstone
 * again. A claim that is granted at the same time stays valid and ends like any other.
 * @throws Refusal, OutboxFull, ShardUnavailable, NotReplicated
 */
export async function forgetAgent(region: Region, agentId: string): Promise<Accepted> {
  const { config, agents, ingest, store } = region;
  const home = homeOfAgent(config, agentId);
  const record = await agents.get(agentId);
  if (home === undefined || (home === config.region && !record)) {
    throw new Refusal('unknown_agent', `agent "${agentId}" is not known in this region`);
  }
  if (hasPlatform(config, agentId)) {
    throw new Refusal('agent_of_platform', `agent "${agentId}" belongs to a platform: remove the user there`);
  }
  if (home !== config.region || !record) {
    throw new Refusal('not_homed_here', `the home of agent "${agentId}" is ${home}, not ${config.region}`, {
      home,
    });
  }
  if (isLocked(record, store.nowMs())) {
    throw new Refusal('agent_has_claim', `agent "${agentId}" is held by a claim or its wrap-up`);
  }
  const { facets } = record;
  const fresh = { at: Math.max(store.nowMs(), lastReportMs(facets)), id: `forgotten/${randomUUID()}` };
  const tombstone = isForgotten(facets) ? (facets.forgotten ?? fresh) : fresh;
  return ingest.accept(tombstoneEvent(config.region, agentId, tombstone, 'delete'));
}
