import { type Claim, claimsOf, compareClaims, type Facets } from '../agent/facets.ts';
import { type Merged, merge } from '../agent/merge.ts';
import { claimOn, VOICE } from '../agent/status.ts';
import type { AgentRecord, Applied } from './agent-record.ts';

/**
 * Whether a write survives the loss of its master: a replica has acknowledged it, none has in time, or none is configured.
 * Only the configuration decides that there is none: a cut connection must not pass for a cluster without replicas.
 */
export type Durability = 'acknowledged' | 'not-acknowledged' | 'no-replica-configured';

/** Handlers of the three durabilities; all are required. */
interface Cases<T, R> {
  acknowledged(value: T): R;
  /** A failover may lose the write. The caller may repeat the request. */
  notAcknowledged(value: T): R;
  noReplicaConfigured(value: T): R;
}

/** Result of a write to the region's store. The value is accessible only together with its durability. */
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

  /** Replaces the value and keeps the durability. */
  map<U>(change: (value: T) => U): Written<U> {
    return new Written(change(this.#value), this.#durability);
  }

  /** The value, whatever its durability. The caller states in a comment why the loss of the write does no harm. */
  evenIfLost(): T {
    return this.#value;
  }
}

/** Configured handling of a claim, an event or a settlement that no replica has acknowledged: see `claims.replication`. */
export type Replication = 'grant' | 'refuse';

interface DurabilityChecked<T> {
  value: T;
  /** Whether a replica has acknowledged the write; if not, a failover may lose it. */
  replicated: boolean;
}

/**
 * The value of a write if it is durable enough to be answered, and whether a replica has acknowledged it.
 * @throws NotReplicated if no replica has acknowledged it and `replication` is `refuse`
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

/** Whether a write is durable enough to be answered, see {@link checkDurability}. */
export function isDurableEnough(written: Written<unknown>, replication: Replication): boolean {
  return written.match({
    acknowledged: () => true,
    noReplicaConfigured: () => true,
    notAcknowledged: () => replication === 'grant',
  });
}

/** Whether a failover may lose a write although a replica is configured. */
export const mayBeLost = (written: Written<unknown>): boolean => !isDurableEnough(written, 'refuse');

/**
 * No replica has acknowledged a write, so a failover may lose it. A claim that is refused for this reason is released,
 * unless its record has changed since.
 */
export class NotReplicated extends Error {
  override name = 'NotReplicated';
  constructor() {
    super('no replica has acknowledged the write, so a failover may lose it; retrying the request is safe');
  }
}

/** An agent's locks and reservation after a change of claims. */
interface NewLocks extends Pick<AgentRecord, 'locksMs' | 'holdMs'> {
  /** Rest of locks that other regions granted, in ms from now, by unit. */
  remaining: [unit: string, remainingMs: number][];
  /** The claims that changed. */
  changed: Claim[];
}

/**
 * Computes the locks of an agent's units after a change. For claims that this region granted, `untilMs` is by the store's
 * clock. For claims of other regions, whose clocks may differ, `remainingMs` counts from now. Locks of unchanged claims
 * stay.
 * @param region this region
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

/** The part of an outbox that hears of writes. */
interface Hearing {
  relayed: ReadonlySet<string>;
  onAppend(domain: string): boolean;
  announce(domain: string): void;
}

/** Signals a write that is to be published: to the relay here, or else to the region's other instances. */
export function signalRelay(outbox: Hearing, domain: string): void {
  if (!outbox.relayed.has(domain) || !outbox.onAppend(domain)) outbox.announce(domain);
}

/** A stored record, and the position of its change in the change stream. */
interface Stored {
  record: AgentRecord;
  position: string;
}

/** Result of a compare-and-set. `conflict`: the record has changed, to the one given. */
export type Committed =
  | { kind: 'stored'; written: Written<Stored> }
  | { kind: 'conflict'; record: AgentRecord | undefined };

interface Committing {
  /** Stores the merged facets if the record has not changed. */
  commit(record: AgentRecord | undefined, merged: Merged): Promise<Committed>;
  /** Called after a conflict, before the change is merged again. @param round counted from 0 */
  afterConflict?(round: number): Promise<unknown>;
}

/** Largest number of rounds. An agent's record has few concurrent writers, so more rounds indicate a fault. */
const MAX_ROUNDS = 64;

/**
 * Merges a change into a record by compare-and-set and repeats that after every conflict with another writer. A change
 * without effect is not written.
 * @param record the record as last seen; it may be outdated
 * @returns undefined if every round ended in a conflict
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
      return committed.written.map((stored) => ({ ...merged, ...stored, before: expected }));
    }
    before = committed.record;
    await afterConflict?.(round);
  }
  return undefined;
}
