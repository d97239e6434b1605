import { NO_WITNESS, type Witness } from './witness.ts';

/** How agents of every platform behave. Durations are means in ms unless they say otherwise, probabilities run from 0 to 1. */
export const HABITS = {
  /** All agents of the first shift have logged in after this long. */
  loginWithinMs: 3_000,
  /** From logging in to taking work. */
  signInMs: 800,
  /** Bounds of the time from the first ring to the answer. */
  answerFromMs: 200,
  answerToMs: 1_500,
  talkMs: 12_000,
  wrapUpMs: 4_000,
  breakMs: 15_000,
  /** Logged out, after which a new shift begins. */
  shiftGapMs: 60_000,
  absentAtStart: 0.03,
  missesCall: 0.01,
  takesBreak: 0.08,
  endsShift: 0.02,
};
export type Habits = typeof HABITS;

/** The options that every simulator has. `Own` are the types in which platforms differ. */
export interface CommonOptions<Own extends { credentials: object; habits: object; timings: object; faults: object }> {
  /** 0 takes a free one. */
  port: number;
  seed: number;
  agents: number;
  /** Queues that take calls. */
  queues: number;
  credentials: Own['credentials'];
  /** How many requests the platform allows. */
  requestsPerMinute: number;
  /** Whether no agent logs in until `resume`. */
  paused: boolean;
  habits: Partial<Own['habits']>;
  timings: Partial<Own['timings']>;
  faults: Partial<Own['faults']>;
  witness: Witness;
}

/** Defaults that every simulator has. */
export const COMMON_DEFAULTS = {
  port: 0,
  seed: 1,
  agents: 50,
  queues: 6,
  paused: false,
  habits: {},
  timings: {},
  faults: {},
  witness: NO_WITNESS,
};
