import { LRUCache } from 'lru-cache';
import type { Conflict } from '../../agent/claim.ts';
import type { Claim } from '../../agent/facets.ts';
import type { Region } from '../region.ts';

/** Most reported pairs that are remembered. Every change of a claim is published by itself and meets the same other claim. */
const REMEMBERED = 1000;

/**
 * Creates the function that reports claim conflicts, which the agent's home finds when it receives a delegated grant. The order
 * of claims has already decided which claim is kept; settlements of the other are rejected from then on. Each conflict is
 * reported once: to metrics, history, audit and log, and to the other regions.
 */
export function conflictReporter(): (region: Region, agentId: string, conflict: Conflict) => void {
  const reported = new LRUCache<string, true>({ max: REMEMBERED });
  return ({ config, metrics, history, audit, log, ingest }, agentId, { kept, lost, overlap }) => {
    const pair = `${agentId} ${kept.fence} ${lost.fence} ${lost.by ?? ''}`;
    if (reported.get(pair)) return;
    reported.set(pair, true);
    const describe = ({ fence, callId, by }: Claim) => ({ fence, call: callId, region: by ?? config.region });
    const conflict = { agent: agentId, kept: describe(kept), lost: describe(lost), overlap };
    metrics.conflicts.inc({ overlap });
    history?.conflict(conflict);
    audit.record({ op: 'conflict', who: { region: lost.by ?? config.region }, outcome: overlap, ...conflict });
    log.warn('agent_granted_twice', conflict);
    ingest.announceConflict(conflict).catch((error) => {
      log.warn('conflict_not_published', { err: error, agent: agentId });
    });
  };
}
