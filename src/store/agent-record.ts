import type { LRUCache } from 'lru-cache';
import type { Facets } from '../agent/facets.ts';
import type { Merged } from '../agent/merge.ts';
import type { Locks } from '../agent/status.ts';

/** An agent's record in the region's store. */
export interface AgentRecord {
  /** Grows with every write; compare-and-set compares it. A string, because it exceeds the integer replies of scripts. */
  version: string;
  /** The agent's home region; empty if the configuration does not accept the agent. */
  home: string;
  /** Until when each unit is locked, in ms by the store's clock; 0 if it is not. */
  locksMs: Locks;
  /** End of the reservation while the agent's home is asked, in ms by the store's clock; 0 for none. */
  holdMs: number;
  /** Queue position, in ms; see `virtualArrival`. */
  arrivalMs: number;
  facets: Facets;
}

/** Cache of the records that an instance saw last, by agent. May be outdated: use it only for what compare-and-set checks. */
export type RecentRecords = LRUCache<string, AgentRecord>;
export const MAX_RECENT_RECORDS = 20_000;

/** Result of a change: the merge, and the agent's record after it. */
export interface Applied extends Merged {
  record: AgentRecord;
  /** The record before the change; undefined for a new agent. */
  before: AgentRecord | undefined;
  /** Position of the change in the domain's change stream; absent for a change without effect. */
  position?: string;
}
