import type { Origin } from './line-origin.ts';

/**
 * Lines about the surroundings of the instances: platform states, links, processes. The local world writes them to a file
 * of its own, as process `world`, with the same monotonic clock. `region` is the region that the line is about, or empty.
 */

export const WORLD_OPS = ['platform', 'weather', 'bus', 'store', 'instance', 'world'] as const;

/** An agent's state changed on the platform. Answers of all regions are judged by it. */
interface PlatformChangedLine extends Origin {
  op: 'platform';
  phase: 'changed';
  connection: string;
  /** The agent's id in Muster. */
  agent: string;
  facet: 'presence' | 'activity';
  value: string;
  /** The platform's timestamp of the change, in ms. */
  version_at: number;
}

/** A request that reached the platform's API. */
export interface PlatformRequestLine extends Origin {
  op: 'platform';
  phase: 'request';
  connection: string;
  /** Identifies the access token, by which the platform counts. */
  token: string;
  /** The HTTP status of the answer: 200, 429 … */
  status: number;
  /** The drill forced this answer; it is no sign of a fault of the caller. */
  forced?: true;
}

/** How soon the platform notifies of changes from now on, in ms; null: possibly never. Holds until the next such line. */
interface PlatformNotifiesLine extends Origin {
  op: 'platform';
  phase: 'notifies';
  connection: string;
  within_ms: number | null;
}

/** `clear` may have ordinary latency. A `stalled` link accepts data and delivers none. */
export type WeatherState = 'clear' | 'slow' | 'cut' | 'stalled';

/** A link between two of: a region, a connection (by name), `bus`. `a` and `b` are in no particular order. */
export interface WeatherLine extends Origin {
  op: 'weather';
  phase: 'changed';
  a: string;
  b: string;
  state: WeatherState;
  latency_ms: number;
}

/** `region` stops reading from the bus although the bus is available (`ignored`), or reads again (`taken`). */
interface BusLine extends Origin {
  op: 'bus';
  phase: 'ignored' | 'taken';
}

/** A master of `region` has no replica that follows it, so a failover would lose writes (`alone`); or all masters have one. */
interface StoreLine extends Origin {
  op: 'store';
  phase: 'alone' | 'replicated';
}

/** An instance of `region` started, or ended: stopped, killed or frozen. */
interface InstanceLine extends Origin {
  op: 'instance';
  phase: 'started' | 'ended';
  instance: string;
}

/** The configuration values that checkers need. All times in ms. */
export interface WorldSettings {
  /** By name: the home and the authority policy. */
  connections: Record<string, { home: string; authority: 'verify' | 'refuse' }>;
  suspect_ms: number;
  stale_ms: number;
  heartbeat_ms: number;
  /** How often the home compares a connection with its platform. */
  reconcile_ms: number;
  /** How long an unconfirmed claim holds its agent. */
  held_ms: number;
  /** How long a confirmed claim holds its agent at most. */
  confirmed_ms: number;
  /** Whether a claim that no replica acknowledged is granted with a warning, or refused. */
  replication: 'grant' | 'refuse';
  /** Requests that a platform accepts per minute and token. */
  budget_per_minute: number;
}

interface SettingsLine extends Origin, WorldSettings {
  op: 'world';
  phase: 'settings';
}

/** All callers have stopped: a claim that still holds an agent was leaked. */
interface DrainedLine extends Origin {
  op: 'world';
  phase: 'drained';
}

/** All regions and platforms were compared while nothing changed. */
export interface ConvergedLine extends Origin {
  op: 'world';
  phase: 'converged';
  /** Agents that differed between them. */
  differing: number;
  /** Some of the differences. */
  examples: string[];
}

export type WorldLine =
  | PlatformChangedLine
  | PlatformRequestLine
  | PlatformNotifiesLine
  | WeatherLine
  | BusLine
  | StoreLine
  | InstanceLine
  | SettingsLine
  | DrainedLine
  | ConvergedLine;
