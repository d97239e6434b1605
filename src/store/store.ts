import type { Move } from '../agent/claim.ts';
import type { Claim, Facets } from '../agent/facets.ts';
import type { ClockReading } from '../ops/clock.ts';
import type { AgentRecord, Applied } from './agent-record.ts';
import type { LeasedWork, LeaseHolder, LeaseOptions, Leases } from './leases.ts';
import type { Calls, Queues } from './queues.ts';
import type { Written } from './written.ts';

/**
 * The store contract: what routing, sync and the API need of a region's store. `src/store/redis` implements it on Redis
 * Cluster, `src/store/memory` in memory. Every implementation passes `test/store/contract.ts`. Methods that return a
 * promise throw {@link ShardUnavailable} while the store cannot serve them. It is then unknown whether the operation was
 * done, and it may be repeated.
 */
export interface Store {
  readonly agents: Agents;
  readonly queues: Queues;
  readonly calls: Calls;
  readonly changes: Changes;
  readonly outbox: Outbox;
  readonly conversion: Conversion;
  readonly keptAnswers: KeptAnswers;
  readonly notes: Notes;
  /** Time of the store's clock, in ms. Locks expire by it, and not by the clock of an instance. */
  nowMs(): number;
  /**
   * Takes the region's next heartbeat sequence: higher than all that any instance took before.
   * @param highest the highest sequence that the caller knows
   */
  takeBeat(highest: number): Promise<number>;
  /** Creates this instance's leases for one kind of background work. */
  leases(options: LeaseOptions): Leases;
  /** The live instances of the region, by name: those that take part in the work `relay`. */
  instances(): Promise<string[]>;
  /** The present holder of each lease of one kind of work. */
  holders(work: LeasedWork, count: number): Promise<LeaseHolder[]>;
  /** The request budget for one platform, shared by the region's instances. */
  permits(options: PermitsOptions): Permits;
  /**
   * Runs the index check of a domain: compares every record with the queues, and every member of a queue with its record,
   * and repairs differences.
   * @param pace called after each step with the number of records it read; slows the check down, or throws to end it
   * @throws what `pace` throws
   */
  align(domain: string, pace: (records: number) => Promise<void>): Promise<Aligned>;
  /** State of each shard. */
  shards(): ShardState[];
  /** State of the shard that holds a domain; undefined if it is not known at present. */
  shardOf(domain: string): ShardState | undefined;
  /** Calls the listener with each reading of the clock of one of the store's nodes, about once a second for each. */
  followClocks(listener: (reading: ClockReading) => void): void;
  close(): Promise<void>;
}

/**
 * The shard that holds the data cannot answer now: it is down, failing over, refusing, or slower than the caller can wait.
 */
