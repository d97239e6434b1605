import { type Claim, claimsOf, compareVersions, type Facets, type Interaction, type Stamped } from './facets.ts';
import type { Capacity, Media } from './media.ts';

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
  if (!presence) return { status: 'OFFLINE', reason: 'UNKNOWN' };
  if (presence.state === 'OFF_DUTY') return { status: 'OFFLINE', reason: presence.reason ?? 'LOGGED_OUT' };
  const atWork = obstacleAtWork(facets, media);
  if (atWork) return { status: 'BUSY', reason: atWork };
  if (presence.state === 'PAUSED') return { status: 'BUSY', reason: presence.reason ?? 'PAUSED' };
  if (!activity) return { status: 'BUSY', reason: 'UNKNOWN' };
  if (activity.state === 'NOT_RESPONDING') return { status: 'BUSY', reason: activity.reason ?? 'NOT_RESPONDING' };
  return { status: 'AVAILABLE' };
}

/** What the agent is doing that leaves no room for one more interaction of this type. */
function obstacleAtWork(facets: Facets, media: Media): string | undefined {
  const { activity, profile } = facets;
  const interaction = liveInteraction(facets);
  const digital = liveDigital(facets);
  const { capacity } = profile ?? {};
  const any = interaction ?? digital[0];
  if (!capacity) {
    if (any) return interactionReason(any);
    return obstacleInActivity(facets) ?? (media === 'voice' ? undefined : 'NO_CAPACITY');
  }
  const isCalling = interaction !== undefined || (activity?.state === 'INTERACTING' && activity.reason === 'NON_ACD');
  // Work that nobody can name may be of any type.
  if (!any && !isCalling) return obstacleInActivity(facets) ?? (hasUnits(capacity, media) ? undefined : 'NO_CAPACITY');
  const work = new Map<Media, number>(isCalling ? [['voice', 1]] : []);
  for (const { media: of = 'voice' } of digital) work.set(of, (work.get(of) ?? 0) + 1);
  const total = [...work.values()].reduce((sum, count) => sum + count, 0);
  const { units = 0, beside = [] } = capacity.media[media] ?? {};
  const limit = media === 'voice' ? Math.min(1, units) : units;
  const isBarred = [...work.keys()].some((of) => of !== media && !beside.includes(of));
  if (limit === 0) return 'NO_CAPACITY';
  if ((work.get(media) ?? 0) < limit && !isBarred && total < (capacity.total ?? Number.POSITIVE_INFINITY))
    return undefined;
  return any ? interactionReason(any) : (activity?.reason ?? 'ON_CALL');
}

const hasUnits = ({ media }: Capacity, of: Media): boolean => (media[of]?.units ?? 0) > 0;

function obstacleInActivity({ activity }: Facets): string | undefined {
  if (activity?.state === 'INTERACTING') return activity.reason ?? 'ON_CALL';
  if (activity?.state === 'WRAP_UP') return activity.reason ?? 'WRAP_UP';
  return undefined;
}

/** A claim holds its agent until it ends or its time is up, whichever is first. */
export function isClaimLive(claim: Claim, nowMs: number): boolean {
  return claim.state !== 'ENDED' && claim.untilMs > nowMs;
}

/** The interaction that keeps the agent busy, unless it ended or a newer `IDLE` says that its end was missed. */
export function liveInteraction({ interaction, activity }: Facets): Stamped<Interaction> | undefined {
  return interaction && isLive(interaction, activity) ? interaction : undefined;
}

/** The same of every media type but voice, the latest first. */
export function liveDigital({ digital = {}, activity }: Facets): Stamped<Interaction>[] {
  return Object.values(digital)
    .filter((interaction) => isLive(interaction, activity))
    .sort((a, b) => compareVersions(b, a));
}

function isLive({ state, at }: Stamped<Interaction>, activity: Facets['activity']): boolean {
  return state !== 'ENDED' && !(activity?.state === 'IDLE' && activity.at > at);
}

/**
 * Since when the agent could be taken, in platform ms: the latest of the events that had to agree. A claim that was
 * released or lapsed leaves it alone, so an agent whose call failed keeps its place; a completed one resets it, and a
 * timed wrap-up to its end.
 */
export function availableSince(facets: Facets): number {
  const { presence, activity, interaction, digital = {} } = facets;
  const ended = [interaction, ...Object.values(digital)].flatMap((one) => (one?.state === 'ENDED' ? [one.at] : []));
  const completed = claimsOf(facets).map(({ completedAtMs }) => completedAtMs);
  return Math.max(presence?.at ?? 0, activity?.at ?? 0, ...ended, ...completed);
}

function interactionReason(interaction: Interaction): string {
  if (interaction.state === 'ALERTING') return 'ALERTING';
  return interaction.state === 'WRAP_UP' ? 'WRAP_UP' : 'ON_CALL';
}
