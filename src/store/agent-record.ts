import { type Claim, compareClaims, type Facets, type Media } from '../agent/facets.ts';
import { claimOn, roomLeft, VOICE } from '../agent/status.ts';

/** Until when each unit is held, in ms by the store's clock. One that is not named is not held. */
export type Locks = Record<string, number>;

/** An agent as the region's store holds it. */
export interface AgentRecord {
  /** Grows with every write; what compare-and-set compares. A string: it does not fit a script's integer reply. */
  version: string;
  /** The agent's home region; empty where the config takes nothing of the agent. */
  home: string;
  /** Until when a claim holds each unit of the agent's capacity, in ms by this region's store; 0 for none. */
  locksMs: Locks;
  /** While its home is being asked for the agent: until when, in ms by the store's clock; else 0. */
  holdMs: number;
  arrivalMs: number;
  facets: Facets;
}

/** Until when the unit is held, in ms by the store's clock. */
export const lockOf = ({ locksMs }: Pick<AgentRecord, 'locksMs'>, unit = VOICE): number => locksMs[unit] ?? 0;

/** Whether a claim, or what follows one, still holds the agent by the store's clock. */
export const isLocked = ({ locksMs }: AgentRecord, nowMs: number): boolean =>
  Object.values(locksMs).some((untilMs) => untilMs > nowMs);

/**
 * How many more interactions the agent would be given now, by media type, for people and for whoever plans ahead.
 * @param nowMs the store's clock, by which locks are judged
 */
export function roomOf(record: AgentRecord, nowMs: number): Partial<Record<Media, number>> {
  return roomLeft(record.facets, (unit) => lockOf(record, unit) > nowMs);
}

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
