import { LRUCache } from 'lru-cache';
import type { Conflict } from '../../agent/claim.ts';
import type { Claim } from '../../agent/facets.ts';
import type { Region } from '../region.ts';

/** Pairs of claims already reported: each state of a claim travels by itself, and all of them meet the same other. */
const REMEMBERED = 1000;

/**
 * Reports claims that met at the agent's home: one was granted in its stead while it could not be heard. The order of
 * claims has decided which stands; the other's holder is refused from now on, and nothing of it is silent.
 */
export function conflictReporter(): (region: Region, agentId: string, conflict: Conflict) => void {
  const reported = new LRUCache<string, true>({ max: REMEMBERED });
  return ({ config, metrics, history, audit, log, ingest }, agentId, { kept, lost, overlap }) => {
    const pair = `${agentId} ${kept.fence} ${lost.fence} ${lost.by ?? ''}`;
    if (reported.get(pair)) return;
    reported.set(pair, true);
    const told = ({ fence, callId, by }: Claim) => ({ fence, call: callId, region: by ?? config.region });
    const conflict = { agent: agentId, kept: told(kept), lost: told(lost), overlap };
    metrics.conflicts.inc({ overlap });
    history?.conflict(conflict);
    audit.record({ op: 'conflict', who: { region: lost.by ?? config.region }, outcome: overlap, ...conflict });
    log.warn('agent_granted_twice', conflict);
    ingest.announceConflict(conflict).catch((error) => {
      log.warn('conflict_not_published', { err: error, agent: agentId });
    });
  };
}
