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
  mediaLimit,
  type Media,
  ONE_CALL,
  type Stamped,
} from './facets.ts';

export const STATUSES = ['AVAILABLE', 'BUSY', 'OFFLINE'] as const;
export type Status = (typeof STATUSES)[number];

export interface StatusAnswer {
  status: Status;
  /** Why not available: `ON_CALL`, `WRAP_UP`, `BREAK`, `NOT_RESPONDING`, `CLAIMED`, `LOGGED_OUT`; else undefined. */
  reason?: string;
}

/**
 * What an agent's facets mean at a moment. Every condition must agree before an agent counts as available, so a
 * platform that reports "interaction started" and "status changed" apart can delay an agent, never double-book one.
 * A facet nobody has reported is unknown, and unknown is never available.
 * Says how the agent is for voice; whoever asks for another media type asks {@link ownStatus} and the units.
 * @param nowMs by the clock that the claim's end is by
 */
export function statusOf(facets: Facets, nowMs: number): StatusAnswer {
  const claim = facets.claim;
  const own = ownStatus(facets);
  if (own.status !== 'AVAILABLE' || !claim || !isClaimLive(claim, nowMs)) return own;
  return { status: 'BUSY', reason: claim.state === 'WRAP_UP' ? 'WRAP_UP' : 'CLAIMED' };
}

/**
 * The status but for claims, for an interaction of a media type: what the region's store keeps, since a claim ends by the
 * store's clock alone.
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

/** What the agent is doing that leaves no room for one more interaction of this type. */
function obstacleAtWork(facets: Facets, media: Media): string | undefined {
  const work = workOf(facets);
  // Work that nobody can name may be of any type.
  const unnamed = work.length === 0 ? obstacleInActivity(facets) : undefined;
  if (unnamed) return unnamed;
  const capacity = facets.profile?.capacity ?? ONE_CALL;
  if (mediaLimit(capacity, media) === 0) return 'NO_CAPACITY';
  if (mayCome(media, work, capacity)) return undefined;
  const live = liveInteractions(facets).filter(takesRoom);
  const any = live.find(({ media: of }) => of === 'voice') ?? live[0];
  return any ? interactionReason(any) : (facets.activity?.reason ?? 'ON_CALL');
}

/** An interaction that the platform tells of. */
interface Work {
  media: Media;
  /** Undefined where it does not say which call it is. */
  callId: string | undefined;
}

/** Every interaction that the platform tells of, each once. */
function workOf(facets: Facets): Work[] {
  const { activity } = facets;
  const named = liveInteractions(facets)
    .filter(takesRoom)
    .map(({ media, callId }): Work => ({ media, callId }));
  const isCalling = activity?.state === 'INTERACTING' && activity.reason === 'NON_ACD';
  const isNamed = named.some(({ media }) => media === 'voice');
  return isCalling && !isNamed ? [{ media: 'voice', callId: undefined }, ...named] : named;
}

/** What routing has not sent keeps the agent from more where it is a call: a text that a colleague writes does not. */
const takesRoom = ({ isAcd, media }: Interaction): boolean => isAcd !== false || CALLS.has(media);

/**
 * The rule of capacity: one more interaction may come where its type has not reached its limit, all together have not
 * reached theirs, and there is no work of another type but such as it may come beside.
 */
function mayCome(media: Media, work: Work[], capacity: Capacity): boolean {
  const { beside = [] } = capacity.media[media] ?? {};
  const isBarred = work.some(({ media: of }) => of !== media && !beside.includes(of));
  const { total = Number.POSITIVE_INFINITY } = capacity;
  return !isBarred && countOf(media, work) < mediaLimit(capacity, media) && work.length < total;
}

/** How many of these are of the type. */
const countOf = (media: Media, work: Work[]): number => work.filter((each) => each.media === media).length;

function obstacleInActivity({ activity }: Facets): string | undefined {
  if (activity?.state === 'INTERACTING') return activity.reason ?? 'ON_CALL';
  if (activity?.state === 'WRAP_UP') return activity.reason ?? 'WRAP_UP';
  return undefined;
}

/** A claim holds its agent until it ends or its time is up, whichever is first. */
function isClaimLive(claim: Claim, nowMs: number): boolean {
  return claim.state !== 'ENDED' && claim.untilMs > nowMs;
}

/** The interactions that keep the agent busy, the latest first. */
export function liveInteractions(facets: Facets): Stamped<Interaction>[] {
  return interactionsOf(facets)
    .filter((interaction) => isLive(interaction, facets))
    .sort((a, b) => compareVersions(b, a));
}

/**
 * An interaction goes on unless it ended, or a newer `IDLE` says that its end was missed. Of one that routing has not sent
 * an `IDLE` says nothing.
 */
export function isLive({ state, at, isAcd }: Stamped<Interaction>, { activity }: Facets): boolean {
  return state !== 'ENDED' && (isAcd === false || !(activity?.state === 'IDLE' && activity.at > at));
}

/**
 * Since when the agent could be taken, in platform ms: the latest of the events that had to agree. A claim that was
 * released or lapsed leaves it alone, so an agent whose call failed keeps its place; a completed one resets it, and a
 * timed wrap-up to its end.
 */
export function availableSince(facets: Facets): number {
  const { presence, activity } = facets;
  const ended = interactionsOf(facets).flatMap(({ state, at }) => (state === 'ENDED' ? [at] : []));
  const completed = claimsOf(facets).map(({ completedAtMs }) => completedAtMs);
  return Math.max(presence?.at ?? 0, activity?.at ?? 0, ...ended, ...completed);
}

