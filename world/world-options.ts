import type { Habits } from '@muster/simulators/genesys/options';
import type { BusDriver } from './bus/bus.ts';
import { WAYS, type Way } from './platforms/scripts.ts';
import type { WeatherKind } from './weather/figures.ts';

/** `both`: two Genesys Cloud organisations and a NICE CXone business unit. `genesys`: three organisations. */
export type PlatformsKind = 'both' | 'genesys';

export interface WorldOptions {
  /** In all; each connection has its share. */
  agents: number;
  callsPerSecond: number;
  seed: number;
  /** Whether every Redis master has a replica. */
  replicas: boolean;
  /** How long a Redis node may be silent before the others of its cluster take it for dead. */
  nodeTimeoutMs: number;
  instancesPerRegion: number;
  /** Whether instances write histories, without which there is no report. */
  histories: boolean;
  platforms: PlatformsKind;
  /** How calls reach agents on Genesys Cloud; several: by chance. */
  ways: readonly Way[];
  /** What carries the events between regions. */
  bus: BusDriver;
  /** How the agents behave, where not as usual. */
  habits: Partial<Habits>;
  /** What the links between regions, bus and platforms are like when the world begins, and when they are cleared. */
  weather: WeatherKind;
  /** Whether regions let nobody in without a token. */
  auth: boolean;
  /** Goes into every instance's configuration, deeply, e.g. `{ freshness: { staleMs: 4_000 } }`. */
  config: object;
  /** Goes into every connection's configuration, e.g. `{ authority: 'refuse' }`. */
  connection: object;
  /** By how much the wall clock of each region's instances is wrong, where it is. */
  clockOffsetsMs: Record<string, number>;
  /** A new or empty folder for the world's files, which stays; default: a temporary one. */
  keep?: string;
  /** Ends the start. */
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
};
