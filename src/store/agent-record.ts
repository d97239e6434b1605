import type { LRUCache } from 'lru-cache';
import { type Claim, claimsOf, compareClaims, type Facets, type Media } from '../agent/facets.ts';
import { type Merged, merge } from '../agent/merge.ts';
import { claimOn, roomLeft, VOICE } from '../agent/status.ts';
import { Written } from './written.ts';

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

/** The records that an instance saw last, by agent: good for what compare-and-set will check. */
export type RecentRecords = LRUCache<string, AgentRecord>;
export const MAX_RECENT_RECORDS = 20_000;

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
 * @param merged the change, merged into the record
 */
export function locksAfter(
  region: string,
  home: string,
  record: AgentRecord | undefined,
  { facets: now, changed }: Pick<Merged, 'facets' | 'changed'>,
): NewLocks {
  const news = changed.some((name) => name === 'claim' || name === 'digitalClaims') ? claimsOf(now) : [];
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

/** What became of a change: how it merged, and the agent as it now is. */
export interface Applied extends Merged {
  record: AgentRecord;
  /** The record it was merged into; undefined for an agent nobody had spoken of. */
  before: AgentRecord | undefined;
}

/** Whether a merged change was stored; `conflict`: the record had changed meanwhile, to the one given. */
export type Committed =
  | { kind: 'stored'; written: Written<AgentRecord> }
  | { kind: 'conflict'; record: AgentRecord | undefined };

interface Committing {
  /** Stores what was merged if the record is still the one given. */
  commit(record: AgentRecord | undefined, merged: Merged): Promise<Committed>;
  /** Called before a conflicting change is merged again. @param round from 0 */
  afterConflict?(round: number): Promise<unknown>;
}

/** An agent's record is contended by a handful of writers; more rounds than this mean that something is wrong. */
const MAX_ROUNDS = 64;

/**
 * Merges a change into a record by compare-and-set, again for each record that another writer stored meanwhile. A change
 * that makes no difference is not written.
 * @param record the agent as known
 * @returns undefined if other writers were quicker in every round
 */
export async function mergeInRounds(
  record: AgentRecord | undefined,
  change: Facets | ((known: Facets) => Facets),
  { commit, afterConflict }: Committing,
): Promise<Written<Applied> | undefined> {
  let before = record;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const known = before?.facets ?? {};
    const merged = merge(known, typeof change === 'function' ? change(known) : change);
    if (before && merged.changed.length === 0) {
      return new Written({ ...merged, record: before, before }, 'not-acknowledged');
    }
    const expected = before;
    const committed = await commit(expected, merged);
    if (committed.kind === 'stored') {
      return committed.written.map((now) => ({ ...merged, record: now, before: expected }));
    }
    before = committed.record;
    await afterConflict?.(round);
  }
  return undefined;
}
