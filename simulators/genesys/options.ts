import { NOBODY, type Witness } from '../kit/witness.ts';
import { type Customs, HARD } from './customs.ts';
import type { FaultSettings } from './faults.ts';
import type { Utilization } from './model.ts';
import { ONE_AT_A_TIME } from './utilization.ts';

/** How agents behave. Durations are means in ms unless they say otherwise, probabilities run from 0 to 1. */
export const HABITS = {
  /** Everybody who is in today has logged in after this long. */
  loginWithinMs: 3_000,
  /** From logging in to going on queue. */
  signInMs: 800,
  /** Bounds of the time from the first ring to the answer. */
  answerFromMs: 200,
  answerToMs: 1_500,
  /** How long a call rings before the platform takes it away; exact. */
  alertTimeoutMs: 8_000,
  talkMs: 12_000,
  wrapUpMs: 4_000,
  breakMs: 15_000,
  /** Logged out, after which a new shift begins. */
  shiftGapMs: 60_000,
  /** How long an agent who missed a call stays NOT_RESPONDING. */
  notRespondingMs: 10_000,
  absentAtStart: 0.03,
  missesCall: 0.01,
  takesBreak: 0.08,
  endsShift: 0.02,
  /** Share of agents who carry several chats, messages and emails at once. */
  carriesSeveral: 0,
};
export type Habits = typeof HABITS;

/** How fast the platform is; in ms, exact. */
export const TIMINGS = {
  /** Bounds of the time from a change to its notification, drawn anew for every topic and channel. */
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

export interface SimulatorOptions {
  /** 0 takes a free one. */
  port: number;
  seed: number;
  agents: number;
  queues: number;
  credentials: Credentials;
  /** Per token, as Genesys counts. */
  requestsPerMinute: number;
  /** Whether nobody logs in until `resume`. */
  paused: boolean;
  /** What agents may carry who have no setting of their own. */
  utilization: Utilization;
  customs: Customs;
  habits: Partial<Habits>;
  timings: Partial<Timings>;
  faults: Partial<FaultSettings>;
  witness: Witness;
}

export const DEFAULTS: SimulatorOptions = {
  port: 0,
  seed: 1,
  agents: 50,
  queues: 6,
  credentials: { clientId: 'local-client', clientSecret: 'local-secret' },
  requestsPerMinute: 300,
  paused: false,
  utilization: ONE_AT_A_TIME,
  customs: HARD,
  habits: {},
  timings: {},
  faults: {},
  witness: NOBODY,
};
