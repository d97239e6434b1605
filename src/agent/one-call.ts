import { type Claim, compareTexts } from './facets.ts';

/** One of the claims that a call has: regions and domains that had not heard of each other may each grant it one. */
export interface CallClaim {
  agentId: string;
  /** The region that granted it. */
  region: string;
  claim: Claim;
}

/** What becomes of a call's two live claims, as the region that granted the first of them sees it. */
type Resolution = 'ends' | 'stands' | 'both-confirmed';

/**
 * A call is one, so one of its claims ends: one that is only held loses to one that is confirmed; of two that are held the
 * higher (fence, region) loses. Two that are confirmed are two calls on the line: nobody ends either, and people are told.
 * Every region decides the same of the same two, and the one that granted the loser ends it.
 */
export function resolveDuplicate(ours: CallClaim, theirs: CallClaim): Resolution {
  const [own, other] = [ours.claim.state, theirs.claim.state];
  if (own === 'CONFIRMED' && other === 'CONFIRMED') return 'both-confirmed';
  if (own !== other) return own === 'HELD' ? 'ends' : 'stands';
  return hasHigherFence(ours, theirs) ? 'ends' : 'stands';
}

/** Whether the first has the higher (fence, region); the agent only makes the order total. */
export function hasHigherFence(one: CallClaim, other: CallClaim): boolean {
  const order =
    one.claim.fence - other.claim.fence ||
    compareTexts(one.region, other.region) ||
    compareTexts(one.agentId, other.agentId);
  return order > 0;
}
