import {
  type Claim,
  claimsOf,
  compareClaims,
  compareRanks,
  type FacetName,
  type Facets,
  interactionOf,
  interactionsOf,
  type Rank,
  rankOf,
} from './facets.ts';
import { isBuried } from './merge.ts';
import { claimOn, VOICE } from './status.ts';

/** A claim's own version, but for the call: one granter gives a fence to one call only. */
type ClaimVersion = Pick<Claim, 'fence' | 'by' | 'state' | 'untilMs'>;

/** How new an agent's facets must be for a write to be among what they say. */
export interface Reach {
  forgotten?: Rank;
  profile?: Rank;
  presence?: Rank;
  activity?: Rank;
  /** By call id. */
  interactions?: Record<string, Rank>;
  /** By unit. */
  claims?: Record<string, ClaimVersion>;
}

/** The facets of an event that are one register each, in a fixed order. */
export const REPORTED = ['forgotten', 'profile', 'presence', 'activity'] as const satisfies FacetName[];

/** What an agent must have reached for a change to be applied, or to be outdated: the versions that it brings. */
export function reachOf(change: Facets): Reach {
  const reach: Reach = {};
  for (const name of REPORTED) {
    const facet = change[name];
    if (facet) reach[name] = rankOf(facet);
  }
  const interactions = interactionsOf(change).map((one) => [one.callId, rankOf(one)] as const);
  if (interactions.length > 0) reach.interactions = Object.fromEntries(interactions);
  const claims = claimsOf(change).map(({ unit = VOICE, fence, by, state, untilMs }) => {
    return [unit, { fence, ...(by !== undefined && { by }), state, untilMs }] as const;
  });
  if (claims.length > 0) reach.claims = Object.fromEntries(claims);
  return reach;
}

/**
 * The facets that are older than a write, or absent. None: merging the write in would change nothing, so whatever is
 * read from these facets is not the past. Each facet only ever grows, so this stays true.
 */
export function behind(facets: Facets, reach: Reach): FacetName[] {
  const names: FacetName[] = REPORTED.filter((name) => {
    const [held, wanted] = [facets[name], reach[name]];
    if (!wanted || (name !== 'forgotten' && isBuried(facets.forgotten, wanted))) return false;
    return !(held && compareRanks(rankOf(held), wanted) >= 0);
  });
  const calls = Object.entries(reach.interactions ?? {}).filter(([, wanted]) => !isBuried(facets.forgotten, wanted));
  if (calls.some(([callId, wanted]) => isAhead(facets, callId, wanted))) names.push('interactions');
  for (const [unit, wanted] of Object.entries(reach.claims ?? {})) {
    const name = unit === VOICE ? 'claim' : 'digitalClaims';
    if (!names.includes(name) && !hasReached(claimOn(facets, unit), wanted)) names.push(name);
  }
  return names;
}

/** Whether the interaction is not as new as that; what lies below the floor has been forgotten. */
function isAhead(facets: Facets, callId: string, wanted: Rank): boolean {
  if (wanted.at < (facets.interactions?.forgottenBefore ?? 0)) return false;
  const held = interactionOf(facets, callId);
  return !held || compareRanks(rankOf(held), wanted) < 0;
}

function hasReached(claim: Claim | undefined, wanted: ClaimVersion): boolean {
  if (!claim) return false;
  const { callId, queue, completedAtMs } = claim;
  return compareClaims(claim, { ...wanted, callId, queue, completedAtMs }) >= 0;
}
