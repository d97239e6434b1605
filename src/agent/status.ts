import {
  CALLS,
  type Capacity,
  type Claim,
  claimsOf,
  compareVersions,
  type DigitalMedia,
  type Facets,
  type Interaction,
  interactionsOf,
  isRunning,
  type Media,
  mediaLimit,
  ONE_CALL,
  type Stamped,
} from './facets.ts';

/*
 * Status
 */

export const STATUSES = ['AVAILABLE', 'BUSY', 'OFFLINE'] as const;
export type Status = (typeof STATUSES)[number];

export interface StatusAnswer {
  status: Status;
  /** Why the agent is not available, e.g. `ON_CALL`, `WRAP_UP`, `BREAK`, `NOT_RESPONDING`, `CLAIMED`, `LOGGED_OUT`. */
  reason?: string;
}

/**
 * An agent's status for voice. An agent is available only if presence, activity, interactions and claims all allow it, so a
 * platform that reports "interaction started" and "status changed" separately can delay an agent but not cause a double
 * booking. A facet that was never reported counts as unknown, which is not available.
 * @param nowMs by the same clock as `untilMs` of the claim
 */
export function statusOf(facets: Facets, nowMs: number): StatusAnswer {
  const claim = facets.claim;
  const own = ownStatus(facets);
  if (own.status !== 'AVAILABLE' || !claim || !isClaimLive(claim, nowMs)) return own;
  return { status: 'BUSY', reason: claim.state === 'WRAP_UP' ? 'WRAP_UP' : 'CLAIMED' };
}

/**
 * The status for a media type, without regard to claims. The store keeps this one, because claims expire by the store's
 * clock.
 */
export function ownStatus(facets: Facets, media: Media = 'voice'): StatusAnswer {
  const { presence, activity } = facets;
  if (!presence) return { status: 'OFFLINE', reason: facets.forgotten ? 'FORGOTTEN' : 'UNKNOWN' };
  if (presence.state === 'OFF_DUTY') return { status: 'OFFLINE', reason: presence.reason ?? 'LOGGED_OUT' };
  const atWork = obstacleAtWork(facets, media);
  if (atWork) return { status: 'BUSY', reason: atWork };
  if (presence.state === 'PAUSED') return { status: 'BUSY', reason: presence.reason ?? 'PAUSED' };
  if (!activity && !presence.isPlain) return { status: 'BUSY', reason: 'UNKNOWN' };
  if (activity?.state === 'NOT_RESPONDING') return { status: 'BUSY', reason: activity.reason ?? 'NOT_RESPONDING' };
  return { status: 'AVAILABLE' };
}

/** The work that prevents one more interaction of this type, as a reason; undefined for none. */
function obstacleAtWork(facets: Facets, media: Media): string | undefined {
  const work = workOf(facets);
  // Work without a known interaction may be of any type.
  const unnamed = work.length === 0 ? obstacleInActivity(facets) : undefined;
  if (unnamed) return unnamed;
  const capacity = facets.profile?.capacity ?? ONE_CALL;
  if (mediaLimit(capacity, media) === 0) return 'NO_CAPACITY';
  if (mayCome(media, work, capacity)) return undefined;
  const live = liveInteractions(facets).filter(takesRoom);
  const any = live.find(({ media: of }) => of === 'voice') ?? live[0];
  return any ? interactionReason(any) : (facets.activity?.reason ?? 'ON_CALL');
}

/** An interaction that takes capacity, as the platform reports it. */
interface Work {
  media: Media;
  /** Undefined if the platform does not report the call. */
  callId: string | undefined;
}

/** The reported interactions that take capacity. A non-ACD call that only the activity shows is included. */
function workOf(facets: Facets): Work[] {
  const { activity } = facets;
  const named = liveInteractions(facets)
    .filter(takesRoom)
    .map(({ media, callId }): Work => ({ media, callId }));
  const isCalling = activity?.state === 'INTERACTING' && activity.reason === 'NON_ACD';
  const isNamed = named.some(({ media }) => media === 'voice');
  return isCalling && !isNamed ? [{ media: 'voice', callId: undefined }, ...named] : named;
}

