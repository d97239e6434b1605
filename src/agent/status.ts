import {
  type Claim,
  claimsOf,
  compareVersions,
  type Facets,
  type Interaction,
  interactionsOf,
  type Stamped,
} from './facets.ts';
import { CALLS, type Capacity, limitOf, type Media, ONE_CALL } from './media.ts';

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
  if (limitOf(capacity, media) === 0) return 'NO_CAPACITY';
  if (mayCome(media, work, capacity)) return undefined;
  const live = liveInteractions(facets).filter(takesRoom);
  const any = live.find(({ media: of }) => of === 'voice') ?? live[0];
  return any ? interactionReason(any) : (facets.activity?.reason ?? 'ON_CALL');
}

/** An interaction that the platform tells of. */
export interface Work {
  media: Media;
  /** Undefined where it does not say which call it is. */
  callId: string | undefined;
}

/** Every interaction that the platform tells of, each once. */
export function workOf(facets: Facets): Work[] {
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
  return !isBarred && countOf(media, work) < limitOf(capacity, media) && work.length < total;
}

/** How many of these are of the type. */
export const countOf = (media: Media, work: Work[]): number => work.filter((each) => each.media === media).length;

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

function interactionReason(interaction: Interaction): string {
  if (interaction.state === 'ALERTING') return 'ALERTING';
  if (interaction.state === 'WRAP_UP') return 'WRAP_UP';
  return interaction.isAcd === false ? 'NON_ACD' : 'ON_CALL';
}