/** What counts besides waiting, each said as "worth this many seconds of waiting". All 0: longest available first. */
export interface Weights {
  /** Bonus in seconds for each full year of tenure. */
  tenureSecondsPerYear: number;
  /** Bonus in seconds for a mean skill level of 100; scaled down linearly. */
  proficiencySeconds: number;
  /** Penalty in seconds for each minute the last interaction lasted: who just had a long one rests a little. */
  fairnessSecondsPerMinute: number;
  /** At request time: bonus in seconds for 100 levels above what the request requires, summed over its skills. */
  surplusSeconds: number;
}

interface VirtualArrival {
  /** Lower is taken first. Everybody ages at the same rate, so it holds until a facet changes. */
  arrivalMs: number;
  parts: { availableSinceMs: number; tenureBonusMs: number; proficiencyBonusMs: number; fairnessPenaltyMs: number };
}

const DAYS_PER_YEAR = 365;

/**
 * The agent's place in every queue: `available since - tenure bonus - proficiency bonus + fairness penalty`, in ms.
 * The same in every region, because every part of it is in the facets.
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

/** How long the last voice call took, in ms; 0 while it lasts. */
function lastCallMs(facets: Facets): number {
  const calls = interactionsOf(facets).filter(({ media }) => media === 'voice');
  const last = calls.sort(compareVersions).at(-1);
  return last?.state === 'ENDED' && last.connectedAt ? Math.max(0, last.at - last.connectedAt) : 0;
}

function interactionReason(interaction: Interaction): string {
  if (interaction.state === 'ALERTING') return 'ALERTING';
  if (interaction.state === 'WRAP_UP') return 'WRAP_UP';
  return interaction.isAcd === false ? 'NON_ACD' : 'ON_CALL';
}

/**
 * An agent's capacity is dealt out in units, and a claim takes one: `voice`, of which there is one, and `chat-1`,
 * `chat-2` … for as many as the agent may carry. What holds of an agent's claims holds of each unit by itself: one
 * register, one order of fences, nobody booked twice.
 */
export const VOICE = 'voice';

interface Unit {
  /** E.g. `chat-2`. */
  name: string;
  media: Media;
  /** Whether the agent's capacity has it. One that was claimed before the capacity shrank is given to nobody any more. */
  isOffered: boolean;
}

/** A unit's name as claim ids carry it: a media type and a number. */
export const UNIT_NAME = '[a-z_]+-[1-9][0-9]{0,2}';

/** The media type that a unit is for. */
export function mediaOfUnit(unit: string | undefined): Media {
  return (unit?.replace(/-\d+$/, '') ?? VOICE) as Media;
}

/** The media types besides voice that the agent takes, in a fixed order. */
export function digitalMedia({ profile }: Facets): DigitalMedia[] {
  const media = Object.entries(profile?.capacity?.media ?? {});
  return media.flatMap(([name, { units }]) => (name !== VOICE && units > 0 ? [name as DigitalMedia] : [])).sort();
}

/** Every unit besides voice: those that the agent's capacity has, and those that were claimed before it shrank. */
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

/** A type of which one more may come. */
export interface Opening {
  media: Media;
  /** By the limit of the type, at least 1. */
  left: number;
  /** How many the platform tells of. */
  inHand: number;
  /** Other types beside whose work they may come. */
  beside: Media[];
}

/** What may still be taken of an agent by all that the platform tells: whoever uses it takes off live locks. */
interface Openings {
  /** The types of which at least one more may come. */
  open: Opening[];
  /** How many more interactions may come, all together; absent where only the types count. */
  left?: number;
  /** What is counted in it: a lock for one of these takes nothing off. */
  reported: Work[];
}

/** What may still be taken of an agent but for claims: what the region's store keeps, and its scripts go by. */
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
 * How many more interactions the agent can be given now, by media type: the openings less what live locks take off, as
 * `open_from` in units.lua has it for one. A lock takes one off its type and off the total, unless the interaction that
 * it is for is reported of, and keeps away what may not come beside its type.
 * @param isLocked whether a claim holds the unit, by the store's clock
 */
export function roomLeft(facets: Facets, isLocked: (unit: string) => boolean): Partial<Record<Media, number>> {
  const { open, reported, left = Number.POSITIVE_INFINITY } = openingsOf(facets);
  const units: Unit[] = [{ name: VOICE, media: VOICE, isOffered: true }, ...digitalUnits(facets)];
  const locked = units.filter(({ name }) => isLocked(name));
  const unreported = locked.filter((unit) => !reported.some((work) => isFor(facets, unit, work)));
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

/** Whether the unit is held for this interaction: of voice there is only one, under whatever name. */
function isFor(facets: Facets, { name, media }: Unit, work: Work): boolean {
  if (media === VOICE && work.media === VOICE) return true;
  return work.callId !== undefined && claimOn(facets, name)?.callId === work.callId;
}

/** Until when each unit is held, in ms by the store's clock. One that is not named is not held. */
export type Locks = Record<string, number>;

interface Locked {
  locksMs: Locks;
}

/** Until when the unit is held, in ms by the store's clock. */
export const lockOf = ({ locksMs }: Locked, unit = VOICE): number => locksMs[unit] ?? 0;

/** Whether a claim, or what follows one, still holds the agent by the store's clock. */
export const isLocked = ({ locksMs }: Locked, nowMs: number): boolean =>
  Object.values(locksMs).some((untilMs) => untilMs > nowMs);

/**
 * How many more interactions the agent would be given now, by media type, for people and for whoever plans ahead.
 * @param nowMs the store's clock, by which locks are judged
 */
export function roomOf(record: Locked & { facets: Facets }, nowMs: number): Partial<Record<Media, number>> {
  return roomLeft(record.facets, (unit) => lockOf(record, unit) > nowMs);
}
