import {
  type Claim,
  compareClaims,
  compareVersions,
  FACET_NAMES,
  type FacetName,
  type Facets,
  type Interactions,
  type LastSecond,
} from './facets.ts';
import { laterTombstone, unburied } from './tombstone.ts';
import { compareSeconds } from './whole-seconds.ts';

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
  if (name === 'interactions') return joinInteractions(facets, change.interactions as Interactions);
  if (name === 'digitalClaims') return joinDigitalClaims(facets, change.digitalClaims as Record<string, Claim>);
  if (name === 'lastSecond') return joinSecond(facets, change.lastSecond as LastSecond);
  const ours = facets[name];
  const theirs = change[name];
  const order = ours ? compareVersions(theirs, ours) : 1;
  if (order > 0) Object.assign(facets, { [name]: theirs });
  return order;
}

/**
 * Each interaction is a register, and the floor is one. What lies below the floor is dropped whatever it says, so that no
 * order of events can revive it; that nothing alive lies there is the care of whoever raises the floor.
 */
function joinInteractions(facets: Facets, theirs: Interactions): number {
  const ours = facets.interactions ?? { byCall: {} };
  const floor = Math.max(ours.forgottenBefore ?? 0, theirs.forgottenBefore ?? 0);
  const joined = new Map(Object.entries(ours.byCall));
  let isSeen = theirs.forgottenBefore !== undefined && theirs.forgottenBefore === ours.forgottenBefore;
  for (const [callId, interaction] of Object.entries(theirs.byCall)) {
    const held = joined.get(callId);
    const order = held ? compareVersions(interaction, held) : 1;
    if (order > 0) joined.set(callId, interaction);
    else if (order === 0) isSeen = true;
  }
  const kept = [...joined].filter(([, { at }]) => at >= floor);
  const isSame = kept.length === Object.keys(ours.byCall).length && kept.every(([id, one]) => ours.byCall[id] === one);
  if (isSame && floor === (ours.forgottenBefore ?? 0)) return isSeen ? 0 : -1;
  facets.interactions = { byCall: Object.fromEntries(kept), ...(floor > 0 && { forgottenBefore: floor }) };
  return 1;
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

function joinSecond(facets: Facets, theirs: LastSecond): number {
  const order = facets.lastSecond ? compareSeconds(theirs, facets.lastSecond) : 1;
  if (order > 0) facets.lastSecond = theirs;
  return order;
}
