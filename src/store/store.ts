import type { Move } from '../agent/claim.ts';
import type { Claim, Facets } from '../agent/facets.ts';
import type { AgentRecord, Applied } from './agent-record.ts';
import type { LeasedWork, LeaseHolder, LeaseOptions, Leases } from './leases.ts';
import type { Calls, Queues } from './queues.ts';
import type { Written } from './written.ts';

/**
 * What routing, sync and the API need of a region's store. Redis Cluster is one implementation (`src/store/redis`); a
 * store passes `test/store/contract.ts`. Any method that answers with a promise throws {@link ShardUnavailable} where the
 * store cannot do now what it was asked: whether it was done is then unknown, and it may be asked again.
 */
export interface Store {
  readonly agents: Agents;
  readonly queues: Queues;
  readonly calls: Calls;
  readonly changes: Changes;
  readonly outbox: Outbox;
  readonly keptAnswers: KeptAnswers;
  readonly notes: Notes;
  /** The store's clock, in ms: locks are judged by it, whatever the clock of an instance says. */
  nowMs(): number;
  /**
   * Takes the region's next beat: a number higher than every one that was taken before, whichever instance took it.
   * @param highest the highest beat that the caller knows
   */
  takeBeat(highest: number): Promise<number>;
  /** This instance's share of numbered work, of which one instance of the region at a time does each. */
  leases(options: LeaseOptions): Leases;
  /** Who holds each number of some work now. */
  holders(work: LeasedWork, count: number): Promise<LeaseHolder[]>;
  /** What all instances of the region together may ask of one platform. */
  permits(options: PermitsOptions): Permits;
  /**
   * Compares every record of a domain with its places in its queues, and every member of a queue with its record, and puts
   * right what is wrong.
   * @param pace called after each step with the number of records it read; slows the check down, or throws to end it
   * @throws what `pace` throws
   */
  align(domain: string, pace: (records: number) => Promise<void>): Promise<Aligned>;
  /** What is known of each part of the store that can fail by itself. */
  shards(): ShardState[];
  /** The same of the one that holds a domain; undefined where that is not known now. */
  shardOf(domain: string): ShardState | undefined;
  close(): Promise<void>;
}

/** The part of the store that holds the data cannot answer now: it is down, failing over, refusing, or slower than the caller can wait. */
export class ShardUnavailable extends Error {
  override name = 'ShardUnavailable';
  /** When it is worth trying again, in ms. */
  readonly retryAfterMs: number;
  constructor(message: string, retryAfterMs = 1000, options?: ErrorOptions) {
    super(message, options);
    this.retryAfterMs = retryAfterMs;
  }
}

/** Too much waits for a bus that is away; nothing more can be accepted until it drains. */
export class OutboxFull extends Error {
  override name = 'OutboxFull';
}

export interface SettleRequest {
  agentId: string;
  /** The unit of the agent's capacity that is claimed. */
  unit: string;
  fence: number;
  callId: string;
  queue: string;
  /** The region that granted it on the home's behalf. */
  by?: string | undefined;
  move: Move;
  /** The claim that stands in this one's place, where its call has two. */
  supersededBy?: { agentId: string; fence: number };
}

export type Settled =
  | { kind: 'settled'; written: Written<AgentRecord> }
  /** A later claim has a higher fence. */
  | { kind: 'fenced'; record: AgentRecord }
  /** The record changed meanwhile: look again. */
  | { kind: 'conflict'; record: AgentRecord | undefined };

/** Hears of a record that cannot be read; it is left out, and costs the others nothing. */
export type Unreadable = (agentId: string, error: unknown) => void;

interface Scan {
  /** Only agents whose id begins so; default: all. */
  prefix?: string;
  /** About how many records a step looks at; callers wait while it is read. */
  step: number;
  /** Default: a record that cannot be read ends the scan. */
  unreadable?: Unreadable;
}

