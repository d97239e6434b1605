import type { PlatformSettlement } from './claim.ts';
import { type Claim, claimsOf, compareVersions, type Facets, interactionOf, type Version } from './facets.ts';
import { type ClaimsBy, interactionFor } from './pairing.ts';
import { isLive, liveInteractions } from './status.ts';
import { claimOn, mediaOf } from './units.ts';

/**
 * When an interaction that is settled now was over, in platform ms: regions' clocks may be wrong, and an agent's place
 * in line must not be. Where the platform tells of interactions but not of this one, the place stays as it is; where it
 * tells of none, the shard's `now` is the only clock there is.
 */
export function completionTime(facets: Facets, claim: Claim, { tells, claimsBy }: Telling): number | 'now' | undefined {
  if (!tells) return 'now';
  const interaction = interactionFor(facets, claim, claimsBy);
  if (!interaction) return undefined;
  const { activity } = facets;
  return Math.max(interaction.at, activity?.state === 'IDLE' ? activity.at : 0);
}

/** What a platform tells of interactions, as its connection is configured. */
export interface Telling {
  /** Whether it tells of them at all. */
  tells: boolean;
  claimsBy: ClaimsBy;
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
export function settlementsDue(event: Facets, facets: Facets, claimsBy: ClaimsBy): Due[] {
  return claimsOf(facets).flatMap((claim) => {
    const settlement = settlementDue(event, facets, claim, claimsBy);
    return settlement ? [{ claim, settlement }] : [];
  });
}

function settlementDue(
  event: Facets,
  facets: Facets,
  claim: Claim,
  claimsBy: ClaimsBy,
): PlatformSettlement | undefined {
  if (claim.state === 'ENDED') return undefined;
  const { activity } = facets;
  const interaction = interactionFor(facets, claim, claimsBy);
  const isNews = interaction && isCurrent(interactionOf(event, interaction.callId), interaction);
  if (!isNews && !isCurrent(event.activity, activity)) return undefined;
  if (claim.state === 'WRAP_UP') {
    // Idle since after the call: the agent ended the wrap-up on the platform.
    const isIdle = activity?.state === 'IDLE' && activity.at > (interaction?.at ?? claim.completedAtMs);
    const isBusy = liveInteractions(facets).some(({ media }) => media === mediaOf(claim.unit));
    return isIdle && !isBusy ? 'release' : undefined;
  }
  if (!interaction) return undefined;
  const isOver = interaction.state === 'WRAP_UP' || !isLive(interaction, facets);
  if (!isOver) return interaction.state === 'CONNECTED' && claim.state === 'HELD' ? 'confirm' : undefined;
  return interaction.connectedAt === undefined ? 'missed' : 'complete';
}

/**
 * Whether the interaction that a unit was claimed for goes on: then its claim does, too, however long it rings or lasts.
 * Ended by time alone, it would have no wrap-up, and its holder would be told that nobody has the agent.
 */
export function isGoingOn(facets: Facets, unit: string, claimsBy: ClaimsBy): boolean {
  const claim = claimOn(facets, unit);
  const interaction = claim && interactionFor(facets, claim, claimsBy);
  return interaction !== undefined && isLive(interaction, facets);
}

function isCurrent(reported: Version | undefined, held: Version | undefined): boolean {
  return reported !== undefined && held !== undefined && compareVersions(reported, held) === 0;
}
