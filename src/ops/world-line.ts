import type { Origin } from './line-origin.ts';

/**
 * The lines that no instance can write, because they tell the truth about what surrounds the instances: what the
 * platforms knew, which links were down, who ran. The local world writes them, in a file of its own, as process
 * `world` and by the same monotonic clock; `region` is the one it speaks of, or empty.
 */

export const WORLD_OPS = ['platform', 'weather', 'bus', 'store', 'instance', 'world'] as const;

/** The platform's own state of an agent changed: what an honest answer of any region is measured against. */
interface PlatformChangedLine extends Origin {
  op: 'platform';
  phase: 'changed';
  connection: string;
  /** As Muster calls the agent. */
  agent: string;
  facet: 'presence' | 'activity';
  value: string;
  /** The time the platform gives the change, in ms of its own clock. */
  version_at: number;
}

/** A request that reached the platform's API. */
export interface PlatformRequestLine extends Origin {
  op: 'platform';
  phase: 'request';
  connection: string;
  /** Stands for the access token: the platform counts by token. */
  token: string;
  /** What was answered: 200, 429 and so on. */
  status: number;
  /** The answer was asked for by a fault; it says nothing about who asked. */
  forced?: true;
}

/** What happens to the platform now it tells within so many ms; null: it may never tell. Until the next such line. */
interface PlatformNotifiesLine extends Origin {
  op: 'platform';
  phase: 'notifies';
  connection: string;
  within_ms: number | null;
}

/** `clear` may have its ordinary latency; a stalled link takes everything and delivers nothing. */
export type WeatherState = 'clear' | 'slow' | 'cut' | 'stalled';

/** A link between two of: a region, a connection (by name), `bus`. The order of `a` and `b` says nothing. */
export interface WeatherLine extends Origin {
  op: 'weather';
  phase: 'changed';
  a: string;
  b: string;
  state: WeatherState;
  latency_ms: number;
}

/** `region` takes nothing from the bus although it is there, or takes it again. */
interface BusLine extends Origin {
  op: 'bus';
  phase: 'ignored' | 'taken';
}

/** A master of the store of `region` has no replica that follows it: a failover takes what it alone has. Or all have one again. */
interface StoreLine extends Origin {
  op: 'store';
  phase: 'alone' | 'replicated';
}

/** The process of an instance of `region` begins, or has ended: asked to, killed, or frozen. */
interface InstanceLine extends Origin {
  op: 'instance';
  phase: 'started' | 'ended';
  instance: string;
}

/** What a checker must know of the configuration. Every time in ms. */
export interface WorldSettings {
  /** By name: its home, and whether another region may grant in the home's stead. */
  connections: Record<string, { home: string; authority: 'verify' | 'refuse' }>;
  suspect_ms: number;
  stale_ms: number;
  heartbeat_ms: number;
  /** How often the home compares a connection with its platform. */
  reconcile_ms: number;
  /** How long a claim that nobody confirms holds its agent. */
  held_ms: number;
  /** How long a confirmed one does at most. */
  confirmed_ms: number;
  /** What becomes of a claim that no replica holds: granted with a warning, or refused. */
  replication: 'grant' | 'refuse';
  /** Requests that a platform takes per minute and token. */
  budget_per_minute: number;
}

interface SettingsLine extends Origin, WorldSettings {
  op: 'world';
  phase: 'settings';
}

/** Callers have stopped: whoever is still held now is held for nothing. */
interface DrainedLine extends Origin {
  op: 'world';
  phase: 'drained';
}

/** All regions and platforms were compared, while nothing happened. */
export interface ConvergedLine extends Origin {
  op: 'world';
  phase: 'converged';
  /** Agents of whom something differed at the end. */
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
