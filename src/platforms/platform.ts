import type { Facets } from '../agent/facets.ts';
import type { WrongField } from '../agent/fields.ts';
import type { AgentAsRead } from '../agent/reconcile.ts';
import type { Log } from '../ops/log.ts';
import type { RequestBudget } from './budget.ts';

/** One live change that a platform reported about one agent, normalised. */
export interface PlatformReport {
  agentId: string;
  /** The same for the same fact, however often and by whatever path it arrives. */
  eventId: string;
  /** Platform time in ms of the newest facet in it. */
  timestampMs: number;
  /** Facets that the report knows; others are absent. */
  facets: Facets;
}

/** One agent as found by a full read. */
export interface AgentReading extends AgentAsRead {
  agentId: string;
}

/** One page of a read. */
export interface ReadPage {
  /** When the platform answered, by its own clock, in ms. */
  atMs: number;
  agents: AgentReading[];
}

/** A full read of a platform, page by page. Both methods throw RequestFailed. */
export interface Reading {
  /** All agents at work, page by page. An agent may be missing or come twice. */
  pages(): AsyncIterable<ReadPage>;
  /** Single agents by id; one that the platform does not know is reported as gone. */
  byId(agentIds: string[]): AsyncIterable<ReadPage>;
}

/** Progress of the first full read of a platform. */
export interface FirstReading {
  /** Current step, for people, e.g. `how agents are`. */
  step: string;
  /** Agents read so far; an agent's queues and skills may follow. */
  agents: number;
  /** Number of agents that the platform has, where it says so. */
  about?: number;
  /** Time since the start, in ms. */
  forMs: number;
}

export interface PlatformHealth {
  /** Whether live changes are flowing. */
  connected: boolean;
  /** When the last full read ended, in ms of local wall time; undefined before the first. */
  lastSnapshotMs?: number;
  /** Agents known to the connection. */
  agents: number;
  /** Present until the first full read has ended. */
  reading?: FirstReading;
  /** Why something does not work, for people. */
  problem?: string;
  /** Data of agents that did not fit into a record and was left out or shortened; absent where everything fits. */
  cut?: { agents: number; queues: number; skills: number; texts: number };
  /** Number of times without a time zone since the start; they are ignored. Absent where there were none. */
  zonelessTimes?: number;
}

/**
 * One account on one platform. Started by the instance that holds the connection's lease in the home region. It reads
 * everything on start, after every gap and at every interval, reports every change, and retries without end.
 */
export interface PlatformConnection {
  start(): void;
  /** Starts a full read as soon as possible, without waiting for the interval. */
  readNow(): void;
  /** Resolves when nothing more will be reported. */
  stop(): Promise<void>;
  health(): PlatformHealth;
}

/**
 * Asks a platform about single agents and assigns conversations to them, in any region, independently of the connection.
 * It fails rather than wait for request budget, because a caller is waiting.
 */
export interface PlatformReader {
  /** Largest number of agents in one request. */
  readonly batch: number;
  /** Logs in ahead of the first caller. @throws Error if the login fails */
  prepare(): Promise<void>;
  /**
   * Reads the current state of these agents, with one request per `batch`. An agent unknown to the platform is reported as
   * gone; one with incomplete state is left out.
   * @throws Error if the platform does not answer, or the request budget is used up
   */
  read(agentIds: string[], signal: AbortSignal): Promise<PlatformReport[]>;
  /** Assigns a waiting conversation to an agent; absent where the platform cannot do that. Never throws. */
  assign?(agentId: string, conversationId: string, signal: AbortSignal): Promise<Assignment>;
  close(): Promise<void>;
}

/**
 * A platform's answer to the request to assign a conversation. No answer proves that the agent has the conversation; only
 * the alert does.
 */
export type Assignment =
  | { answer: 'accepted' }
  /** No answer in time: the platform may have accepted. */
  | { answer: 'unknown' }
  /** The platform refused; `reason` is for people. */
  | { answer: 'refused'; reason: string }
  /** Nothing was done: no login, no permission, or no request budget left. */
  | { answer: 'not_sent'; reason: string };

/** One fact about one agent that a platform pushed. */
export interface PushedFact {
  agentId: string;
  /**
   * The report to accept; undefined for none. Pure.
   * @param held facets that the region's store has of the agent; undefined for an unknown agent
   */
  reportOn(held: Facets | undefined): PlatformReport | undefined;
}

/** Content of a pushed body. All of it is about agents of the connection that it was pushed to. */
export interface PushReading {
  /** In the order they came. */
  facts: PushedFact[];
  /** Agents with a change hint: something changed, so the platform has to be asked. */
  hints: string[];
  /** Number of records that are not about an agent. */
  ignored: number;
}

/** A pushed body that cannot be read, with its wrong fields. */
export class InvalidPush extends Error {
  override name = 'InvalidPush';
  readonly errors: WrongField[];
  constructor(errors: WrongField[]) {
    super(errors.map(({ field, message }) => `${field} ${message}`).join('; '));
    this.errors = errors;
  }
}

/** Reads bodies that a platform, or a script on it, pushes to one connection. */
export interface PushReader {
  /** Depends on the body alone. @throws InvalidPush: nothing of the body is accepted */
  read(body: unknown): PushReading;
}

export type PushContext = Pick<PlatformContext, 'connection' | 'count'>;

export type ReaderContext = Pick<PlatformContext, 'connection' | 'budget' | 'log' | 'count'>;

export interface PlatformContext {
  /** The connection's name in the config, e.g. `genesys-emea`: the prefix of its agents' and queues' ids. */
  connection: string;
  /** Budget of all requests to the platform, shared by the region's instances. */
  budget: RequestBudget;
  /** Time from the start of one full read to the start of the next, in ms. */
  readingIntervalMs: number;
  /** Accepts live changes; resolves when they are stored durably. Never called concurrently. */
  report(reports: PlatformReport[]): Promise<void>;
  /** Compares a page with the region's store; resolves when the differences are stored durably. */
  compare(page: ReadPage): Promise<void>;
  /**
   * Compares a full read with the store, page by page, then checks agents that were missing in it, and logs the result.
   * Never called concurrently. @throws RequestFailed
   */
  reconcile(reading: Reading): Promise<void>;
  /** Skips an agent whose data cannot be interpreted; all others are read. */
  passOver(agentId: string, error: unknown): void;
  /** Logs events of the catalogue in `src/ops/log-events`. */
  log: Pick<Log, 'info' | 'warn'>;
  /**
   * Counts, by name: `unknown_value`, `malformed_frame`, `mended_text`, `cut`, `zoneless_time`, `throttled`, `out_of_budget`, `request_failed`, `resync`. An unknown
   * value, passed as `field:VALUE`, is also logged once.
   */
  count(name: string, value?: string): void;
}