/** The agents of the region's store. Changes are merged and stored by compare-and-set. */
export interface Agents {
  /** The agent as stored; undefined for one nobody has spoken of, or whom the config does not take. */
  get(agentId: string): Promise<AgentRecord | undefined>;
  /**
   * These agents of one domain as stored, by id; an agent the store does not know is left out.
   * @throws where a record cannot be read, unless `unreadable` is given
   */
  getAll(domain: string, agentIds: string[], unreadable?: Unreadable): Promise<Map<string, AgentRecord>>;
  /** The agent as last seen by this instance, else as stored: good for what compare-and-set will check. */
  recall(agentId: string): Promise<AgentRecord | undefined>;
  /**
   * Merges a change into the agent and stores it where it made a difference. Where it made none nothing is written, and the
   * answer counts as not acknowledged: see {@link affirm}.
   * @param change or what makes it of the agent as known, each time that is another
   */
  apply(agentId: string, change: Facets | ((known: Facets) => Facets)): Promise<Written<Applied>>;
  /** Writes the record once more if it is still the one given, so that a replica can acknowledge what was known already. */
  affirm(agentId: string, record: AgentRecord, lane?: 'claims' | 'changes'): Promise<Settled>;
  /** Moves a claim on if the record is still the one given. */
  settle(request: SettleRequest, record: AgentRecord, deadlineMs: number): Promise<Settled>;
  /** Makes of an agent all that the store is given, and gives it nothing. @throws what would keep it from being stored, every time */
  demandStorable(agentId: string, facets: Facets): void;
  /**
   * The agents of a domain in the order of their ids' bytes, from the one behind `agentId` on; empty: from the first. An
   * agent who has a record is listed until it is forgotten, so going on behind the last id seen meets everybody who was there
   * all along exactly once.
   */
  after(domain: string, agentId: string, count: number): Promise<[agentId: string, record: AgentRecord][]>;
  /** All records of a domain, some at a time. What is there all along is met at least once; what comes, goes or changes may be met or not. */
  scan(domain: string, how: Scan): AsyncGenerator<[agentId: string, record: AgentRecord][]>;
  /** Takes the record of a forgotten agent out, if it is still the one given and no claim holds the agent. @returns whether it did */
  removeForgotten(domain: string, agentId: string, record: AgentRecord): Promise<boolean>;
}

/** That an agent's record has been written. */
export interface Change {
  /** Where it stands: whoever has read so far goes on from here. See {@link isPosition}. */
  position: string;
  agentId: string;
  /** The claim that moved, if one did, as it was then. */
  claim?: Claim;
}

/** Changes of a domain that can still be read, at the least. */
export const CHANGES_KEPT = 10_000;

const POSITION = /^\d{1,16}-\d{1,16}$/;

/** Positions, and ids of entries of the outbox, are two numbers with a dash between, the later one higher. */
export const isPosition = (text: string): boolean => POSITION.test(text);

/**
 * What has changed in a domain lately, in order, noted beside every record that is written: an instance sees what all
 * instances of its region do, and no change is without its note.
 */
export interface Changes {
  /** The position behind everything until now. */
  latest(domain: string): Promise<string>;
  /** The next changes behind a position. @returns `gone` where it is not known any more what followed it */
  after(domain: string, position: string, count: number): Promise<Change[] | 'gone'>;
}

/** Where an event lies in the outbox. */
export interface Place {
  partition: number;
  /** Grows with every entry; see {@link isPosition}. */
  entry: string;
}

/** An event that this region has accepted and the bus has not confirmed. */
export interface OutboxEntry {
  id: string;
  /** Names and values in turn. */
  fields: string[];
}

/**
 * The region's memory of what it owes the bus, per bus partition. An event is acknowledged to its sender once it is here, and
 * stays until the bus has confirmed it.
 */
export interface Outbox {
  readonly partitions: number;
  /** Appends. What no replica has a failover may take; until then it is published like all else. @throws OutboxFull */
  append(partition: number, fields: string[]): Promise<Written<Place>>;
  /** The oldest entries of a partition, in order. */
  oldest(partition: number, count: number): Promise<OutboxEntry[]>;
  /** Forgets what the bus has confirmed. */
  remove(partition: number, ids: string[]): Promise<void>;
  /** Entries waiting, per partition; what `append` judges fullness by. To be asked regularly. */
  lengths(): Promise<number[]>;
  /** Who is told that this instance has appended to a partition. */
  onAppend: (partition: number) => void;
  /** Tells the region's other instances that a partition has something new. Not durable. */
  announce(partition: number): Promise<void>;
  /** Hears what instances announce. Resolves when it hears, or cannot for now: it will. */
  hear(listener: (partition: number) => void): Promise<void>;
}

/** What was answered to a request, to be answered again. */
export interface KeptAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** When, in ms by the store's clock. */
  atMs: number;
}

