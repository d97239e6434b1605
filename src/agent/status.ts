import type { Claim, Facets, Interaction, Stamped } from './facets.ts';

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
 * @param nowMs by the clock that the claim's end is by
 */
export function statusOf(facets: Facets, nowMs: number): StatusAnswer {
  const claim = facets.claim;
  const own = ownStatus(facets);
  if (own.status !== 'AVAILABLE' || !claim || !isClaimLive(claim, nowMs)) return own;
  return { status: 'BUSY', reason: claim.state === 'WRAP_UP' ? 'WRAP_UP' : 'CLAIMED' };
}

/** The status but for a claim: what the region's store keeps, since a claim ends by the store's clock alone. */
export function ownStatus(facets: Facets): StatusAnswer {
  const { presence, activity } = facets;
  if (!presence) return { status: 'OFFLINE', reason: 'UNKNOWN' };
  if (presence.state === 'OFF_DUTY') return { status: 'OFFLINE', reason: presence.reason ?? 'LOGGED_OUT' };
  const interaction = liveInteraction(facets);
  if (interaction) return { status: 'BUSY', reason: interactionReason(interaction) };
  if (activity?.state === 'INTERACTING') return { status: 'BUSY', reason: activity.reason ?? 'ON_CALL' };
  if (activity?.state === 'WRAP_UP') return { status: 'BUSY', reason: activity.reason ?? 'WRAP_UP' };
  if (presence.state === 'PAUSED') return { status: 'BUSY', reason: presence.reason ?? 'PAUSED' };
  if (!activity) return { status: 'BUSY', reason: 'UNKNOWN' };
  if (activity.state === 'NOT_RESPONDING') return { status: 'BUSY', reason: activity.reason ?? 'NOT_RESPONDING' };
  return { status: 'AVAILABLE' };
}

/** A claim holds its agent until it ends or its time is up, whichever is first. */
export function isClaimLive(claim: Claim, nowMs: number): boolean {
  return claim.state !== 'ENDED' && claim.untilMs > nowMs;
}

/** The interaction that keeps the agent busy, unless it ended or a newer `IDLE` says that its end was missed. */
export function liveInteraction(facets: Facets): Stamped<Interaction> | undefined {
  const { interaction, activity } = facets;
  if (!interaction || interaction.state === 'ENDED') return undefined;
  if (activity?.state === 'IDLE' && activity.at > interaction.at) return undefined;
  return interaction;
}

/**
 * Since when the agent could be taken, in platform ms: the latest of the events that had to agree. A claim that was
 * released or lapsed leaves it alone, so an agent whose call failed keeps its place; a completed one resets it, and a
 * timed wrap-up to its end.
 */
export function availableSince(facets: Facets): number {
  const { presence, activity, interaction, claim } = facets;
  const ended = interaction?.state === 'ENDED' ? interaction.at : 0;
  return Math.max(presence?.at ?? 0, activity?.at ?? 0, ended, claim?.completedAtMs ?? 0);
}

function interactionReason(interaction: Interaction): string {
  if (interaction.state === 'ALERTING') return 'ALERTING';
  return interaction.state === 'WRAP_UP' ? 'WRAP_UP' : 'ON_CALL';
}
