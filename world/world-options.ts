import type { Habits } from '@muster/simulators/genesys/options';
import type { BusDriver } from './bus/bus.ts';
import { WAYS, type Way } from './platforms/scripts.ts';
import type { WeatherKind } from './weather/figures.ts';

/** `both`: two Genesys Cloud organisations and a NICE CXone business unit. `genesys`: three organisations. */
export type PlatformsKind = 'both' | 'genesys';

export interface WorldOptions {
  /** Agents of all connections together. */
  agents: number;
  callsPerSecond: number;
  seed: number;
  /** Whether every Redis master has a replica. */
  replicas: boolean;
  /** How long a Redis node may be silent before its cluster marks it as failed. */
  nodeTimeoutMs: number;
  instancesPerRegion: number;
  /** Whether instances write histories, which the report needs. */
  histories: boolean;
  platforms: PlatformsKind;
  /** Ways of calls to agents on Genesys Cloud; of several, a random one. */
  ways: readonly Way[];
  /** Driver of the event bus between regions. */
  bus: BusDriver;
  /** Habits of agents that differ from the defaults. */
  habits: Partial<Habits>;
  /** Latencies of the links between regions, bus and platforms, at the start and when they are cleared. */
  weather: WeatherKind;
  /** Whether regions need tokens. */
  auth: boolean;
  /** Merged into every instance's configuration, deeply, e.g. `{ freshness: { staleMs: 4_000 } }`. */
  config: object;
  /** Merged into every connection's configuration, e.g. `{ authority: 'refuse' }`. */
  connection: object;
  /** Offset of the wall clock of a region's instances, by region. */
  clockOffsetsMs: Record<string, number>;
  /** Regions whose instances run on hosts that can be made to stand still. */
  stoppable: readonly string[];
  /** A new or empty folder for the world's files, which is kept; default: a temporary one. */
  keep?: string;
  /** Cancels the start. */
  signal?: AbortSignal;
}

export const WORLD_DEFAULTS: WorldOptions = {
  agents: 600,
  callsPerSecond: 20,
  seed: 1,
  replicas: true,
  nodeTimeoutMs: 5_000,
  instancesPerRegion: 1,
  histories: true,
  platforms: 'both',
  ways: WAYS,
  bus: 'redis-streams',
  habits: {},
  weather: 'calm',
  auth: false,
  config: {},
  connection: {},
  clockOffsetsMs: {},
  stoppable: [],
};