/** Whether an interaction takes capacity. Of non-ACD interactions only calls do; a chat between colleagues does not. */
const takesRoom = ({ isAcd, media }: Interaction): boolean => isAcd !== false || CALLS.has(media);

/**
 * The capacity rule. One more interaction is allowed if its type is below its limit, all types together are below `total`,
 * and all other work is of types in `beside`.
 */
function mayCome(media: Media, work: Work[], capacity: Capacity): boolean {
  const { beside = [] } = capacity.media[media] ?? {};
  const isBarred = work.some(({ media: of }) => of !== media && !beside.includes(of));
  const { total = Number.POSITIVE_INFINITY } = capacity;
  return !isBarred && countOf(media, work) < mediaLimit(capacity, media) && work.length < total;
}

const countOf = (media: Media, work: Work[]): number => work.filter((each) => each.media === media).length;

function obstacleInActivity({ activity }: Facets): string | undefined {
  if (activity?.state === 'INTERACTING') return activity.reason ?? 'ON_CALL';
  if (activity?.state === 'WRAP_UP') return activity.reason ?? 'WRAP_UP';
  return undefined;
}

function interactionReason(interaction: Interaction): string {
  if (interaction.state === 'ALERTING') return 'ALERTING';
  if (interaction.state === 'WRAP_UP') return 'WRAP_UP';
  return interaction.isAcd === false ? 'NON_ACD' : 'ON_CALL';
}

/** Whether a claim holds its agent: it has not ended, and its lock has not expired. */
function isClaimLive(claim: Claim, nowMs: number): boolean {
  return claim.state !== 'ENDED' && claim.untilMs > nowMs;
}

/** The interactions that are going on, the latest first. */
export function liveInteractions(facets: Facets): Stamped<Interaction>[] {
  return interactionsOf(facets)
    .filter((interaction) => isLive(interaction, facets))
    .sort((a, b) => compareVersions(b, a));
}

/**
 * Whether an interaction is going on. A newer `IDLE` ends an ACD interaction whose end was lost. It does not end a non-ACD
 * interaction, during which the agent can be idle.
 */
export function isLive({ state, at, isAcd }: Stamped<Interaction>, { activity }: Facets): boolean {
  return state !== 'ENDED' && (isAcd === false || !(activity?.state === 'IDLE' && activity.at > at));
}

/*
 * Queue position
 */

/**
 * Since when the agent has been available, in platform ms: the latest of the changes that made them available. A released
 * or lapsed claim does not count, so the agent keeps the queue position. A completed one counts, with a timed wrap-up from
 * its end.
 */
export function availableSince(facets: Facets): number {
  const { presence, activity } = facets;
  const ended = interactionsOf(facets).flatMap(({ state, at }) => (state === 'ENDED' ? [at] : []));
  const completed = claimsOf(facets).map(({ completedAtMs }) => completedAtMs);
  return Math.max(presence?.at ?? 0, activity?.at ?? 0, ...ended, ...completed);
}

/** Weights of the ranking, in seconds of waiting time. All 0: the longest available agent is first. */
export interface Weights {
  /** Bonus in seconds for each full year of tenure. */
  tenureSecondsPerYear: number;
  /** Bonus in seconds for a mean skill level of 100; scaled down linearly. */
  proficiencySeconds: number;
  /** Penalty in seconds for each minute of the last voice call. */
  fairnessSecondsPerMinute: number;
  /** Bonus in seconds for a skill surplus of 100 levels, summed over the requested skills; applied when a request is made. */
  surplusSeconds: number;
}

interface VirtualArrival {
  /** Queue position in ms; the lowest is first. It changes only with a facet, because all agents wait at the same rate. */
  arrivalMs: number;
  parts: { availableSinceMs: number; tenureBonusMs: number; proficiencyBonusMs: number; fairnessPenaltyMs: number };
}

const DAYS_PER_YEAR = 365;

/**
 * The agent's position in all queues: `available since - tenure bonus - proficiency bonus + fairness penalty`, in ms. It
 * depends only on facets, so it is the same in every region.
 */
