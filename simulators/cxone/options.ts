import { COMMON_DEFAULTS, HABITS as COMMON_HABITS, type CommonOptions } from '../kit/options.ts';
import type { FaultSettings } from './faults.ts';
import { SWITCHES, type Switches } from './switches.ts';

/** How agents behave. Durations are means in ms unless they say otherwise, probabilities run from 0 to 1. */
export const HABITS = {
  ...COMMON_HABITS,
  /** How long a session shows LoggedIn before it turns Unavailable; exact. */
  loggedInMs: 200,
  /** How long a contact is offered before the platform takes it away; exact. */
  refusalTimeoutMs: 8_000,
  /** Handling time of a contact that is not a call. */
  digitalMs: 25_000,
  /** How long an agent who refused a contact stays Refused. */
  refusedMs: 10_000,
};
export type Habits = typeof HABITS;

/** How fast the platform is; in ms, exact. */
export const TIMINGS = {
  /** Bounds of the time from a change to the moment the API shows it. */
  lagFromMs: 20,
  lagToMs: 300,
  tokenLifeMs: 3_600_000,
  /** How long an agent may stay in one unavailable code before the platform logs them out. */
  codeTimeoutMs: 120 * 60_000,
};
export type Timings = typeof TIMINGS;

export interface Credentials {
  clientId: string;
  clientSecret: string;
  accessKeyId: string;
  accessKeySecret: string;
}

/**
 * `requestsPerMinute` is a limit of the whole business unit; the platform publishes no number. `queues` counts phone
 * skills; there are three more, for chat, mail and messaging.
 */
export interface SimulatorOptions
  extends CommonOptions<{ credentials: Credentials; habits: Habits; timings: Timings; faults: FaultSettings }> {
  /** The share of agents who may carry several contacts at once, from 0 to 1. */
  omnichannel: number;
  switches: Partial<Switches>;
}

export const DEFAULTS: SimulatorOptions = {
  ...COMMON_DEFAULTS,
  omnichannel: 0.4,
  credentials: {
    clientId: 'local-client@local',
    clientSecret: 'local-secret',
    // A client must percent-encode its form to send these.
    accessKeyId: 'LOCAL+ACCESS/KEY====',
    accessKeySecret: 'local+secret/of&key==',
  },
  requestsPerMinute: 600,
  switches: SWITCHES,
};
