import {
  type Claim,
  claimsOf,
  compareClaims,
  compareVersionKeys,
  compareVersions,
  FACET_NAMES,
  type FacetName,
  type Facets,
  type Interaction,
  type Interactions,
  interactionOf,
  interactionsFacet,
  interactionsOf,
  type LastSecond,
  type Stamped,
  type Version,
  type VersionKey,
  versionKeyOf,
} from './facets.ts';
import { RECORD_LIMITS } from './limits.ts';
import { claimOn, isLive, liveInteractions, VOICE } from './status.ts';
import { bytesOf } from './text.ts';
import type { AgentEvent } from './wire.ts';

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
  const facets = withoutCovered(current, tombstone);
  const left = withoutCovered(change, tombstone);
  const changed: FacetName[] = [];
  let seen = false;
  for (const name of FACET_NAMES) {
    const order = mergeFacet(facets, left, name);
    if (order > 0) changed.push(name);
    else if (order === 0) seen = true;
  }
  return { facets, changed, outcome: changed.length > 0 ? 'applied' : seen ? 'duplicate' : 'outdated' };
}

/** Takes over one facet where the change is newer. Positive: taken. 0: the same. Negative: older or absent. */
function mergeFacet(facets: Facets, change: Facets, name: FacetName): number {
  if (change[name] === undefined) return -1;
  if (name === 'claim') return mergeClaim(facets, change.claim as Claim);
  if (name === 'interactions') return mergeInteractions(facets, change.interactions as Interactions);
  if (name === 'digitalClaims') return mergeDigitalClaims(facets, change.digitalClaims as Record<string, Claim>);
  if (name === 'lastSecond') return mergeLastSecond(facets, change.lastSecond as LastSecond);
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
function mergeInteractions(facets: Facets, theirs: Interactions): number {
  const ours = facets.interactions ?? { byCall: {} };
  const floor = Math.max(ours.forgottenBefore ?? 0, theirs.forgottenBefore ?? 0);
  const merged = new Map(Object.entries(ours.byCall));
  let isSeen = theirs.forgottenBefore !== undefined && theirs.forgottenBefore === ours.forgottenBefore;
  for (const [callId, interaction] of Object.entries(theirs.byCall)) {
    const held = merged.get(callId);
    const order = held ? compareVersions(interaction, held) : 1;
    if (order > 0) merged.set(callId, interaction);
    else if (order === 0) isSeen = true;
  }
  const kept = [...merged].filter(([, { at }]) => at >= floor);
  const isSame = kept.length === Object.keys(ours.byCall).length && kept.every(([id, one]) => ours.byCall[id] === one);
  if (isSame && floor === (ours.forgottenBefore ?? 0)) return isSeen ? 0 : -1;
  facets.interactions = { byCall: Object.fromEntries(kept), ...(floor > 0 && { forgottenBefore: floor }) };
  return 1;
}

function mergeDigitalClaims(facets: Facets, theirs: Record<string, Claim>): number {
  const orders = Object.entries(theirs).map(([unit, claim]) => {
    const held: Facets = { ...(facets.digitalClaims?.[unit] && { claim: facets.digitalClaims[unit] }) };
    const order = mergeClaim(held, claim);
    if (order > 0) facets.digitalClaims = { ...facets.digitalClaims, [unit]: held.claim as Claim };
    return order;
  });
  return Math.max(-1, ...orders);
}

/** The latest claim wins; when an agent last completed one is remembered across claims, so its place in line holds. */
function mergeClaim(facets: Facets, theirs: Claim): number {
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

function mergeLastSecond(facets: Facets, theirs: LastSecond): number {
  const order = facets.lastSecond ? compareSeconds(theirs, facets.lastSecond) : 1;
  if (order > 0) facets.lastSecond = theirs;
  return order;
}

/**
 * An agent is forgotten by a tombstone: a register like any other, of which the latest stands. Whatever was said up to its
 * time is gone, in whatever order it comes; what is said later counts, so that whoever comes back is there again. Claims
 * are no such words and stay: their fences must never go back.
 */
type Tombstone = Version;

const COVERED_FACETS = ['profile', 'presence', 'activity'] as const;

/** The later of two tombstones by time, which alone decides what is gone. */
function laterTombstone(a: Tombstone | undefined, b: Tombstone | undefined): Tombstone | undefined {
  return a && b ? (a.at >= b.at ? a : b) : (a ?? b);
}

/** Whether the agent has been forgotten since this was said. */
export const isCovered = (tombstone: Tombstone | undefined, { at }: Pick<Version, 'at'>): boolean =>
  tombstone !== undefined && at <= tombstone.at;

/** The facets without what was said up to the tombstone. */
export function withoutCovered(facets: Facets, tombstone: Tombstone | undefined): Facets {
  const left = { ...facets };
  if (!tombstone) return left;
  for (const name of COVERED_FACETS) if (left[name] && isCovered(tombstone, left[name])) delete left[name];
  if (!left.interactions) return left;
  const { byCall, forgottenBefore } = left.interactions;
  const calls = Object.entries(byCall).filter(([, one]) => !isCovered(tombstone, one));
  if (calls.length === Object.keys(byCall).length) return left;
  left.interactions = { ...left.interactions, byCall: Object.fromEntries(calls) };
  if (calls.length === 0 && forgottenBefore === undefined) delete left.interactions;
  return left;
}

/** Everything that was said of the agent, but for claims. */
const reportedVersions = (facets: Facets): Version[] => [
  ...COVERED_FACETS.flatMap((name) => facets[name] ?? []),
  ...interactionsOf(facets),
];

/** Whether nothing is known of the agent but that they were forgotten, and claims of before. */
export const isForgotten = (facets: Facets): boolean =>
  facets.forgotten !== undefined && reportedVersions(facets).length === 0;

/** When the agent was last spoken of, in platform ms; 0 if never. */
export const lastReportMs = (facets: Facets): number => Math.max(0, ...reportedVersions(facets).map(({ at }) => at));

/** Whether nobody has spoken of the agent since `cutoffMs`, and the last that was said is that they are not there. */
export function isExpired(facets: Facets, cutoffMs: number): boolean {
  // Of whom no presence was told, somebody may be telling it just now.
  return facets.presence?.state === 'OFF_DUTY' && lastReportMs(facets) <= cutoffMs;
}

/** Tells everybody that an agent was forgotten. */
export function tombstoneEvent(region: string, agentId: string, forgotten: Tombstone, source: string): AgentEvent {
  return { eventId: forgotten.id, agentId, timestampMs: forgotten.at, region, source, facets: { forgotten } };
}

/**
 * What an agent's home forgets of interactions, so that a record stays small however many calls a day has:
 *
 *   no more than 32, of all that are live or have ended  ► nothing
 *   more                                                 ► all that ended before the floor
 *
 * The floor travels with the facet and only rises: what was said before it counts nowhere any more, so no late word revives
 * what was forgotten, and every region forgets the same. Only the home raises it. It never passes what is alive: that is said
 * once more, as of the floor.
 */
interface RaisedFloor {
  facets: Required<Pick<Facets, 'interactions'>>;
  /** Platform ms. */
  floor: number;
}

/** Of those that ended so many are kept: late words of them are still told from news. */
const ENDED_KEPT = 16;
/** No word is as late as this, in ms. */
const LATE_MS = 10 * 60_000;

/**
 * @param nowMs by the clock of the home's store
 * @returns undefined where nothing is to be forgotten yet
 */
export function raisedFloor(facets: Facets, nowMs: number): RaisedFloor | undefined {
  const all = interactionsOf(facets);
  if (all.length <= RECORD_LIMITS.interactions.most) return undefined;
  const live = all.filter((one) => isLive(one, facets));
  const endedAtMs = all
    .filter((one) => !live.includes(one))
    .map(({ at }) => at)
    .sort((one, other) => other - one);
  const oldestKeptMs = endedAtMs[ENDED_KEPT - 1] ?? endedAtMs.at(-1);
  if (oldestKeptMs === undefined) return undefined;
  const floor = Math.min(oldestKeptMs, nowMs - LATE_MS);
  const below = live.filter(({ at }) => at < floor);
  // More than one message can hold lasts for so long: nobody carries as much.
  if (endedAtMs.every((at) => at >= floor) || below.length > RECORD_LIMITS.interactions.most) return undefined;
  const lasting = below.map((one): Stamped<typeof one> => ({ ...one, at: floor, id: `${one.id}/lasts/${floor}` }));
  const byCall = Object.fromEntries(lasting.map((one) => [one.callId, one]));
  return { facets: { interactions: { byCall, forgottenBefore: floor } }, floor };
}

/** An interaction of which nobody has said anything for so long is over, in ms: its end was lost. */
const UNHEARD_MS = 4 * 3_600_000;

/**
 * The ends of interactions of which nobody has said anything for four hours, as of now; of agents whom no platform's reading
 * corrects.
 */
export function lostEnds(facets: Facets, nowMs: number): Stamped<Interaction>[] {
  return liveInteractions(facets)
    .filter(({ at }) => at <= nowMs - UNHEARD_MS)
    .map((one) => ({ ...one, state: 'ENDED', at: nowMs, id: `${one.id}/unheard/${nowMs}` }));
}

/** Whether a change would bring an agent more interactions than a record holds. */
export function isBeyondBound(before: Facets, after: Facets): boolean {
  const { interactions = { byCall: {} } } = after;
  if (Object.keys(interactions.byCall).length <= interactionsOf(before).length) return false;
  return bytesOf(JSON.stringify(interactions)) > RECORD_LIMITS.remembered.most;
}

/**
 * Senders with clocks of whole seconds are common, and say two things in one second. Such events get their milliseconds where
 * they enter, at the agent's home: the store numbers them in the order in which it takes them in, before anybody else sees
 * them. What enters elsewhere keeps `.000`, and where two are equal all the same, the less available wins.
 */

const SECOND_MS = 1000;
/** More events of one agent in one second are not numbered: nobody does as much. */
const MOST = RECORD_LIMITS.numbered.most;

export const isWholeSecond = ({ timestampMs }: Pick<AgentEvent, 'timestampMs'>): boolean =>
  timestampMs % SECOND_MS === 0;

/** Takes events of one agent in, in this order. Those of an earlier second are late, and keep `.000`. */
export function assignNumbers(
  facets: Facets,
  events: Pick<AgentEvent, 'eventId' | 'timestampMs'>[],
): LastSecond | undefined {
  let last = facets.lastSecond;
  for (const { eventId, timestampMs } of events.filter(isWholeSecond)) {
    if (last && timestampMs < last.at) continue;
    const before: LastSecond =
      last?.at === timestampMs ? last : { at: timestampMs, ids: usedNumbers(facets, timestampMs) };
    if (!before.ids.includes(eventId)) last = { at: before.at, ids: [...before.ids, eventId].slice(0, MOST) };
  }
  return last;
}

/** What the record has of that second already, where its numbers are not remembered: they are taken. */
function usedNumbers(facets: Facets, secondMs: number): string[] {
  const { presence, activity, profile } = facets;
  const numbers = [presence, activity, profile, ...interactionsOf(facets)].flatMap((facet) => {
    const number = facet ? facet.at - secondMs : -1;
    return number >= 0 && number < MOST ? [number] : [];
  });
  return Array.from({ length: Math.max(-1, ...numbers) + 1 }, () => '');
}

/** The event with the number that it has been given; one that was given none is as it was. */
export function withNumber(event: AgentEvent, last: LastSecond | undefined): AgentEvent {
  const number = last?.at === event.timestampMs ? last.ids.indexOf(event.eventId) : -1;
  if (number <= 0) return event;
  const at = event.timestampMs + number;
  const move = <T extends { at: number }>(facet: T): T => (facet.at === event.timestampMs ? { ...facet, at } : facet);
  const { profile, presence, activity, interactions } = event.facets;
  const facets: Facets = {
    ...event.facets,
    ...(profile && { profile: move(profile) }),
    ...(presence && { presence: move(presence) }),
    ...(activity && { activity: move(activity) }),
    ...(interactions && interactionsFacet(...interactionsOf(event.facets).map(move))),
  };
  return { ...event, timestampMs: at, facets };
}

/** Which of two the register keeps: the later second, of one second the longer list. */
const compareSeconds = (one: LastSecond, other: LastSecond): number =>
  one.at - other.at || one.ids.length - other.ids.length;

/** A claim's own version, but for the call: one granter gives a fence to one call only. */
type ClaimVersion = Pick<Claim, 'fence' | 'by' | 'state' | 'untilMs'>;

/** How new an agent's facets must be for a write to be among what they say. */
export interface RequiredVersions {
  forgotten?: VersionKey;
  profile?: VersionKey;
  presence?: VersionKey;
  activity?: VersionKey;
  /** By call id. */
  interactions?: Record<string, VersionKey>;
  /** By unit. */
  claims?: Record<string, ClaimVersion>;
}

/** The facets of an event that are one register each, in a fixed order. */
export const REPORTED = ['forgotten', 'profile', 'presence', 'activity'] as const satisfies FacetName[];

/** What an agent must have reached for a change to be applied, or to be outdated: the versions that it brings. */
export function requiredVersionsOf(change: Facets): RequiredVersions {
  const required: RequiredVersions = {};
  for (const name of REPORTED) {
    const facet = change[name];
    if (facet) required[name] = versionKeyOf(facet);
  }
  const interactions = interactionsOf(change).map((one) => [one.callId, versionKeyOf(one)] as const);
  if (interactions.length > 0) required.interactions = Object.fromEntries(interactions);
  const claims = claimsOf(change).map(({ unit = VOICE, fence, by, state, untilMs }) => {
    return [unit, { fence, ...(by !== undefined && { by }), state, untilMs }] as const;
  });
  if (claims.length > 0) required.claims = Object.fromEntries(claims);
  return required;
}

/**
 * The facets that are older than a write, or absent. None: merging the write in would change nothing, so whatever is
 * read from these facets is not the past. Each facet only ever grows, so this stays true.
 */
export function facetsBehind(facets: Facets, required: RequiredVersions): FacetName[] {
  const names: FacetName[] = REPORTED.filter((name) => {
    const [held, wanted] = [facets[name], required[name]];
    if (!wanted || (name !== 'forgotten' && isCovered(facets.forgotten, wanted))) return false;
    return !(held && compareVersionKeys(versionKeyOf(held), wanted) >= 0);
  });
  const calls = Object.entries(required.interactions ?? {}).filter(
    ([, wanted]) => !isCovered(facets.forgotten, wanted),
  );
  if (calls.some(([callId, wanted]) => isAhead(facets, callId, wanted))) names.push('interactions');
  for (const [unit, wanted] of Object.entries(required.claims ?? {})) {
    const name = unit === VOICE ? 'claim' : 'digitalClaims';
    if (!names.includes(name) && !hasReached(claimOn(facets, unit), wanted)) names.push(name);
  }
  return names;
}

/** Whether the interaction is not as new as that; what lies below the floor has been forgotten. */
function isAhead(facets: Facets, callId: string, wanted: VersionKey): boolean {
  if (wanted.at < (facets.interactions?.forgottenBefore ?? 0)) return false;
  const held = interactionOf(facets, callId);
  return !held || compareVersionKeys(versionKeyOf(held), wanted) < 0;
}

function hasReached(claim: Claim | undefined, wanted: ClaimVersion): boolean {
  if (!claim) return false;
  const { callId, queue, completedAtMs } = claim;
  return compareClaims(claim, { ...wanted, callId, queue, completedAtMs }) >= 0;
}
