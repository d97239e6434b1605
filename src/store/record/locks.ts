import { type Claim, compareClaims } from '../../agent/facets.ts';
import { claimOn, VOICE } from '../../agent/status.ts';
import type { AgentRecord } from './record.ts';

/** Until when an agent is held, once claims have moved. */
interface NewLocks extends Pick<AgentRecord, 'locksMs' | 'holdMs'> {
  /** What another region says is left of a lock, in ms by unit. */
  told: [unit: string, remainingMs: number][];
  /** The claims that moved. */
  changed: Claim[];
}

/**
 * Until when each unit of the agent is locked here. The home's own word counts by the clock it shares with the store;
 * of a claim from elsewhere only what was left of it counts, from now on. A claim that did not move keeps its lock.
 * @param region this one
 * @param news all claims of the agent, if one of them has moved; else none
 */
export function locksAfter(region: string, home: string, record: AgentRecord | undefined, news: Claim[]): NewLocks {
  const { locksMs = {}, holdMs = 0, facets = {} } = record ?? {};
  const locks: NewLocks = { locksMs: { ...locksMs }, holdMs: news.length > 0 ? 0 : holdMs, told: [], changed: [] };
  for (const claim of news) {
    const { unit = VOICE } = claim;
    const before = claimOn(facets, unit);
    if (before && compareClaims(claim, before) === 0) continue;
    locks.changed.push(claim);
    const isOwnWord = claim.remainingMs === undefined || (claim.by ?? home) === region;
    if (claim.state === 'ENDED') locks.locksMs[unit] = 0;
    else if (isOwnWord) locks.locksMs[unit] = claim.untilMs;
    else locks.told.push([unit, claim.remainingMs ?? 0]);
  }
  return locks;
}
