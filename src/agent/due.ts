import type { PlatformSettlement } from './claim.ts';
import {
  type Claim,
  claimsOf,
  compareVersions,
  type Facets,
  type Interaction,
  type Stamped,
  type Version,
} from './facets.ts';
import { confirmedAt, interactionOf, interactionsOf, type Telling } from './pairing.ts';
import { isLive } from './status.ts';
import { claimOn, mediaOf } from './units.ts';

/**
 * When the interaction of a claim that is settled now was over, in platform ms: regions' clocks may be wrong, and an
 * agent's place in line must not be. Where the platform tells of interactions but not of this one, the place stays as it
 * is; where it tells of none, the shard's `now` is the only clock there is.
 */
export function completionTime(facets: Facets, claim: Claim, telling: Telling): number | 'now' | undefined {
  if (!telling.tells) return 'now';
  const interaction = interactionOf(facets, claim, telling);
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
    const interaction = interactionOf(facets, claim, telling);
    if (!isTold(event, facets, claim, interaction, telling)) return [];
    const settlement = settlementDue(claim, interaction, facets, telling);
    return settlement ? [{ claim, settlement }] : [];
  });
}

function settlementDue(
  claim: Claim,
  interaction: Stamped<Interaction> | undefined,
  { activity }: Facets,
  telling: Telling,
): PlatformSettlement | undefined {
  if (claim.state === 'ENDED') return undefined;
  const goesOn = interaction !== undefined && isLive(interaction, activity);
  if (claim.state === 'WRAP_UP') {
    // Idle since after the call: the agent ended the wrap-up on the platform.
    const isIdle = activity?.state === 'IDLE' && activity.at > (interaction?.at ?? claim.completedAtMs);
    return isIdle && !goesOn ? 'release' : undefined;
  }
  if (!interaction) return isIdleSince(claim, activity, telling) ? 'complete' : undefined;
  if (goesOn && interaction.state !== 'WRAP_UP')
    return interaction.state === 'CONNECTED' && claim.state === 'HELD' ? 'confirm' : undefined;
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
  const alike = claimsBy === 'agent' ? interactionsOf(facets, mediaOf(unit)) : [];
  const told = [...(event.interaction ? [event.interaction] : []), ...Object.values(event.digital ?? {})];
  return [...alike, ...(its ? [its] : [])].some((held) => {
    return told.some((one) => one.callId === held.callId && one.media === held.media && isCurrent(one, held));
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
  const interaction = claim && interactionOf(facets, claim, telling);
  return interaction !== undefined && isLive(interaction, facets.activity);
}
