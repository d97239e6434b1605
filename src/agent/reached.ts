import { type Claim, compareClaims, compareVersions, type FacetName, type Facets, type Version } from './facets.ts';

/** A claim's own version, but for the call: one granter gives a fence to one call only. */
export type ClaimVersion = Pick<Claim, 'fence' | 'by' | 'state' | 'untilMs'>;

/** How new an agent's facets must be for a write to be among what they say. */
export interface Reach {
  profile?: Version;
  presence?: Version;
  activity?: Version;
  interaction?: Version;
  claim?: ClaimVersion;
}

/** The facets of a platform's event, in a fixed order. */
export const REPORTED = ['profile', 'presence', 'activity', 'interaction'] as const satisfies FacetName[];

/** What an agent must have reached for a change to be applied, or to be outdated: the versions that it brings. */
export function reachOf(change: Facets): Reach {
  const reach: Reach = {};
  for (const name of REPORTED) {
    const facet = change[name];
    if (facet) reach[name] = { at: facet.at, id: facet.id };
  }
  const { claim } = change;
  if (claim) {
    const { fence, by, state, untilMs } = claim;
    reach.claim = { fence, ...(by !== undefined && { by }), state, untilMs };
  }
  return reach;
}

/**
 * The facets that are older than a write, or absent. None: merging the write in would change nothing, so whatever is
 * read from these facets is not the past. Each facet only ever grows, so this stays true.
 */
export function behind(facets: Facets, reach: Reach): FacetName[] {
  const names: FacetName[] = REPORTED.filter((name) => {
    const [held, wanted] = [facets[name], reach[name]];
    return wanted && !(held && compareVersions(held, wanted) >= 0);
  });
  return reach.claim && !hasReached(facets.claim, reach.claim) ? [...names, 'claim'] : names;
}

function hasReached(claim: Claim | undefined, wanted: ClaimVersion): boolean {
  if (!claim) return false;
  const { callId, queue, completedAtMs } = claim;
  return compareClaims(claim, { ...wanted, callId, queue, completedAtMs }) >= 0;
}
