import type { Facets } from '../agent/facets.ts';
import type { WrongField } from '../agent/fields.ts';
import type { AgentAsRead } from '../agent/reconcile.ts';
import type { Log } from '../ops/log.ts';
import type { RequestBudget } from './budget.ts';

/** One thing a platform said about one agent of its own accord, normalised. */
export interface PlatformReport {
  agentId: string;
  /** The same for the same fact, however often and by whatever way it arrives. */
  eventId: string;
  /** Platform time in ms of the newest facet in it. */
  timestampMs: number;
  /** What the report knows; what it does not know it leaves out. */
  facets: Facets;
}

/** One agent as a reading found them. */
export interface AgentReading extends AgentAsRead {
  agentId: string;
}

/** Part of a reading. */
export interface ReadPage {
  /** When the platform answered, by its own clock, in ms. */
  atMs: number;
  agents: AgentReading[];
}

/** A complete reading of a platform, as it goes on. Both ways throw what stands in the way. */
export interface Reading {
  /** Everybody at work there, page by page. Somebody may be missing, or come twice. */
  pages(): AsyncIterable<ReadPage>;
  /** These alone, asked for by id: one the platform does not have is gone. */
  byId(agentIds: string[]): AsyncIterable<ReadPage>;
}

/** How far the first complete reading of a platform is. */
export interface FirstReading {
  /** What is read just now, for people: `how agents are`. */
  step: string;
  /** Agents read so far; an agent's queues and skills may follow. */
  agents: number;
  /** How many there are, as far as the platform has said. */
  about?: number;
  /** How long it has taken, in ms. */
  forMs: number;
}

export interface PlatformHealth {
  /** Whether live changes are flowing. */
  connected: boolean;
  /** When the last complete snapshot ended, in ms of local wall time; undefined before the first. */
  lastSnapshotMs?: number;
  /** Agents known to the connection. */
  agents: number;
  /** Until the first complete reading has ended. */
  reading?: FirstReading;
  /** What stands in the way, for people. */
  problem?: string;
  /** What of its agents did not fit into a record and was left out, or shortened; absent where all fits. */
  cut?: { agents: number; queues: number; skills: number; texts: number };
  /** Times without a zone that came since the start, and were not read; absent where none did. */
  zonelessTimes?: number;
}

/**
 * One account on one platform. Started by the instance that holds the connection's lease in the home region; it must
 * read everything on start, after every gap and at every interval, report every change, and retry by itself for ever.
 */
export interface PlatformConnection {
  start(): void;
  /** Reads everything as soon as it can, without waiting for the interval. */
  readNow(): void;
  /** Resolves when nothing more will be reported. */
  stop(): Promise<void>;
  health(): PlatformHealth;
}

/**
 * Asks a platform about single agents, and sends them conversations, in any region and beside the connection. It never
 * waits for its turn: a caller is on the line.
 */
export interface PlatformReader {
  /** Most agents that one request can ask about. */
  readonly batch: number;
  /** Logs in, so that the first caller need not wait for it. @throws Error where that fails */
  prepare(): Promise<void>;
  /**
   * What the platform says of these agents now: one request for each `batch`. Who is unknown to it is reported as
   * gone; who it says only half of is left out.
   * @throws Error where it does not answer, or may not be asked now
   */
  read(agentIds: string[], signal: AbortSignal): Promise<PlatformReport[]>;
  /** Tells the platform to give a waiting conversation to an agent; absent where a platform has no such way. Never throws. */
  assign?(agentId: string, conversationId: string, signal: AbortSignal): Promise<Assignment>;
  close(): Promise<void>;
}

/**
 * What a platform said when it was told to assign a conversation to an agent. None of it says that the agent has it: only
 * that it alerts there does.
 */
export type Assignment =
  | { answer: 'accepted' }
  /** It did not answer in time: it may have taken the order. */
  | { answer: 'unknown' }
  /** It will not; why, for people. */
  | { answer: 'refused'; reason: string }
  /** It was not told, and nothing has happened: no login, no permission, or no request left of this minute. */
  | { answer: 'not_sent'; reason: string };

/** One fact about one agent that a platform pushed. */
export interface PushedFact {
  agentId: string;
  /**
   * What is to be accepted; undefined where that is nothing. Pure.
   * @param held what the region's store holds of the agent; undefined where it knows nobody of the id
   */
  reportOn(held: Facets | undefined): PlatformReport | undefined;
}

/** What a pushed body says. Everything in it is about agents of the connection it was pushed to. */
export interface PushReading {
  /** In the order they came. */
  facts: PushedFact[];
  /** Agents of whom it says that something changed, but not what: the platform is to be asked. */
  hints: string[];
  /** Records that say nothing about an agent. */
  ignored: number;
}

/** A pushed body that cannot be read, with what is wrong with it. */
export class InvalidPush extends Error {
  override name = 'InvalidPush';
  readonly errors: WrongField[];
  constructor(errors: WrongField[]) {
    super(errors.map(({ field, message }) => `${field} ${message}`).join('; '));
    this.errors = errors;
  }
}

/** Reads what a platform, or a script on it, pushes about one connection. */
export interface PushReader {
  /** The same for the same body, whatever was pushed before. @throws InvalidPush: nothing of the body is taken */
  read(body: unknown): PushReading;
}

export type PushContext = Pick<PlatformContext, 'connection' | 'count'>;

export type ReaderContext = Pick<PlatformContext, 'connection' | 'budget' | 'log' | 'count'>;

export interface PlatformContext {
  /** The connection's name in the config, e.g. `genesys-emea`: the prefix of its agents' and queues' ids. */
  connection: string;
  /** Every request to the platform is taken from it: the region's instances share it. */
  budget: RequestBudget;
  /** Time from the start of one complete reading to that of the next, in ms. */
  readingIntervalMs: number;
  /** Takes what was notified; resolves when it is durably accepted. Never called twice at once. */
  report(reports: PlatformReport[]): Promise<void>;
  /** Compares a page with the region's store; resolves when what differed is durably accepted. */
  compare(page: ReadPage): Promise<void>;
  /**
   * Compares a complete reading, page by page, then looks after agents it did not name; reports on it. Never called
   * twice at once. @throws what the reading throws
   */
  reconcile(reading: Reading): Promise<void>;
  /** Hears of an agent of whom the platform says what nobody can make sense of; the others are read all the same. */
  passOver(agentId: string, error: unknown): void;
  /** Takes events of the catalogue in `src/ops/log-events`. */
  log: Pick<Log, 'info' | 'warn'>;
  /**
   * Counts, by name: `unknown_value`, `malformed_frame`, `mended_text`, `cut`, `zoneless_time`, `throttled`, `out_of_budget`, `request_failed`, `resync`. A value nobody has met
   * before, told as `field:VALUE`, is also logged, once.
   */
  count(name: string, value?: string): void;
}