export function virtualArrival(facets: Facets, weights: Weights): VirtualArrival {
  const { profile } = facets;
  const availableSinceMs = availableSince(facets);
  const levels = Object.values(profile?.skills ?? {});
  const meanLevel = levels.length > 0 ? levels.reduce((sum, level) => sum + level, 0) / levels.length : 0;
  const parts = {
    availableSinceMs,
    tenureBonusMs: Math.round(
      Math.floor((profile?.tenureDays ?? 0) / DAYS_PER_YEAR) * weights.tenureSecondsPerYear * 1000,
    ),
    proficiencyBonusMs: Math.round((meanLevel / 100) * weights.proficiencySeconds * 1000),
    fairnessPenaltyMs: Math.round((lastCallMs(facets) / 60_000) * weights.fairnessSecondsPerMinute * 1000),
  };
  const arrivalMs = Math.max(
    1,
    parts.availableSinceMs - parts.tenureBonusMs - parts.proficiencyBonusMs + parts.fairnessPenaltyMs,
  );
  return { arrivalMs, parts };
}

/** Duration of the last voice call, in ms; 0 while it lasts. */
function lastCallMs(facets: Facets): number {
  const calls = interactionsOf(facets).filter(({ media }) => media === 'voice');
  const last = calls.sort(compareVersions).at(-1);
  return last?.state === 'ENDED' && last.connectedAt ? Math.max(0, last.at - last.connectedAt) : 0;
}

/*
 * Units and free capacity
 *
 * An agent's capacity consists of units: one `voice`, and `chat-1`, `chat-2` … according to the capacity. A claim takes one
 * unit. Each unit has one claim at a time, with fences of its own.
 */

/** The unit for voice. */
export const VOICE = 'voice';

interface Unit {
  /** E.g. `chat-2`. */
  name: string;
  media: Media;
  /**
   * Whether the agent's capacity has the unit. False for one that was claimed before the capacity shrank: it is not granted
   * again.
   */
  isOffered: boolean;
}

/** Pattern of the names of units other than `voice`, as in claim ids. */
export const UNIT_NAME = '[a-z_]+-[1-9][0-9]{0,2}';

/** Media type of a unit; undefined stands for `voice`. */
export function mediaOfUnit(unit: string | undefined): Media {
  return (unit?.replace(/-\d+$/, '') ?? VOICE) as Media;
}

/** Media types other than voice that the agent takes, in a fixed order. */
export function digitalMedia({ profile }: Facets): DigitalMedia[] {
  const media = Object.entries(profile?.capacity?.media ?? {});
  return media.flatMap(([name, { units }]) => (name !== VOICE && units > 0 ? [name as DigitalMedia] : [])).sort();
}

/** All units except `voice`: those of the capacity, and those claimed before it shrank. */
export function digitalUnits(facets: Facets): Unit[] {
  const units = digitalMedia(facets).flatMap((media) => {
    const count = facets.profile?.capacity?.media[media]?.units ?? 0;
    return Array.from({ length: count }, (_, i): Unit => ({ name: `${media}-${i + 1}`, media, isOffered: true }));
  });
  const names = new Set(units.map(({ name }) => name));
  const left = Object.keys(facets.digitalClaims ?? {}).filter((name) => !names.has(name));
  return [...units, ...left.map((name) => ({ name, media: mediaOfUnit(name), isOffered: false }))];
}

/** The claim on a unit. */
export function claimOn({ claim, digitalClaims }: Facets, unit: string): Claim | undefined {
  return unit === VOICE ? claim : digitalClaims?.[unit];
}

/** A media type with free capacity, without regard to claims. */
export interface Opening {
  media: Media;
  /** How many more the type's limit allows; at least 1. */
  left: number;
  /** Reported interactions of the type. */
  inHand: number;
  /** Other media types that they may be added to. */
  beside: Media[];
}

/** Free capacity according to the platform's reports. Live locks have to be subtracted. */
interface Openings {
  /** Media types with free capacity. */
  open: Opening[];
  /** How many more interactions `total` allows; absent if the capacity has none. */
  left?: number;
  /** Interactions that are already counted: the lock of a claim on one of them is not subtracted. */
  reported: Work[];
}

