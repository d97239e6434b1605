import { NOBODY, type Witness } from '../kit/witness.ts';
import type { FaultSettings } from './faults.ts';
import { SWITCHES, type Switches } from './switches.ts';

/** How agents behave. Durations are means in ms unless they say otherwise, probabilities run from 0 to 1. */
export const HABITS = {
  /** Everybody who is in today has logged in after this long. */
  loginWithinMs: 3_000,
  /** How long a session shows LoggedIn before it turns Unavailable; exact. */
  loggedInMs: 200,
  /** From there to Available. */
  signInMs: 800,
  /** Bounds of the time from the first ring to the answer. */
  answerFromMs: 200,
  answerToMs: 1_500,
  /** How long a contact is offered before the platform takes it away; exact. */
  refusalTimeoutMs: 8_000,
  talkMs: 12_000,
  /** Conversations in writing take longer. */
  digitalMs: 25_000,
  wrapUpMs: 4_000,
  breakMs: 15_000,
  /** Logged out, after which a new shift begins. */
  shiftGapMs: 60_000,
  /** How long an agent who refused a contact stays Refused. */
  refusedMs: 10_000,
  absentAtStart: 0.03,
  missesCall: 0.01,
  takesBreak: 0.08,
  endsShift: 0.02,
};
export type Habits = typeof HABITS;

/** How fast the platform is; in ms, exact. */
export const TIMINGS = {
  /** Bounds of the time from a change to the moment the API shows it. */
  lagFromMs: 20,
  lagToMs: 300,
  tokenLifeMs: 3_600_000,
  /** How long somebody may stay in one unavailable code before the platform logs them out. */
  codeTimeoutMs: 120 * 60_000,
};
export type Timings = typeof TIMINGS;

export interface Credentials {
  clientId: string;
  clientSecret: string;
  accessKeyId: string;
  accessKeySecret: string;
}

export interface SimulatorOptions {
  /** 0 takes a free one. */
  port: number;
  seed: number;
  agents: number;
  /** Phone skills; there are three more for what is written. */
  queues: number;
  /** The share of agents who may carry several contacts at once, from 0 to 1. */
  omnichannel: number;
  credentials: Credentials;
  /** Of the whole business unit. The platform publishes no number. */
  requestsPerMinute: number;
  /** Whether nobody logs in until `resume`. */
  paused: boolean;
  habits: Partial<Habits>;
  timings: Partial<Timings>;
  switches: Partial<Switches>;
  faults: Partial<FaultSettings>;
  witness: Witness;
}

export const DEFAULTS: SimulatorOptions = {
  port: 0,
  seed: 1,
  agents: 50,
  queues: 6,
  omnichannel: 0.4,
  credentials: {
    clientId: 'local-client@local',
    clientSecret: 'local-secret',
    // Only a client that percent-encodes its form gets these across.
    accessKeyId: 'LOCAL+ACCESS/KEY====',
    accessKeySecret: 'local+secret/of&key==',
  },
  requestsPerMinute: 600,
  paused: false,
  habits: {},
  timings: {},
  switches: SWITCHES,
  faults: {},
  witness: NOBODY,
};
