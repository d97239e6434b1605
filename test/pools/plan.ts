import type { Capacity, Media, PresenceState } from '../../src/agent/facets.ts';
import type { Config } from '../../src/config/schema.ts';

/*
 * A plan is a pool and what is done to it, as plain data: it is generated, shrunk, printed, stored and played again.
 *
 * Agents are named by numbers: first the people, then the crowd. A number beyond them wraps round; the number after the
 * last one is that of an agent who was never reported.
 */

export interface Plan {
  /** Index of {@link RANKINGS}. */
  ranking: number;
  people: Person[];
  /** Many agents who are alike. */
  crowd: Crowd;
  /** The requests of this pool. They are few, so that the same one is made again after a change. */
  requests: Request[];
  acts: PoolAct[];
}

export const RANKINGS: Partial<Config['ranking']>[] = [
  {},
  { tenureSecondsPerYear: 0.005, proficiencySeconds: 0.02, fairnessSecondsPerMinute: 3 },
  { tenureSecondsPerYear: 0.005, surplusSeconds: 0.02 },
];

/** An agent at the start. `lapsed`: a claim has just lapsed. `calling` and `chatting`: an interaction is reported. */
export interface Person {
  isAway: boolean;
  /** `q`, `other`, or both. */
  queues: string[];
  skills: Record<string, number>;
  capacity?: Capacity | undefined;
  /** Whether the agent became available before the crowd or after it. */
  stands: 'ahead' | 'last';
  sinceMs: number;
  tenureDays: number;
  state: PersonState;
}

export type PersonState =
  | 'free'
  | 'plain'
  | 'paused'
  | 'off'
  | 'unknown'
  | 'silent'
  | 'calling'
  | 'chatting'
  | 'was-calling'
  | 'lapsed';

export interface Crowd {
  count: number;
  /** How many of them have a claim that has lapsed; these stand at the tail of the queue. */
  lapsed: number;
  isAway: boolean;
  isOff: boolean;
  skills: Record<string, number>;
}

export interface Request {
  queue: 'q' | 'other' | 'global';
  media: Media;
  skills: Record<string, number>;
  /** Why agents of the other region are passed over. */
  passOver?: 'stale' | 'budget' | 'unreachable' | undefined;
  vouched: number[];
  /** Whether delegated grants are allowed for vouched agents. */
  instead: boolean;
  excluded: number[];
  /** The one agent wanted. */
  only?: number | undefined;
  /** Whether a claim, or a reservation, is over with the next `pass`. */
  isShort: boolean;
}

export type Ending =
  | 'release'
  | 'decline'
  | 'refuse'
  | 'fail'
  | 'wrap-up'
  | 'short wrap-up'
  | 'confirm'
  | 'short confirm';

export type PoolAct =
  /** Claims under new call ids until there is nobody, at most so many. */
  | { kind: 'claim'; request: number; most: number }
  /** The same call again, e.g. after a refusal. */
  | { kind: 'retry'; call: number; excludes: boolean }
  | { kind: 'find'; request: number; limit: number }
  | { kind: 'settle'; grant: number; how: Ending }
  /** Time in which every short claim and reservation ends. */
  | { kind: 'pass' }
  /** Ends lapsed claims, as the background work does. */
  | { kind: 'lapses' }
  | { kind: 'align' }
  | { kind: 'profile'; who: number; queues: string[]; skills: Record<string, number>; capacity?: Capacity | undefined }
  | { kind: 'presence'; who: number; state: PresenceState; isPlain: boolean }
  | { kind: 'activity'; who: number; state: 'IDLE' | 'NOT_RESPONDING' | 'WRAP_UP' }
  | {
      kind: 'interaction';
      who: number;
      media: Media;
      state: 'ALERTING' | 'CONNECTED' | 'ENDED';
      /** Whether its call id is that of a claim on the agent. */
      isClaimed: boolean;
    }
  | { kind: 'forget'; who: number; removes: boolean }
  /** A claim that another region granted. */
  | { kind: 'heard'; who: number; unit: string; state: 'HELD' | 'WRAP_UP' | 'ENDED'; isShort: boolean };

/** Largest pools of a proof. A store whose walk is bounded is proven within its bounds. */
export interface Bounds {
  inLine: number;
  /** Agents with a claim or reservation that is over and was not ended. */
  lapsed: number;
  /** Whether a wrap-up beside voice that is over may still count as in hand, for the order of agents. */
  countsWrapUps: boolean;
}
