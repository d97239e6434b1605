/**
 * An agent is a set of facets. Each facet is a last-writer-wins register whose values are totally ordered. Regions that have
 * received the same events hold the same agent, whatever the order and the duplicates.
 */

/** Version of a facet's value. {@link compareVersions} orders versions. */
export interface Version {
  /** Platform time, in ms since the epoch; never a local clock. */
  at: number;
  /** Id of the event that set the value. */
  id: string;
}

export type Stamped<T> = T & Version;

/** Name, queues, skills and capacity. Changes rarely, and is always replaced as a whole. */
export interface Profile {
  name: string;
  /** Platform queues that the agent has joined, as `{connection}:{platform queue id}`. */
  queues: string[];
  /** Skill name to level 0-100. */
  skills: Record<string, number>;
  tenureDays: number;
  /** Absent: one voice interaction at a time. */
  capacity?: Capacity;
}

/**
 * `PAUSED`: logged in but not taking work (break, meal, meeting, or a plain `BUSY`). The status is then `BUSY`, not
 * `OFFLINE`.
 */
export type PresenceState = 'ON_DUTY' | 'PAUSED' | 'OFF_DUTY';

export interface Presence {
  state: PresenceState;
  /** The platform's reason, e.g. `BREAK`, `MEAL`, `LOGGED_OUT`. */
  reason?: string;
  /** Reported as a plain status. Its sender reports no activity, so an `ON_DUTY` agent is available without one. */
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
  /** When it connected, in platform ms; absent if it never did. */
  connectedAt?: number;
  /** When the interaction began on the platform, for any agent, in platform ms; absent if the platform does not report it. */
  beganAt?: number;
  /** `voice` if the platform does not report it. */
  media: Media;
  /**
   * `false` for a non-ACD interaction, e.g. a call that was transferred to the agent. The platform's routing does not count
   * it, so the agent can be `IDLE` while it goes on, and `IDLE` does not end it. Absent for an ACD interaction.
   */
  isAcd?: false;
}

/** All interactions of an agent. Each is a register of its own: the end of one does not affect another. */
export interface Interactions {
  /** By call id. */
  byCall: Record<string, Stamped<Interaction>>;
  /**
   * The interaction floor, in platform ms: reports from before it are ignored. It only rises; see `raisedFloor` in
   * `merge.ts`. Absent: nothing is ignored.
   */
  forgottenBefore?: number;
}

/** The states of a claim, in the only order in which they can follow each other. */
export type ClaimState = 'HELD' | 'CONFIRMED' | 'WRAP_UP' | 'ENDED';

/**
 * Why a claim ended. `completed`: the caller reported the end of the interaction. `released`: the caller gave the agent back.
 * `refused`: the agent did not take the call. `lapsed`: the lock expired. `superseded`: the call has another claim.
 * `platform`: the platform reported the end of the interaction.
 */
export const END_REASONS = ['completed', 'released', 'refused', 'lapsed', 'superseded', 'platform'] as const;
export type EndReason = (typeof END_REASONS)[number];

/** The exclusive right to send one interaction to the agent. {@link compareClaims} orders its versions. */
export interface Claim {
  /** The unit that it takes, see `status.ts`; absent for `voice`. */
  unit?: string;
  /** Grows with every claim on the agent. A settlement under a lower fence is refused. */
  fence: number;
  state: ClaimState;
  /** When the lock expires, in ms by the clock of the shard that granted it. */
  untilMs: number;
  /** The region of a delegated grant, under authority policy `verify`; absent if the home granted the claim. */
  by?: string;
  /**
   * Rest of the lock when the claim was published, in ms. Other regions count it down by their own clocks, because
   * `untilMs` is by a clock that they cannot read. Not part of the version.
   */
  remainingMs?: number;
  callId: string;
  queue: string;
  /** When the agent's last completed claim freed the agent, in ms; platform time if the platform reports it; 0 if never. */
  completedAtMs: number;
  /** Present in the states `WRAP_UP` and `ENDED`. */
  endReason?: EndReason;
}

/** State of whole-second numbering at the agent's home, see `merge.ts`. */
export interface LastSecond {
  /** The latest numbered second, in platform ms. */
  at: number;
  /** Event ids in the order of arrival. An event's index is its number, so a duplicate gets the same one. */
  ids: string[];
}

