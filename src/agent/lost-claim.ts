import type { OwnSettlement, PlatformSettlement, Settlement } from './claim.ts';
import type { Facets } from './facets.ts';
import { mediaOfUnit, VOICE } from './status.ts';

/** A claim that was granted but is missing in its agent's record, because a failover lost it. */
export interface LostClaim {
  fence: number;
  /** Absent for `voice`. */
  unit?: string | undefined;
}

/** The agent's present state, which decides whether a lost claim can be restored. */
export interface LostClaimContext {
  facets: Facets;
  /** Rest of the lock of the claim on record, in ms; 0 or less if it has expired. */
  heldForMs: number;
  /** The lowest fence of a claim that has not lapsed yet. */
  oldestFence: number;
}

/**
 * Why a lost claim is not restored, for people; undefined if it is. Only `confirm` and `renew` restore a claim, only if the
 * agent still has the unit, and never against a claim on record that holds it.
 */
export function whyNotRestored(
  settlement: Settlement | PlatformSettlement | OwnSettlement,
  { fence, unit }: LostClaim,
  { facets, heldForMs, oldestFence }: LostClaimContext,
): string | undefined {
  if (heldForMs > 0) return 'a failover lost the claim, and another call holds the agent';
  if (settlement !== 'confirm' && settlement !== 'renew')
    return 'a failover lost the claim, so there is nothing to end';
  if (fence < oldestFence) return 'a failover lost the claim, and it has expired since';
  if (!hasUnit(facets, unit)) return 'a failover lost the claim, and the agent’s capacity has shrunk since';
  return undefined;
}

/** Whether the agent's capacity has the unit. All agents have `voice`. */
function hasUnit({ profile }: Facets, unit = VOICE): boolean {
  if (unit === VOICE) return true;
  const number = Number(unit.slice(unit.lastIndexOf('-') + 1));
  return number <= (profile?.capacity?.media[mediaOfUnit(unit)]?.units ?? 0);
}
