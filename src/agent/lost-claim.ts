import type { OwnSettlement, PlatformSettlement, Settlement } from './claim.ts';
import type { Facets } from './facets.ts';
import { mediaOfUnit, VOICE } from './status.ts';

/** A claim that was granted and that the record of its agent does not know: a failover forgot it. */
export interface LostClaim {
  fence: number;
  /** Absent: the one for voice. */
  unit?: string | undefined;
}

/** How things are where a lost claim would be made again. */
export interface LostClaimContext {
  facets: Facets;
  /** How long the claim on record still holds the unit, in ms; 0 or less: not any more. */
  heldForMs: number;
  /** The lowest fence of a claim that could still hold its agent. */
  oldestFence: number;
}

/**
 * Why a lost claim cannot be made again, in words; undefined: it can. Only whoever wants to keep the agent makes it
 * again, only where the agent still has the unit, and nobody's claim that was granted since is touched: of two holders
 * the one that is on record has the agent.
 */
export function whyNotRestored(
  settlement: Settlement | PlatformSettlement | OwnSettlement,
  { fence, unit }: LostClaim,
  { facets, heldForMs, oldestFence }: LostClaimContext,
): string | undefined {
  if (heldForMs > 0) return 'a failover forgot the claim, and another call has the agent';
  if (settlement !== 'confirm' && settlement !== 'renew')
    return 'a failover forgot the claim: it holds nobody any more';
  if (fence < oldestFence) return 'a failover forgot the claim, whose time is over';
  if (!hasUnit(facets, unit)) return 'a failover forgot the claim, and the agent carries fewer interactions by now';
  return undefined;
}

/** Whether the unit is one of the agent's present capacity. Everybody has the one for voice. */
function hasUnit({ profile }: Facets, unit = VOICE): boolean {
  if (unit === VOICE) return true;
  const number = Number(unit.slice(unit.lastIndexOf('-') + 1));
  return number <= (profile?.capacity?.media[mediaOfUnit(unit)]?.units ?? 0);
}