export class ShardUnavailable extends Error {
  override name = 'ShardUnavailable';
  /** Recommended delay before a retry, in ms. */
  readonly retryAfterMs: number;
  constructor(message: string, retryAfterMs = 1000, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** The outbox has reached its limit because the bus is unavailable. No event is accepted until it drains. */
export class OutboxFull extends Error {
  override name = 'OutboxFull';
}

export interface SettleRequest {
  agentId: string;
  /** The claimed unit. */
  unit: string;
  fence: number;
  callId: string;
  queue: string;
  /** The region of a delegated grant. */
  by?: string | undefined;
  move: Move;
  /** The other claim of the call, if this one is superseded. */
  supersededBy?: { agentId: string; fence: number };
}

export type Settled =
  | { kind: 'settled'; written: Written<AgentRecord> }
  /** A later claim has a higher fence. */
  | { kind: 'fenced'; record: AgentRecord }
  /** The record has changed since it was read; retry with the one given. */
  | { kind: 'conflict'; record: AgentRecord | undefined };

/** Called for a record that cannot be parsed. The record is skipped; others are not affected. */
export type Unreadable = (agentId: string, error: unknown) => void;

interface Scan {
  /** Prefix of the agents' ids; default: all agents. */
  prefix?: string;
  /** Approximate number of records per step. The shard serves no other request during a step. */
  step: number;
  /** Default: a record that cannot be parsed ends the scan with an error. */
  unreadable?: Unreadable;
}

/** The agents of the region's store. Changes are merged and stored by compare-and-set. */
export interface Agents {
  /** The stored agent; undefined for one who is unknown or whom the configuration does not accept. */
  get(agentId: string): Promise<AgentRecord | undefined>;
  /**
   * Stored agents of one domain, by id; unknown ones are left out.
   * @throws Error if a record cannot be parsed, unless `unreadable` is given
   */
  getAll(domain: string, agentIds: string[], unreadable?: Unreadable): Promise<Map<string, AgentRecord>>;
  /**
   * The agent from this instance's cache, else from the store. May be outdated: use it only for what compare-and-set
   * checks.
   */
  recall(agentId: string): Promise<AgentRecord | undefined>;
  /**
   * Merges a change into the agent and stores the result. A change without effect is not written, and the result then
   * counts as not acknowledged; see {@link affirm}.
   * @param change the change, or a function that creates it from the known facets; called again after each conflict
   * @param messageOf the message to publish, if the change is this region's to publish; called with the facets as stored
   */
  apply(
    agentId: string,
    change: Facets | ((known: Facets) => Facets),
    messageOf?: (facets: Facets) => string,
  ): Promise<Written<Applied>>;
  /** Writes a record again if it has not changed, so that a replica acknowledges it. */
  affirm(agentId: string, record: AgentRecord, lane?: 'claims' | 'changes'): Promise<Settled>;
  /** Applies a move to a claim if the record has not changed. */
  settle(request: SettleRequest, record: AgentRecord, deadlineMs: number): Promise<Settled>;
  /**
   * Pages through the agents of a domain in the byte order of their ids, after `agentId`; an empty id starts at the first.
   * Paging from the last id of each page lists every agent who is present throughout exactly once.
   */
  after(domain: string, agentId: string, count: number): Promise<[agentId: string, record: AgentRecord][]>;
  /**
   * Reads all records of a domain step by step. Records that are present throughout come at least once; others may be
   * missing.
   */
  scan(domain: string, how: Scan): AsyncGenerator<[agentId: string, record: AgentRecord][]>;
  /**
   * Removes the record of a forgotten agent if it has not changed and no claim holds the agent.
   * @returns whether it was removed
   */
  removeForgotten(domain: string, agentId: string, record: AgentRecord): Promise<boolean>;
}

/** Entry of the change stream: an agent's record was written. */
export interface Change {
  /** Position in the change stream, from which a reader continues. See {@link isPosition}. */
  position: string;
  agentId: string;
  /** The claim that changed, as of this write; absent for none. */
  claim?: Claim;
}

/** Minimum number of changes that a domain's change stream keeps. */
export const CHANGES_KEPT = 10_000;

/** Whether a position in a change stream is equal to another or later. */
export function isAtLeast(position: string | undefined, other: string | undefined): boolean {
  if (position === undefined || other === undefined) return false;
  const [dash, otherDash] = [position.indexOf('-'), other.indexOf('-')];
  const laterMs = Number(position.slice(0, dash)) - Number(other.slice(0, otherDash));
  return (laterMs || Number(position.slice(dash + 1)) - Number(other.slice(otherDash + 1))) >= 0;
}

const POSITION = /^\d{1,16}-\d{1,16}$/;

/**
 * Whether a text is a position of a change stream: two numbers with a dash, later ones higher.
 */
export const isPosition = (text: string): boolean => POSITION.test(text);

/**
 * The change stream of a domain. Every write of a record appends to it atomically, so an instance sees the changes of all
 * instances of its region.
 */
export interface Changes {
  /** The position after the latest change. */
  latest(domain: string): Promise<string>;
  /** Reads the next changes after a position. @returns `gone` if changes after it have been trimmed, or were not noted */
  after(domain: string, position: string, count: number): Promise<Change[] | 'gone'>;
}

/** Location of a change in a region's change streams. */
export interface Place {
  domain: string;
  /** Position in the domain's change stream; grows with every change. */
  position: string;
}

/** A change that is this region's to publish. */
export interface OutboxEntry extends Change {
  /** When it was written, in ms by the store's clock. */
  writtenMs: number;
  /** The message of an event, as it was given to {@link Agents.apply}. */
  message?: string;
}

/** Limit of changes of a domain that wait. It bounds the memory that an outage of the bus can use. */
export const MOST_WAITING = 500_000;

/** The changes that are to be published next. */
export interface Unpublished {
  /** Random id of the domain's store; another one after the store was emptied. */
  storeId: string;
  /** Position of the domain's latest change. */
  latest: string;
  /** The read begins behind `from`, goes up to `to`, and saw `count` changes between them, ours or not. */
  from: string;
  to: string;
  count: number;
  entries: OutboxEntry[];
}

/** What waits in a domain until the relay has passed it. */
export interface Waiting {
  /** Changes that wait, ours or not. */
  count: number;
  /** Age of the oldest of them, in ms by the store's clock; 0 if none waits. */
  ageMs: number;
  /** This region's changes of claims that were not noted since the store was created, because too much waited. */
  leftOut: number;
}

/**
 * The outbox of a region: those changes in the change streams that are its own to publish. They are written together with the
 * records, so a failover loses both or none, and they stay until they are published.
 */
export interface Outbox {
  /**
   * Reads what is to be published next. Only what is durable may be published: the result is a write behind all that was read.
   * @param published an earlier result, of which everything is published by now
   * @param most largest number of changes
   */
  next(domain: string, published: Unpublished | undefined, most: number): Promise<Written<Unpublished>>;
  /** Id of the domain's store; undefined before its first change was read. */
  storeId(domain: string): Promise<string | undefined>;
  /** Whether the domain's store is the one with this id, and its change stream still has the change at this position. */
  has(domain: string, storeId: string, position: string): Promise<boolean>;
  /** Limit of changes of a domain that wait. Beyond it no change is noted but events that were accepted before. */
  readonly limit: number;
  /** Counts what waits, by domain. Call it regularly: events are accepted by the last counts. */
  waiting(): Promise<ReadonlyMap<string, Waiting>>;
  /** What was counted last. */
  readonly counted: ReadonlyMap<string, Waiting>;
  /** The domains that this instance publishes, as far as it knows. */
  relayed: ReadonlySet<string>;
  /** Called when this instance has written something to publish, for a domain that is `relayed`. @returns false if it is not any more */
  onAppend: (domain: string) => boolean;
  /** Signals something new to publish to the region's other instances. Signals may be lost: relays also read their domains every second. */
  announce(domain: string): void;
  /** Subscribes to the signals of other instances. Resolves once subscribed, or if that fails for now and is retried. */
  hear(listener: (domain: string) => void): Promise<void>;
}

/** The format of a domain's store: docs/upgrades.md. */
export interface StoreFormat {
  /** Number of the format that is written. */
  format: string;
  /** Another format that some records may still have. */
  mixed?: string;
  /** How often the format has changed. */
  flips: number;
}

/** Changes the form of records from one version of Muster to the next. */
export interface Conversion {
  /** Numbers of the formats that this version knows, the oldest first. */
  readonly formats: readonly string[];
  state(domain: string): Promise<StoreFormat>;
  /**
   * Writes the records of a domain that have another format in the format of its store. Does nothing if there are none.
   * @param pace called after each step with the number of records it read; slows the conversion down, or throws to end it
   * @returns the number of converted records
   * @throws what `pace` throws
   */
  convert(domain: string, pace: (records: number) => Promise<void>): Promise<number>;
}

/** The stored answer to a request with an idempotency key. */
export interface KeptAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** Time of the answer, in ms by the store's clock. */
  atMs: number;
}

/** State of an idempotency key: its request is under way or answered. */
export interface Keyed {
  /** Fingerprint of the request, to recognise another request under the same key. */
  print: string;
  /** Id of the attempt that is under way. */
  by?: string;
  answer?: KeptAnswer;
}

/** How long answers are kept, in ms: as long as the entry of a call. Retries come within minutes. */
export const ANSWER_KEPT_MS = 600_000;
/**
 * After this time a request that is under way counts as abandoned by a dead instance, in ms; longer than any request takes.
 */
export const UNDER_WAY_MS = 30_000;
/** Longest stored answer, in characters. The answer to 1000 events is shorter. */
export const LONGEST_KEPT = 256 * 1024;

/** Stored answers of the region's instances, by idempotency key. */
export interface KeptAnswers {
  /** Begins a request under a key. @returns the earlier request under it; undefined if there is none */
  begin(id: string, print: string, by: string): Promise<Keyed | undefined>;
  /** Stores the answer of a request that has begun. */
  keep(id: string, print: string, answer: KeptAnswer): Promise<void>;
  /** Discards a request that has begun, so that it can be retried. */
  forget(id: string): Promise<void>;
}

/**
 * Subject of notes. `positions`: applied positions of a region's change streams. `region`: other facts about a region.
 * `connection`: status of a connection. `domain`: result of a domain's index check. `instance`: what an instance of the region knows.
 */
export type NotedOf = 'region' | 'positions' | 'connection' | 'domain' | 'instance';

/** Facts that the region's instances share, by field. The last writer of a field wins. No promise depends on them. */
export interface Notes {
  read(of: NotedOf, name: string): Promise<Record<string, string>>;
  /** Reads some fields, in the given order; null for a missing one. */
  readSome(of: NotedOf, name: string, fields: string[]): Promise<(string | null)[]>;
  /** @param keptMs lifetime of all notes on the subject from now on, in ms; default: unlimited */
  write(of: NotedOf, name: string, fields: Record<string, string>, keptMs?: number): Promise<void>;
}

/** User of a request budget. `mirror`: the platform sync. `reader`: platform readers, for which callers wait. */
export type Taker = 'mirror' | 'reader';

export interface PermitsOptions {
  connection: string;
  /** Unique among the instances of the region. */
  instance: string;
  taker: Taker;
  /** Maximum number of requests of the region in any window. */
  limit: number;
  /** Number of them that is reserved for readers; less than `limit`. */
  headroom: number;
  /** Maximum number of the platform sync's requests for full reads: for the first one, and for later ones. Default: all. */
  readings?: { first: number; reading: number };
  /** Length of the window, in ms. Default: one minute; tests use less. */
  windowMs?: number;
}

/** The shared request budget for one platform. Windows are counted by the store's clock. */
export interface Permits {
  /**
   * Counts a request if it may go out now.
   * @param acceptedAfter refusals in a row that were known when the platform accepted a request; 0: none accepted since
   * @param lane whether the request is part of the first or a later full read
   * @returns ms until the next attempt makes sense, 0 if the request was counted; and the refusals in a row
   */
  take(acceptedAfter: number, lane?: 'first' | 'reading' | 'rest'): Promise<{ waitMs: number; refusals: number }>;
  /**
   * The platform refused a request (429). No instance of the region sends another until the requested wait is over.
   * @param jitterMs random addition, so that regions do not return at the same time
   */
  refused(retryAfterMs: number, jitterMs: number): Promise<void>;
}

/**
 * An index error: a difference between a queue and an agent's record. `missing`: free, but not in the queue. `misplaced`:
 * in the queue at another position than the record's. `stuck`: at the tail after all locks have expired. `unavailable`: in
 * the queue without free capacity. `ghost`: in the queue of other agents, or without a record. `missing` and `ghost` also count
 * agents in the sets of those who have a skill.
 */
export type Misplacement = 'missing' | 'misplaced' | 'stuck' | 'unavailable' | 'ghost';

/** Result of an index check. */
export interface Aligned {
  /** Number of records and of members of queues that were compared. */
  records: number;
  members: number;
  repaired: Partial<Record<Misplacement, number>>;
}

/** State of one shard. */
export interface ShardState {
  address: string;
  up: boolean;
  /** Connected replicas at the last probe. */
  replicas: number;
  /** Duration of the last probe, in ms. */
  probeMs: number;
  /** Lead of the shard's clock over this instance's at the last probe, in ms. */
  clockOffsetMs: number;
  /** The shard's message if it refuses writes; absent while it does not. Reads go on. */
  refuses?: string;
}