/** What is known of a key: a request that is under way, or has been answered. */
export interface Keyed {
  /** Of the request: under one key there is one. */
  print: string;
  /** Names the attempt that is under way. */
  by?: string;
  answer?: KeptAnswer;
}

/** As long as a call keeps its claim from its last asking, in ms: whoever asks again does so within minutes. */
export const ANSWER_KEPT_MS = 600_000;
/** Longer than any request takes, in ms: then its instance has died, and whoever asks again is not kept waiting. */
export const UNDER_WAY_MS = 30_000;
/** A longer answer is not kept, in characters: that of 1000 events is shorter. */
export const LONGEST_KEPT = 256 * 1024;

/** Answers of the region's instances, by the keys that callers gave to their requests. */
export interface KeptAnswers {
  /** Begins a request under a key, unless there is one. @returns the other one; undefined: go on */
  begin(id: string, print: string, by: string): Promise<Keyed | undefined>;
  /** Keeps what a request that has begun is answered with. */
  keep(id: string, print: string, answer: KeptAnswer): Promise<void>;
  /** Forgets a request that has begun: it may be made again. */
  forget(id: string): Promise<void>;
}

/**
 * What notes are of: how far a region's outbox has been applied here (`positions`), what else is known of a region, how a
 * connection is, what a check of a domain found.
 */
export type NotedOf = 'region' | 'positions' | 'connection' | 'domain';

/** What the region's instances tell each other, by field. The last writer of a field wins; no promise rests on one. */
export interface Notes {
  read(of: NotedOf, name: string): Promise<Record<string, string>>;
  /** Some of the fields, in their order; null where there is none. */
  readSome(of: NotedOf, name: string, fields: string[]): Promise<(string | null)[]>;
  /** @param keptMs how long all notes on this are kept from now on; default: for ever */
  write(of: NotedOf, name: string, fields: Record<string, string>, keptMs?: number): Promise<void>;
}

/** The poller of a connection, or those who ask about single agents while a caller waits. */
export type Taker = 'mirror' | 'reader';

export interface PermitsOptions {
  connection: string;
  /** Unique among the instances of the region. */
  instance: string;
  taker: Taker;
  /** Requests of the whole region in any window. */
  limit: number;
  /** How many of them only readers may use; less than `limit`. */
  headroom: number;
  /** How many of the mirror's requests may be those of readings: of the first, and of later ones. Default: all. */
  readings?: { first: number; reading: number };
  /** A minute but in tests. */
  windowMs?: number;
}

/** What may be sent to one platform, counted by the store's clock. */
export interface Permits {
  /**
   * Counts a request if it may go out now.
   * @param acceptedAfter how many refusals in a row were known when the platform took a request; 0: none since
   * @param lane whether it is one of the many requests of a reading
   * @returns ms until it is worth asking again, 0 if it was counted; and how many requests were refused in a row
   */
  take(acceptedAfter: number, lane?: 'first' | 'reading' | 'rest'): Promise<{ waitMs: number; refusals: number }>;
  /**
   * The platform refused a request: nobody in the region sends one until the wait that it asked for is over.
   * @param jitterMs on top, by chance, so that not all regions come back at once
   */
  refused(retryAfterMs: number, jitterMs: number): Promise<void>;
}

/**
 * What is wrong with where an agent stands in a queue.
 * `missing`: free, and nobody would find them. `misplaced`: in line, and not where their arrival puts them.
 * `stuck`: at the tail for longer than anybody holds them. `unavailable`: in the queue, and not to be had.
 * `ghost`: in a queue that is not theirs, or without a record.
 */
export type Misplacement = 'missing' | 'misplaced' | 'stuck' | 'unavailable' | 'ghost';

/** What a check of a domain found and put right. */
export interface Aligned {
  /** Records compared with their places, and members of queues with their records. */
  records: number;
  members: number;
  repaired: Partial<Record<Misplacement, number>>;
}

/** What is known of one part of the store that can fail by itself. */
export interface ShardState {
  address: string;
  up: boolean;
  /** Replicas connected at the last look. */
  replicas: number;
  /** How long the last look took, in ms. */
  probeMs: number;
  /** How far its clock was ahead of this instance's at the last look, in ms. */
  clockOffsetMs: number;
  /** Why it refuses to write, in its own words; undefined while it does not. What it can read is still read. */
  refuses?: string;
}
