import {
  type Claim,
  compareClaims,
  compareVersions,
  type Digital,
  FACET_NAMES,
  type FacetName,
  type Facets,
  type Version,
} from './facets.ts';
import { laterTombstone, unburied } from './tombstone.ts';

/** What a change did to an agent: at least one facet was newer, none was but one was seen before, or all were older. */
export type Outcome = 'applied' | 'duplicate' | 'outdated';

export interface Merged {
  facets: Facets;
  outcome: Outcome;
  /** The facets that changed, in a fixed order. */
  changed: FacetName[];
}

/**
 * Joins a change into an agent's facets. Commutative, associative and idempotent; a stale change changes nothing.
 * A change is itself a set of facets: what it does not name it knows nothing about.
 */
export function merge(current: Facets, change: Facets): Merged {
  const tombstone = laterTombstone(current.forgotten, change.forgotten);
  const facets = unburied(current, tombstone);
  const told = unburied(change, tombstone);
  const changed: FacetName[] = [];
  let seen = false;
  for (const name of FACET_NAMES) {
    const order = joinFacet(facets, told, name);
    if (order > 0) changed.push(name);
    else if (order === 0) seen = true;
  }
  return { facets, changed, outcome: changed.length > 0 ? 'applied' : seen ? 'duplicate' : 'outdated' };
}

/** Takes over one facet where the change is newer. Positive: taken. 0: the same. Negative: older or absent. */
function joinFacet(facets: Facets, change: Facets, name: FacetName): number {
  if (change[name] === undefined) return -1;
  if (name === 'claim') return joinClaim(facets, change.claim as Claim);
  if (name === 'digital') return joinDigital(facets, change.digital as Digital);
  if (name === 'digitalClaims') return joinDigitalClaims(facets, change.digitalClaims as Record<string, Claim>);
  const ours = facets[name];
  const theirs = change[name];
  const order = ours ? compareVersions(theirs, ours) : 1;
  if (order > 0) Object.assign(facets, { [name]: theirs });
  return order;
}

/** Interactions besides voice that are remembered of an agent: an agent may carry this many, and a few have just ended. */
export const DIGITAL_KEPT = 32;

/**
 * Each interaction is a register; those that changed last are kept. Every register only grows, so one that was
 * forgotten stays older than those that were kept, and whoever hears of it in whatever order forgets it, too.
 */
function joinDigital(facets: Facets, theirs: Digital): number {
  const ours = facets.digital ?? {};
  const joined = new Map(Object.entries(ours));
  let isSeen = false;
  for (const [callId, interaction] of Object.entries(theirs)) {
    const held = joined.get(callId);
    const order = held ? compareVersions(interaction, held) : 1;
    if (order > 0) joined.set(callId, interaction);
    else if (order === 0) isSeen = true;
  }
  const kept = [...joined].sort(latestFirst).slice(0, DIGITAL_KEPT);
  if (kept.every(([callId, interaction]) => ours[callId] === interaction)) return isSeen ? 0 : -1;
  facets.digital = Object.fromEntries(kept);
  return 1;
}

function latestFirst([callA, a]: [string, Version], [callB, b]: [string, Version]): number {
  return compareVersions(b, a) || (callA < callB ? -1 : 1);
}

function joinDigitalClaims(facets: Facets, theirs: Record<string, Claim>): number {
  const orders = Object.entries(theirs).map(([unit, claim]) => {
    const held: Facets = { ...(facets.digitalClaims?.[unit] && { claim: facets.digitalClaims[unit] }) };
    const order = joinClaim(held, claim);
    if (order > 0) facets.digitalClaims = { ...facets.digitalClaims, [unit]: held.claim as Claim };
    return order;
  });
  return Math.max(-1, ...orders);
}

/** The latest claim wins; when an agent last completed one is remembered across claims, so its place in line holds. */
function joinClaim(facets: Facets, theirs: Claim): number {
  const ours = facets.claim;
  if (!ours) {
    facets.claim = theirs;
    return 1;
  }
  const order = compareClaims(theirs, ours);
  const completedAtMs = Math.max(ours.completedAtMs, theirs.completedAtMs);
  if (order <= 0 && completedAtMs === ours.completedAtMs) return order;
  facets.claim = { ...(order > 0 ? theirs : ours), completedAtMs };
  return 1;
}
