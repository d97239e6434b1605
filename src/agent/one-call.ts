import { type Claim, compareTexts } from './facets.ts';

/** One of several claims of a call. Regions or domains that have not received each other's changes may each grant one. */
export interface CallClaim {
  agentId: string;
  /** The region that granted it. */
  region: string;
  claim: Claim;
}

/** What the region that granted the first of two claims does with it. `stands`: keeps it, because the other one ends. */
type Resolution = 'ends' | 'stands' | 'both-confirmed';

/**
 * Decides which of two live claims of one call ends. A confirmed claim wins against a held one. Of two held claims the one
 * with the higher (fence, region) ends. Two confirmed claims both stand, because both agents may be talking; the conflict
 * is reported. All regions decide the same, and the region that granted the losing claim ends it.
 */
export function resolveDuplicate(ours: CallClaim, theirs: CallClaim): Resolution {
  const [own, other] = [ours.claim.state, theirs.claim.state];
  if (own === 'CONFIRMED' && other === 'CONFIRMED') return 'both-confirmed';
  if (own !== other) return own === 'HELD' ? 'ends' : 'stands';
  return hasHigherFence(ours, theirs) ? 'ends' : 'stands';
}

/** Whether the first claim has the higher (fence, region). The agent only makes the order total. */
export function hasHigherFence(one: CallClaim, other: CallClaim): boolean {
  const order =
    one.claim.fence - other.claim.fence ||
    compareTexts(one.region, other.region) ||
    compareTexts(one.agentId, other.agentId);
  return order > 0;
}
