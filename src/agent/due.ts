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
import { liveInteraction } from './status.ts';
import { seenFrom, VOICE } from './units.ts';

/**
 * When an interaction that is settled now was over, in platform ms: regions' clocks may be wrong, and an agent's place
 * in line must not be. Where the platform tells of interactions but not of this one, the place stays as it is; where it
 * tells of none, the shard's `now` is the only clock there is.
 */
export function completionTime(facets: Facets, { tells, claimsBy }: Telling): number | 'now' | undefined {
  const { claim, interaction, activity } = facets;
  if (!tells) return 'now';
  if (!interaction || !claim || !isOf(claim, interaction, claimsBy)) return undefined;
  return Math.max(interaction.at, activity?.state === 'IDLE' ? activity.at : 0);
}

/** What a platform tells of interactions, as its connection is configured. */
export interface Telling {
  /** Whether it tells of them at all. */
  tells: boolean;
  /**
   * How its interaction is known for a claim's: by the `call` id, or, where callers name calls as the platform does
   * not, as the next call of the `agent`.
   */
  claimsBy: 'call' | 'agent';
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
export function settlementsDue(event: Facets, facets: Facets, claimsBy: Telling['claimsBy']): Due[] {
  return claimsOf(facets).flatMap((claim) => {
    const { unit = VOICE } = claim;
    const reported = unit === VOICE ? event.interaction : event.digital?.[claim.callId];
    const told: Facets = {
      ...(reported && { interaction: reported }),
      ...(event.activity && { activity: event.activity }),
    };
    const settlement = settlementDue(told, seenFrom(facets, unit), claimsBy);
    return settlement ? [{ claim, settlement }] : [];
  });
}

function settlementDue(event: Facets, facets: Facets, claimsBy: Telling['claimsBy']): PlatformSettlement | undefined {
  const { claim, interaction, activity } = facets;
  if (!claim || claim.state === 'ENDED') return undefined;
  if (!isCurrent(event.interaction, interaction) && !isCurrent(event.activity, activity)) return undefined;
  const isIts = interaction !== undefined && isOf(claim, interaction, claimsBy);
  if (claim.state === 'WRAP_UP') {
    // Idle since after the call: the agent ended the wrap-up on the platform.
    const endedAt = isIts ? interaction.at : claim.completedAtMs;
    const isIdle = activity?.state === 'IDLE' && activity.at > endedAt;
    return isIdle && !liveInteraction(facets) ? 'release' : undefined;
  }
  if (!isIts) return undefined;
  const isOver = interaction.state === 'ENDED' || interaction.state === 'WRAP_UP' || !liveInteraction(facets);
  if (!isOver) return interaction.state === 'CONNECTED' && claim.state === 'HELD' ? 'confirm' : undefined;
  return interaction.connectedAt === undefined ? 'missed' : 'complete';
}

/**
 * Whether the interaction that a unit was claimed for goes on: then its claim does, too, however long it rings or lasts.
 * Ended by time alone, it would have no wrap-up, and its holder would be told that nobody has the agent.
 */
export function isGoingOn(facets: Facets, unit: string, claimsBy: Telling['claimsBy']): boolean {
  const { claim, interaction, ...others } = seenFrom(facets, unit);
  if (!claim || !interaction || !isOf(claim, interaction, claimsBy)) return false;
  return liveInteraction({ ...others, interaction }) !== undefined;
}

/**
 * Whether an interaction is the one that was claimed for. By agent it is the one that began after the claim: a fence is
 * about the time of its grant, so this compares the store's clock with the platform's and is good to their difference.
 */
function isOf(claim: Claim, interaction: Stamped<Interaction>, claimsBy: Telling['claimsBy']): boolean {
  if (interaction.callId === claim.callId) return true;
  return claimsBy === 'agent' && claim.unit === undefined && (interaction.connectedAt ?? interaction.at) > claim.fence;
}

function isCurrent(reported: Version | undefined, held: Version | undefined): boolean {
  return reported !== undefined && held !== undefined && compareVersions(reported, held) === 0;
}
