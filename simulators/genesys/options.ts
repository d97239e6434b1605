import { COMMON_DEFAULTS, HABITS as COMMON_HABITS, type CommonOptions } from '../kit/options.ts';
import { type Customs, HARD } from './customs.ts';
import type { FaultSettings } from './faults.ts';
import type { Utilization } from './model.ts';
import { ONE_AT_A_TIME } from './utilization.ts';

/** How agents behave. Durations are means in ms unless they say otherwise, probabilities run from 0 to 1. */
export const HABITS = {
  ...COMMON_HABITS,
  /** How long a call rings before the platform takes it away; exact. */
  alertTimeoutMs: 8_000,
  /** How long an agent who missed a call stays NOT_RESPONDING. */
  notRespondingMs: 10_000,
  /** Share of agents who carry several chats, messages and emails at once. */
  carriesSeveral: 0,
};
export type Habits = typeof HABITS;

/** How fast the platform is; in ms, exact. */
export const TIMINGS = {
  /** Bounds of the time from a change to its notification, drawn for every topic and channel. */
  lagFromMs: 20,
  lagToMs: 150,
  heartbeatMs: 30_000,
  /** From `v2.system.socket_closing` to the end of the socket. */
  closingNoticeMs: 60_000,
  channelLifeMs: 24 * 60 * 60_000,
  tokenLifeMs: 24 * 60 * 60_000,
};
export type Timings = typeof TIMINGS;

export interface Credentials {
  clientId: string;
  clientSecret: string;
}

/** As Genesys counts, `requestsPerMinute` is a limit of each token. */
export interface SimulatorOptions
  extends CommonOptions<{ credentials: Credentials; habits: Habits; timings: Timings; faults: FaultSettings }> {
  /** Utilization of agents who have no setting of their own. */
  utilization: Utilization;
  customs: Customs;
}

export const DEFAULTS: SimulatorOptions = {
  ...COMMON_DEFAULTS,
  credentials: { clientId: 'local-client', clientSecret: 'local-secret' },
  requestsPerMinute: 300,
  utilization: ONE_AT_A_TIME,
  customs: HARD,
};