/** Free capacity without regard to claims. The store keeps it, and its scripts subtract live locks. */
export function openingsOf(facets: Facets): Openings {
  const reported = workOf(facets);
  const capacity = facets.profile?.capacity ?? ONE_CALL;
  const open = takenMedia(facets).flatMap((media): Opening[] => {
    if (ownStatus(facets, media).status !== 'AVAILABLE') return [];
    const inHand = countOf(media, reported);
    const { beside = [] } = capacity.media[media] ?? {};
    return [{ media, left: mediaLimit(capacity, media) - inHand, inHand, beside }];
  });
  const { total } = capacity;
  return { open, reported, ...(total !== undefined && { left: total - reported.length }) };
}

const takenMedia = (facets: Facets): Media[] => [VOICE, ...digitalMedia(facets)];

/**
 * Free capacity: how many more interactions claims would be granted now, by media type. It is {@link openingsOf} less live
 * locks; `open_from` in units.lua decides the same for one type. A lock subtracts one from its type and from the total, unless
 * the claim's interaction is reported already, and excludes types that may not be added to its own.
 * @param isLocked whether a claim holds the unit, by the store's clock
 */
export function roomLeft(facets: Facets, isLocked: (unit: string) => boolean): Partial<Record<Media, number>> {
  const { open, reported, left = Number.POSITIVE_INFINITY } = openingsOf(facets);
  const units: Unit[] = [{ name: VOICE, media: VOICE, isOffered: true }, ...digitalUnits(facets)];
  const locked = units.filter(({ name }) => isLocked(name));
  // A reported call stands for the claim on `voice` alone, even if it bears the id of a claim on another unit.
  const spoken = isLocked(VOICE) ? VOICE : undefined;
  const isCounted = (unit: Unit): boolean =>
    reported.some((work) => isFor(facets, unit, work) && (work.media !== spoken || unit.media === spoken));
  const unreported = locked.filter((unit) => !isCounted(unit));
  const roomFor = (media: Media): number => {
    const opening = open.find((each) => each.media === media);
    if (!opening || locked.some((unit) => unit.media !== media && !opening.beside.includes(unit.media))) return 0;
    const same = reported.filter((work) => work.media === media);
    const taking = locked.filter((unit) => unit.media === media && !same.some((work) => isFor(facets, unit, work)));
    const free = units.filter((unit) => unit.media === media && unit.isOffered && !isLocked(unit.name));
    return Math.max(0, Math.min(opening.left - taking.length, left - unreported.length, free.length));
  };
  return Object.fromEntries(takenMedia(facets).map((media) => [media, roomFor(media)]));
}

/** Whether the unit is held for this interaction. For voice always, because there is only one voice interaction. */
function isFor(facets: Facets, { name, media }: Unit, work: Work): boolean {
  if (media === VOICE && work.media === VOICE) return true;
  return work.callId !== undefined && claimOn(facets, name)?.callId === work.callId;
}

/*
 * Locks
 */

/** Until when each unit is locked, in ms by the store's clock. Units that are not listed are not locked. */
export type Locks = Record<string, number>;

interface Locked {
  locksMs: Locks;
}

/** Until when the unit is locked, in ms by the store's clock; 0 if it is not. */
export const lockOf = ({ locksMs }: Locked, unit = VOICE): number => locksMs[unit] ?? 0;

/** Whether any unit of the agent is locked, by a claim or by the wrap-up after one. @param nowMs by the store's clock */
export const isLocked = ({ locksMs }: Locked, nowMs: number): boolean =>
  Object.values(locksMs).some((untilMs) => untilMs > nowMs);

/** The claims for a call that hold the agent now. @param nowMs by the store's clock */
export const claimsHolding = (record: Locked & { facets: Facets }, callId: string, nowMs: number): Claim[] =>
  claimsOf(record.facets).filter(
    (claim) => claim.callId === callId && isRunning(claim) && lockOf(record, claim.unit) > nowMs,
  );

/**
 * Free capacity of a stored agent, by media type: `room` in answers.
 * @param nowMs by the store's clock
 */
export function roomOf(record: Locked & { facets: Facets }, nowMs: number): Partial<Record<Media, number>> {
  return roomLeft(record.facets, (unit) => lockOf(record, unit) > nowMs);
}
