import type { LRUCache } from 'lru-cache';
import type { Facets } from '../agent/facets.ts';
import type { Merged } from '../agent/merge.ts';
import type { Locks } from '../agent/status.ts';

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

/** The records that an instance saw last, by agent: good for what compare-and-set will check. */
export type RecentRecords = LRUCache<string, AgentRecord>;
export const MAX_RECENT_RECORDS = 20_000;

/** What became of a change: how it merged, and the agent as it now is. */
export interface Applied extends Merged {
  record: AgentRecord;
  /** The record it was merged into; undefined for an agent nobody had spoken of. */
  before: AgentRecord | undefined;
}
