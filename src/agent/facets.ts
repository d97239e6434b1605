/**
 * An agent is a set of facets. Each is a register of its own with a total order, so any region that has seen the
 * same events, in any order and with any duplicates, holds the same agent. Nothing here knows Redis, Kafka or HTTP.
 */

/** Where a facet's value comes from: it is newer than another by {@link compareVersions}. */
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

/** `PAUSED` is logged in but not taking work (break, meal, meeting, or a plain `BUSY`): busy, not offline. */
export type PresenceState = 'ON_DUTY' | 'PAUSED' | 'OFF_DUTY';

export interface Presence {
  state: PresenceState;
  /** Why, in the platform's word: `BREAK`, `MEAL`, `LOGGED_OUT`. */
  reason?: string;
  /** Said as a plain status, which is all that its sender tells: of an activity nobody need have told. */
  isPlain?: true;
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
  /** Platform time in ms at which it came to be there, for whomever; absent where the platform does not tell. */
  beganAt?: number;
  /** Voice where the platform does not say. */
  media: Media;
  /**
   * The platform's routing has not sent it and does not count it, e.g. a call that was transferred to the person: the agent
   * can be `IDLE` while it lasts, so no `IDLE` says that it is over. Absent: sent by routing.
   */
  isAcd?: false;
}

/** Every interaction of an agent, of all media: a person can have two calls, and the end of one says nothing of another. */
export interface Interactions {
  /** By call id: each a register of its own. */
  byCall: Record<string, Stamped<Interaction>>;
  /**
   * A floor in platform ms: what was said before it is forgotten, and no late word of it counts. It only rises, see
   * `merge.ts`. Absent: nothing is forgotten.
   */
  forgottenBefore?: number;
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
  /** The unit of the agent's capacity that it takes, see `status.ts`; absent: the one for voice. */
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

/** How events of one whole second were numbered at the agent's home, see `merge.ts`. */
export interface LastSecond {
  /** The latest whole second that an event was numbered in, in platform ms. */
  at: number;
  /** The ids of its events, in the order in which they came: one that comes again has its number already. */
  ids: string[];
}

export interface Facets {
  /** When the agent was last forgotten: see `merge.ts`. */
  forgotten?: Version;
  profile?: Stamped<Profile>;
  presence?: Stamped<Presence>;
  activity?: Stamped<Activity>;
  interactions?: Interactions;
  /** The claim on the agent's one unit for voice. */
  claim?: Claim;
  /** Claims on units of other media types, by unit: each a register of its own. */
  digitalClaims?: Record<string, Claim>;
  /** At the agent's home: how events of one second were numbered. It does not travel. */
  lastSecond?: LastSecond;
}

export const FACET_NAMES = [
  'forgotten',
  'profile',
  'presence',
  'activity',
  'interactions',
  'claim',
  'digitalClaims',
  'lastSecond',
] as const;
export type FacetName = (typeof FACET_NAMES)[number];

/** The position of a value in its facet's order. */
export interface VersionKey extends Version {
  /** See {@link unavailabilityOf}. */
  unavailability: number;
}

/**
 * How unavailable each value of presence, activity and interaction leaves the agent; 0 is the most available. An
 * interaction frees the agent only when it has ended.
 */
const UNAVAILABILITY: Record<string, number> = {
  ...{ ON_DUTY: 0, PAUSED: 1, OFF_DUTY: 2 },
  ...{ IDLE: 0, NOT_RESPONDING: 1, INTERACTING: 1 },
  ...{ ENDED: 0, ALERTING: 1, CONNECTED: 1, WRAP_UP: 1 },
};

/** Breaks a tie: of two values with the same time the less available one wins, so a tie never frees a busy agent. */
export const unavailabilityOf = ({ state }: Version & { state?: string }): number => UNAVAILABILITY[state ?? ''] ?? 0;

export const versionKeyOf = (facet: Version & { state?: string }): VersionKey => ({
  at: facet.at,
  unavailability: unavailabilityOf(facet),
  id: facet.id,
});

/**
 * The order of a facet's values, where ties are decided: platform time in ms, then the less available value, then the
 * event's id. Negative when `a` is older than `b`, 0 when they are the same event, positive when `a` is newer.
 */
export function compareVersions(a: Version & { state?: string }, b: Version & { state?: string }): number {
  return compareVersionKeys(versionKeyOf(a), versionKeyOf(b));
}

export function compareVersionKeys(a: VersionKey, b: VersionKey): number {
  return a.at - b.at || a.unavailability - b.unavailability || compareTexts(a.id, b.id);
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

/** Interactions as the facet that they are part of. */
export function interactionsFacet(...interactions: Stamped<Interaction>[]): Required<Pick<Facets, 'interactions'>> {
  return { interactions: { byCall: Object.fromEntries(interactions.map((one) => [one.callId, one])) } };
}

/** Every interaction of these facets. */
export const interactionsOf = ({ interactions }: Facets): Stamped<Interaction>[] =>
  Object.values(interactions?.byCall ?? {});

/** The interaction of a call, whatever the call is named. */
export function interactionOf({ interactions }: Facets, callId: string): Stamped<Interaction> | undefined {
  const { byCall = {} } = interactions ?? {};
  return Object.hasOwn(byCall, callId) ? byCall[callId] : undefined;
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

/** The kinds of interaction an agent can carry, in the words of the platforms' own settings. */
export const MEDIA = [
  'voice',
  'callback',
  'voicemail',
  'video',
  'chat',
  'message',
  'email',
  'social',
  'work_item',
] as const;
export type Media = (typeof MEDIA)[number];

/** What a person cannot do beside a call: of these somebody has one at a time, whoever sent it. */
export const CALLS: ReadonlySet<Media> = new Set<Media>(['voice', 'video', 'callback']);

/** Every media type but voice, of which an agent carries one at most. */
export type DigitalMedia = Exclude<Media, 'voice'>;

/** What an agent may carry of one media type. */
export interface MediaCapacity {
  /** Interactions of this type at a time. Voice counts as 1 at most. */
  units: number;
  /** Other media types beside whose work an interaction of this type may come; none: it comes to an agent without any. */
  beside: Media[];
}

/**
 * What an agent may carry at a time, by media type; a type that is not named is not taken. An agent of whom no
 * platform has said it takes one voice interaction at a time and nothing beside it.
 */
export interface Capacity {
  media: Partial<Record<Media, MediaCapacity>>;
  /** Interactions of all types together; absent where only the types count. */
  total?: number;
}

/** What an agent may carry of whom no platform has said it. */
export const ONE_CALL: Capacity = { media: { voice: { units: 1, beside: [] } } };

/** How many interactions of the type an agent may carry at a time; of voice one at most. */
export function mediaLimit({ media }: Capacity, of: Media): number {
  const { units = 0 } = media[of] ?? {};
  return of === 'voice' ? Math.min(1, units) : units;
}

/** Begins the ids of interactions that a platform counts and that nobody who listens has heard of. */
export const UNSEEN = 'unseen/';

/** Ids that only Muster's own readings of platforms give: under one of them somebody's call would be taken for what it stands for. */
export const isReserved = (callId: string): boolean => callId.startsWith(UNSEEN);

export const RESERVED = `must not begin with ${UNSEEN}, which stands for what a platform only counts`;

/** Skills a request requires, name to minimum level 0-100. */
export type RequiredSkills = Record<string, number>;
