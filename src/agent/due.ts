import type { PlatformSettlement } from './claim.ts';
import {
  type Claim,
  claimsOf,
  compareVersions,
  type Facets,
  type Interaction,
  interactionOf,
  interactionsOf,
  type Stamped,
  type Version,
} from './facets.ts';
import { confirmedAt, interactionFor, type Telling } from './pairing.ts';
import { isLive, liveInteractions } from './status.ts';
import { claimOn, mediaOf } from './units.ts';

/**
 * When the interaction of a claim that is settled now was over, in platform ms: regions' clocks may be wrong, and an
 * agent's place in line must not be. Where the platform tells of interactions but not of this one, the place stays as it
 * is; where it tells of none, the shard's `now` is the only clock there is.
 */
export function completionTime(facets: Facets, claim: Claim, telling: Telling): number | 'now' | undefined {
  if (!telling.tells) return 'now';
  const interaction = interactionFor(facets, claim, telling);
  const { activity } = facets;
  return interaction && Math.max(interaction.at, activity?.state === 'IDLE' ? activity.at : 0);
}

/** A settlement that the platform's own word calls for. */
export interface Due {
  claim: Claim;
  settlement: PlatformSettlement;
}

/**
 * The settlements that a platform's event calls for where the claims were granted: decided from the state that the
 * event is part of, so that the same event, seen again after a crash, finds what was left undone. An event that is no
 * longer part of the state calls for nothing.
 */
export function settlementsDue(event: Facets, facets: Facets, telling: Telling): Due[] {
  return claimsOf(facets).flatMap((claim) => {
    const interaction = interactionFor(facets, claim, telling);
    if (!isTold(event, facets, claim, interaction, telling)) return [];
    const settlement = settlementDue(claim, interaction, facets, telling);
    return settlement ? [{ claim, settlement }] : [];
  });
}

function settlementDue(
  claim: Claim,
  interaction: Stamped<Interaction> | undefined,
  facets: Facets,
  telling: Telling,
): PlatformSettlement | undefined {
  if (claim.state === 'ENDED') return undefined;
  const { activity } = facets;
  if (claim.state === 'WRAP_UP') {
    // Idle since after the call: the agent ended the wrap-up on the platform.
    const isIdle = activity?.state === 'IDLE' && activity.at > (interaction?.at ?? claim.completedAtMs);
    const isBusy = liveInteractions(facets).some(({ media }) => media === mediaOf(claim.unit));
    return isIdle && !isBusy ? 'release' : undefined;
  }
  if (!interaction) return isIdleSince(claim, activity, telling) ? 'complete' : undefined;
  const isOver = interaction.state === 'WRAP_UP' || !isLive(interaction, facets);
  if (!isOver) return interaction.state === 'CONNECTED' && claim.state === 'HELD' ? 'confirm' : undefined;
  return interaction.connectedAt === undefined ? 'missed' : 'complete';
}

/**
 * Whether the event, as far as it is part of the state, says something of the claim. By agent any interaction of the
 * medium does: with one more or one less of them, others go with other claims.
 */
function isTold(
  event: Facets,
  facets: Facets,
  { unit }: Claim,
  its: Stamped<Interaction> | undefined,
  { claimsBy }: Telling,
): boolean {
  if (isCurrent(event.activity, facets.activity)) return true;
  return interactionsOf(event).some((told) => {
    const isAlike = claimsBy === 'agent' && told.media === mediaOf(unit);
    return (isAlike || told.callId === its?.callId) && isCurrent(told, interactionOf(facets, told.callId));
  });
}

function isCurrent(reported: Version | undefined, held: Version | undefined): boolean {
  return reported !== undefined && held !== undefined && compareVersions(reported, held) === 0;
}

/**
 * Whether the agent has been idle on the platform since after the confirmation: what was confirmed had reached the agent
 * by then, so it is over, though nobody heard of it. By call somebody would have heard: there the claim ends by its time.
 */
function isIdleSince(claim: Claim, activity: Facets['activity'], { claimsBy, confirmedMs }: Telling): boolean {
  return claimsBy === 'agent' && activity?.state === 'IDLE' && activity.at > confirmedAt(claim, confirmedMs);
}

/**
 * Whether the interaction that a unit was claimed for goes on: then its claim does, too, however long it rings or lasts.
 * Ended by time alone, it would have no wrap-up, and its holder would be told that nobody has the agent.
 */
export function isGoingOn(facets: Facets, unit: string, telling: Telling): boolean {
  const claim = claimOn(facets, unit);
  const interaction = claim && interactionFor(facets, claim, telling);
  return interaction !== undefined && isLive(interaction, facets);
}
