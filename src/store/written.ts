import { type Claim, claimsOf, compareClaims, type Facets } from '../agent/facets.ts';
import { type Merged, merge } from '../agent/merge.ts';
import { claimOn, VOICE } from '../agent/status.ts';
import type { AgentRecord, Applied } from './agent-record.ts';

/**
 * Whether what was written outlives its master: a replica has acknowledged it, none has in time, or the config says that
 * there is none. What happens to be connected does not count: a cut link must not pass for a cluster without replicas.
 */
export type Durability = 'acknowledged' | 'not-acknowledged' | 'no-replica-configured';

/** What is made of a write, one by one; none can be left out. */
interface Cases<T, R> {
  acknowledged(value: T): R;
  /** A failover may take it, or may not: whoever is told so may ask again. */
  notAcknowledged(value: T): R;
  noReplicaConfigured(value: T): R;
}

/** What a write of the region's store returns. There is no way to its value past its durability. */
export class Written<T> {
  readonly #value: T;
  readonly #durability: Durability;

  constructor(value: T, durability: Durability) {
    this.#value = value;
    this.#durability = durability;
  }

  match<R>({ acknowledged, notAcknowledged, noReplicaConfigured }: Cases<T, R>): R {
    if (this.#durability === 'acknowledged') return acknowledged(this.#value);
    return this.#durability === 'not-acknowledged' ? notAcknowledged(this.#value) : noReplicaConfigured(this.#value);
  }

  /** The same with another value, as durable as this one. */
  map<U>(change: (value: T) => U): Written<U> {
    return new Written(change(this.#value), this.#durability);
  }

  /** The value of a write that a failover may take without harm; whoever calls this says why none is done. */
  evenIfLost(): T {
    return this.#value;
  }
}

/** What the config makes of a claim, an event, a settlement that no replica has acknowledged. */
export type Replication = 'grant' | 'refuse';

interface DurabilityChecked<T> {
  value: T;
  /** Whether a replica has it; else a failover could forget it. */
  replicated: boolean;
}

/**
 * What a caller may be told of a write: its value, and whether a replica has it.
 * @throws NotReplicated where none has, and `replication` refuses to tell of that
 */
export function checkDurability<T>(written: Written<T>, replication: Replication): DurabilityChecked<T> {
  return written.match<DurabilityChecked<T>>({
    acknowledged: (value) => ({ value, replicated: true }),
    noReplicaConfigured: (value) => ({ value, replicated: false }),
    notAcknowledged: (value) => {
      if (replication === 'refuse') throw new NotReplicated();
      return { value, replicated: false };
    },
  });
}

/** Whether a caller may be told of a write, see {@link checkDurability}. */
export function isDurableEnough(written: Written<unknown>, replication: Replication): boolean {
  return written.match({
    acknowledged: () => true,
    noReplicaConfigured: () => true,
    notAcknowledged: () => replication === 'grant',
  });
}

/** Whether a failover may take a write, although there is meant to be a replica. */
export const mayBeLost = (written: Written<unknown>): boolean => !isDurableEnough(written, 'refuse');

/** No replica has acknowledged a write: whether it stands is unknown. A claim that ends so is released if nothing else has changed its record. */
export class NotReplicated extends Error {
  override name = 'NotReplicated';
  constructor() {
    super('no replica has acknowledged it: it may stand, or a failover may take it; ask again, that is safe');
  }
}

/** Until when an agent is held, once claims have moved. */
interface NewLocks extends Pick<AgentRecord, 'locksMs' | 'holdMs'> {
  /** What another region says is left of a lock, in ms by unit. */
  remaining: [unit: string, remainingMs: number][];
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
  const locks: NewLocks = { locksMs: { ...locksMs }, holdMs: news.length > 0 ? 0 : holdMs, remaining: [], changed: [] };
  for (const claim of news) {
    const { unit = VOICE } = claim;
    const before = claimOn(facets, unit);
    if (before && compareClaims(claim, before) === 0) continue;
    locks.changed.push(claim);
    const isOwnWord = claim.remainingMs === undefined || (claim.by ?? home) === region;
    if (claim.state === 'ENDED') locks.locksMs[unit] = 0;
    else if (isOwnWord) locks.locksMs[unit] = claim.untilMs;
    else locks.remaining.push([unit, claim.remainingMs ?? 0]);
  }
  return locks;
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