export interface Facets {
  /** The tombstone, see `merge.ts`. */
  forgotten?: Version;
  profile?: Stamped<Profile>;
  presence?: Stamped<Presence>;
  activity?: Stamped<Activity>;
  interactions?: Interactions;
  /** The claim on the unit `voice`. */
  claim?: Claim;
  /** Claims on other units, by unit. Each is a register of its own. */
  digitalClaims?: Record<string, Claim>;
  /** Only at the agent's home; not published. */
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

/** Sort key of a facet's value: all that {@link compareVersions} compares. */
export interface VersionKey extends Version {
  /** See {@link unavailabilityOf}. */
  unavailability: number;
}

/**
 * How unavailable each state of presence, activity and interaction makes the agent; 0 is the most available. An interaction
 * frees the agent only when it has ended.
 */
const UNAVAILABILITY: Record<string, number> = {
  ...{ ON_DUTY: 0, PAUSED: 1, OFF_DUTY: 2 },
  ...{ IDLE: 0, NOT_RESPONDING: 1, INTERACTING: 1 },
  ...{ ENDED: 0, ALERTING: 1, CONNECTED: 1, WRAP_UP: 1 },
};

/** Breaks ties: of two values of the same time the less available one is newer, so a tie never frees a busy agent. */
export const unavailabilityOf = ({ state }: Version & { state?: string }): number => UNAVAILABILITY[state ?? ''] ?? 0;

export const versionKeyOf = (facet: Version & { state?: string }): VersionKey => ({
  at: facet.at,
  unavailability: unavailabilityOf(facet),
  id: facet.id,
});

/**
 * Orders the values of a facet: by platform time, then by unavailability, then by event id.
 * @returns negative if `a` is older, 0 if both are of the same event, positive if `a` is newer
 */
export function compareVersions(a: Version & { state?: string }, b: Version & { state?: string }): number {
  return compareVersionKeys(versionKeyOf(a), versionKeyOf(b));
}

export function compareVersionKeys(a: VersionKey, b: VersionKey): number {
  return a.at - b.at || a.unavailability - b.unavailability || compareTexts(a.id, b.id);
}

const STAGE: Record<ClaimState, number> = { HELD: 0, CONFIRMED: 1, WRAP_UP: 2, ENDED: 3 };

/**
 * Orders the versions of a claim: by fence, then grants of the home after delegated grants, then by state, then by the end
 * of the lock. Call id and end reason only make the order total.
 * @returns positive if `a` is newer
 */
export function compareClaims(a: Claim, b: Claim): number {
  const order = a.fence - b.fence || compareGranters(a.by, b.by) || STAGE[a.state] - STAGE[b.state];
  return order || a.untilMs - b.untilMs || compareTexts(a.callId, b.callId) || compareTexts(a.endReason, b.endReason);
}

/** Compares UTF-16 code units, so the order does not depend on a locale. */
export const compareTexts = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0);

/** A grant of the home wins. Of two delegated grants, the one of the region whose name sorts first wins. */
function compareGranters(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? 1 : -1;
  return a < b ? 1 : -1;
}

/** Wraps interactions as a facet. */
export function interactionsFacet(...interactions: Stamped<Interaction>[]): Required<Pick<Facets, 'interactions'>> {
  return { interactions: { byCall: Object.fromEntries(interactions.map((one) => [one.callId, one])) } };
}

/** All interactions, also those that have ended. */
export const interactionsOf = ({ interactions }: Facets): Stamped<Interaction>[] =>
  Object.values(interactions?.byCall ?? {});

/** The interaction with a call id. Safe for ids such as `constructor`. */
export function interactionOf({ interactions }: Facets, callId: string): Stamped<Interaction> | undefined {
  const { byCall = {} } = interactions ?? {};
  return Object.hasOwn(byCall, callId) ? byCall[callId] : undefined;
}

/** Wraps a claim as a facet. */
export function claimFacet(claim: Claim): Pick<Facets, 'claim' | 'digitalClaims'> {
  return claim.unit === undefined ? { claim } : { digitalClaims: { [claim.unit]: claim } };
}

/** All claims, also those that have ended. */
export function claimsOf({ claim, digitalClaims = {} }: Facets): Claim[] {
  return [...(claim ? [claim] : []), ...Object.values(digitalClaims)];
}

/** Whether the claim is held or confirmed. Its lock may have expired. */
export function isRunning({ state, callId }: Claim): boolean {
  return callId !== '' && (state === 'HELD' || state === 'CONFIRMED');
}

/** All media types, named as in the platforms' settings. */
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

/** Media types of which a person has at most one interaction at a time. They take capacity even if they are non-ACD. */
export const CALLS: ReadonlySet<Media> = new Set<Media>(['voice', 'video', 'callback']);

/** All media types except voice. */
export type DigitalMedia = Exclude<Media, 'voice'>;

/** Capacity for one media type. */
export interface MediaCapacity {
  /** Interactions of this type at a time; for voice at most 1 counts. */
  units: number;
  /** Other media types that an interaction of this type may be added to. Empty: only to an agent without other work. */
  beside: Media[];
}

/**
 * How many interactions an agent takes at a time, by media type. A type that is not listed is not taken. Agents without a
 * capacity have {@link ONE_CALL}.
 */
export interface Capacity {
  media: Partial<Record<Media, MediaCapacity>>;
  /** Limit for all types together; absent for none. */
  total?: number;
}

/** Default capacity: one voice interaction and nothing beside it. */
export const ONE_CALL: Capacity = { media: { voice: { units: 1, beside: [] } } };

/** How many interactions of a media type the capacity allows; at most 1 for voice. */
export function mediaLimit({ media }: Capacity, of: Media): number {
  const { units = 0 } = media[of] ?? {};
  return of === 'voice' ? Math.min(1, units) : units;
}

/** Prefix of the call ids of placeholders: interactions that a platform counts but has not reported. */
export const UNSEEN = 'unseen/';

/** Whether only Muster may use the call id: a reported call with it would be mistaken for a placeholder. */
export const isReserved = (callId: string): boolean => callId.startsWith(UNSEEN);

export const RESERVED = `must not begin with ${UNSEEN}: the prefix is reserved for interactions that a platform only counts`;

/** Skills that a request requires: name to minimum level 0-100. */
export type RequiredSkills = Record<string, number>;
