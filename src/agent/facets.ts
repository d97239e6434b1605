/**
 * An agent is a set of facets. Each is a register of its own with a total order, so any region that has seen the
 * same events, in any order and with any duplicates, holds the same agent. Nothing here knows Redis, Kafka or HTTP.
 */

import type { Capacity, DigitalMedia } from './media.ts';

/** A point in a facet's order: platform time in ms first, the event's id where two share a millisecond. */
export interface Version {
  /** Platform time in ms since the epoch; never a local clock. */
  at: number;
  /** Id of the event that brought this value. */
  id: string;
}

export type Stamped<T> = T & Version;

/** Who the agent is: changes rarely, arrives whole. */
export interface Profile {
  name: string;
  /** Platform queues the agent has joined, as `{connection}:{platform queue id}`. */
  queues: string[];
  /** Skill name to level 0-100. */
  skills: Record<string, number>;
  tenureDays: number;
  /** Interactions the agent may carry at a time; absent: one voice interaction. */
  capacity?: Capacity;
}

/** `PAUSED` is logged in but not taking work (break, meal, meeting): busy, not offline. */
export type PresenceState = 'ON_DUTY' | 'PAUSED' | 'OFF_DUTY';

export interface Presence {
  state: PresenceState;
  /** Why, in the platform's word: `BREAK`, `MEAL`, `LOGGED_OUT`. */
  reason?: string;
}

export type ActivityState = 'IDLE' | 'INTERACTING' | 'WRAP_UP' | 'NOT_RESPONDING';

export interface Activity {
  state: ActivityState;
  reason?: string;
}

export type InteractionState = 'ALERTING' | 'CONNECTED' | 'WRAP_UP' | 'ENDED';

export interface Interaction {
  callId: string;
  state: InteractionState;
  /** Platform time in ms at which it connected; absent if it never did. */
  connectedAt?: number;
  /** Absent for voice, and where the platform does not say. */
  media?: DigitalMedia;
}

/** The stages of a claim, in the only order they can follow each other. */
export type ClaimState = 'HELD' | 'CONFIRMED' | 'WRAP_UP' | 'ENDED';

/**
 * Why a claim ended: the caller said that the interaction is over, or gave the agent back; the agent did not take the
 * call; the lock's time was over; another claim stands in its place; the platform's own word.
 */
export const END_REASONS = ['completed', 'released', 'refused', 'lapsed', 'superseded', 'platform'] as const;
export type EndReason = (typeof END_REASONS)[number];

/** The exclusive right to send one interaction to the agent. Its version is `(fence, by, state, untilMs)`. */
export interface Claim {
  /** The unit of the agent's capacity that it takes, see `units.ts`; absent: the one for voice. */
  unit?: string;
  /** Grows with every claim on the agent; a lower one is refused everywhere. */
  fence: number;
  state: ClaimState;
  /** The lock lapses at this time in ms, by the clock of the shard that granted it. */
  untilMs: number;
  /** The region that granted it in the home's stead, under policy `verify`; absent where the home did. */
  by?: string;
  /**
   * What was left of the lock when this was said, in ms. No part of the version: other regions count from it by their
   * own clocks, because `untilMs` is by a clock they do not have.
   */
  remainingMs?: number;
  callId: string;
  queue: string;
  /** When the agent was last free again after a completed claim, in platform ms where the platform tells; 0 if never. */
  completedAtMs: number;
  /** Why nobody holds the agent by it any more; only of a claim that is `WRAP_UP` or `ENDED`. */
  endReason?: EndReason;
}

export type Digital = Record<string, Stamped<Interaction>>;

export interface Facets {
  /** When the agent was last forgotten: see `tombstone.ts`. */
  forgotten?: Version;
  profile?: Stamped<Profile>;
  presence?: Stamped<Presence>;
  activity?: Stamped<Activity>;
  interaction?: Stamped<Interaction>;
  /** Interactions of every media type but voice, by call id: each a register of its own. */
  digital?: Digital;
  /** The claim on the agent's one unit for voice. */
  claim?: Claim;
  /** Claims on units of other media types, by unit: each a register of its own. */
  digitalClaims?: Record<string, Claim>;
}

export const FACET_NAMES = [
  'forgotten',
  'profile',
  'presence',
  'activity',
  'interaction',
  'digital',
  'claim',
  'digitalClaims',
] as const;
export type FacetName = (typeof FACET_NAMES)[number];

/** Negative when `a` is older than `b`, 0 when they are the same event, positive when newer. */
export function compareVersions(a: Version, b: Version): number {
  if (a.at !== b.at) return a.at - b.at;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

const STAGE: Record<ClaimState, number> = { HELD: 0, CONFIRMED: 1, WRAP_UP: 2, ENDED: 3 };

/**
 * The claim's own order: fence, then the home's before another's, then stage, then the later end; the call's id and why it
 * ended only make the order total.
 */
export function compareClaims(a: Claim, b: Claim): number {
  const order = a.fence - b.fence || compareGranters(a.by, b.by) || STAGE[a.state] - STAGE[b.state];
  return order || a.untilMs - b.untilMs || compareTexts(a.callId, b.callId) || compareTexts(a.endReason, b.endReason);
}

/** By code units: the same order everywhere. */
export const compareTexts = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0);

/** The home is above all; two regions that granted in its stead are told apart by name alone. */
function compareGranters(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? 1 : -1;
  return a < b ? 1 : -1;
}

/** An interaction as the facet that it is part of. */
export function interactionFacet(interaction: Stamped<Interaction>): Pick<Facets, 'interaction' | 'digital'> {
  return interaction.media === undefined ? { interaction } : { digital: { [interaction.callId]: interaction } };
}

/** A claim as the facet that it is part of. */
export function claimFacet(claim: Claim): Pick<Facets, 'claim' | 'digitalClaims'> {
  return claim.unit === undefined ? { claim } : { digitalClaims: { [claim.unit]: claim } };
}

/** Every claim of these facets. */
export function claimsOf({ claim, digitalClaims = {} }: Facets): Claim[] {
  return [...(claim ? [claim] : []), ...Object.values(digitalClaims)];
}

/** Whether a claim is a call's, as far as its state tells: its time may be over all the same. */
export function isRunning({ state, callId }: Claim): boolean {
  return callId !== '' && (state === 'HELD' || state === 'CONFIRMED');
}
