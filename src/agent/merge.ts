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

/**
 * Result of a merge. `applied`: at least one facet of the change was newer. `duplicate`: none was newer, and at least one
 * was the same. `outdated`: all were older.
 */
export type Outcome = 'applied' | 'duplicate' | 'outdated';

export interface Merged {
  facets: Facets;
  outcome: Outcome;
  /** The facets that changed, in a fixed order. */
  changed: FacetName[];
}

/**
 * Merges a change into an agent's facets, facet by facet. The result is the join of a lattice: merging is commutative,
 * associative and idempotent, and an outdated change has no effect. Facets that the change does not have stay as they are.
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

/**
 * Takes over one facet if the change's is newer.
 * @returns positive if it was taken over, 0 if both are the same, else negative
 */
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
 * Merges each interaction by itself, and the interaction floor. Interactions below the floor are dropped whatever their
 * state, so the order of events does not matter. {@link raisedFloor} makes sure that no live one is below it.
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

/** The newest claim wins. `completedAtMs` is the maximum of both, because the queue position depends on it. */
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

/*
 * Tombstones
 */

/**
 * Facet by which an agent is forgotten; the latest wins. It covers all reports up to its time, in whatever order they
 * arrive. Later reports count, so an agent who returns is known again. Claims are not covered, because fences must never
 * decrease.
 */
type Tombstone = Version;

const COVERED_FACETS = ['profile', 'presence', 'activity'] as const;

/** The later of two tombstones. Only the time matters, because it decides what is covered. */
function laterTombstone(a: Tombstone | undefined, b: Tombstone | undefined): Tombstone | undefined {
  return a && b ? (a.at >= b.at ? a : b) : (a ?? b);
}

/** Whether the tombstone covers a report with this version. */
export const isCovered = (tombstone: Tombstone | undefined, { at }: Pick<Version, 'at'>): boolean =>
  tombstone !== undefined && at <= tombstone.at;

/** The facets without those that the tombstone covers. */
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

/** The versions of all that was reported of the agent; claims are not reported. */
const reportedVersions = (facets: Facets): Version[] => [
  ...COVERED_FACETS.flatMap((name) => facets[name] ?? []),
  ...interactionsOf(facets),
];

/** Whether the agent has a tombstone and, besides claims, nothing else. */
export const isForgotten = (facets: Facets): boolean =>
  facets.forgotten !== undefined && reportedVersions(facets).length === 0;

/** Time of the last report on the agent, in platform ms; 0 for none. */
export const lastReportMs = (facets: Facets): number => Math.max(0, ...reportedVersions(facets).map(({ at }) => at));

/** Whether the agent is off duty and has not been reported since `cutoffMs`, in platform ms. */
export function isExpired(facets: Facets, cutoffMs: number): boolean {
  // An agent without a presence is not expired: the presence may be about to arrive.
  return facets.presence?.state === 'OFF_DUTY' && lastReportMs(facets) <= cutoffMs;
}

/** The event that publishes a tombstone. */
export function tombstoneEvent(region: string, agentId: string, forgotten: Tombstone, source: string): AgentEvent {
  return { eventId: forgotten.id, agentId, timestampMs: forgotten.at, region, source, facets: { forgotten } };
}

/*
 * Forgetting interactions
 */

/**
 * An agent's home removes old interactions, so that a record stays small however many calls a day has:
 *
 *   up to 32 interactions, live or ended  ► nothing
 *   more                                  ► all that ended before the floor
 *
 * Only the home raises the interaction floor. It is part of the facet and only rises: reports from before it are ignored in
 * every region, so a late report does not revive a removed interaction. Live interactions from before the floor get the
 * floor's time.
 */
interface RaisedFloor {
  facets: Required<Pick<Facets, 'interactions'>>;
  /** Platform ms. */
  floor: number;
}

/** Number of ended interactions that are kept, so that late reports on them are still recognised. */
const ENDED_KEPT = 16;
/** Reports arrive at most this late, in ms. */
const LATE_MS = 10 * 60_000;

/**
 * The floor to which the home raises the interaction floor, with the facet that publishes it.
 * @param nowMs by the clock of the home's store
 * @returns undefined if no interaction needs to be removed
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
  // No agent has as many live interactions as one message can hold; if one has, nothing is removed.
  if (endedAtMs.every((at) => at >= floor) || below.length > RECORD_LIMITS.interactions.most) return undefined;
  const lasting = below.map((one): Stamped<typeof one> => ({ ...one, at: floor, id: `${one.id}/lasts/${floor}` }));
  const byCall = Object.fromEntries(lasting.map((one) => [one.callId, one]));
  return { facets: { interactions: { byCall, forgottenBefore: floor } }, floor };
}

/** After this time without a report an interaction counts as ended, in ms, because its end was lost. */
const UNHEARD_MS = 4 * 3_600_000;

/** Ends of the interactions that have not been reported for four hours. For agents without a full read to correct them. */
export function lostEnds(facets: Facets, nowMs: number): Stamped<Interaction>[] {
  return liveInteractions(facets)
    .filter(({ at }) => at <= nowMs - UNHEARD_MS)
    .map((one) => ({ ...one, state: 'ENDED', at: nowMs, id: `${one.id}/unheard/${nowMs}` }));
}

/** Whether a change adds interactions beyond the limit of a record. */
export function isBeyondBound(before: Facets, after: Facets): boolean {
  const { interactions = { byCall: {} } } = after;
  if (Object.keys(interactions.byCall).length <= interactionsOf(before).length) return false;
  return bytesOf(JSON.stringify(interactions)) > RECORD_LIMITS.remembered.most;
}

/*
 * Whole-second numbering. Many senders have times in whole seconds and report two changes in one second. The agent's home
 * adds a number of ms to such events, in the order in which they arrive and before they are published. Events that enter in
 * another region keep `.000`. Of two equal times the less available value wins.
 */

const SECOND_MS = 1000;
/** Events of one agent in one second that are numbered; more do not occur. */
const MOST = RECORD_LIMITS.numbered.most;

export const isWholeSecond = ({ timestampMs }: Pick<AgentEvent, 'timestampMs'>): boolean =>
  timestampMs % SECOND_MS === 0;

/** Numbers events of one agent in this order. Events of a second before the last numbered one are late and keep `.000`. */
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

/** Placeholders for the numbers of a second that facets of the record use already, if `lastSecond` is of another second. */
function usedNumbers(facets: Facets, secondMs: number): string[] {
  const { presence, activity, profile } = facets;
  const numbers = [presence, activity, profile, ...interactionsOf(facets)].flatMap((facet) => {
    const number = facet ? facet.at - secondMs : -1;
    return number >= 0 && number < MOST ? [number] : [];
  });
  return Array.from({ length: Math.max(-1, ...numbers) + 1 }, () => '');
}

/** Adds the event's number to its times. An event without a number is returned unchanged. */
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

/** The later second is newer; of the same second the longer list. */
const compareSeconds = (one: LastSecond, other: LastSecond): number =>
  one.at - other.at || one.ids.length - other.ids.length;

/*
 * Required versions
 */

/** Version of a claim. The call is not part of it, because a region gives a fence to one call only. */
type ClaimVersion = Pick<Claim, 'fence' | 'by' | 'state' | 'untilMs'>;

/** The facet versions that an agent must have reached to include a write. Consistency tokens carry them. */
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

/** The reported facets that are a single register, in a fixed order. */
export const REPORTED = ['forgotten', 'profile', 'presence', 'activity'] as const satisfies FacetName[];

/** The versions of a change: an agent that has reached them includes the change, or has newer facets. */
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
 * The facets that are older than required, or absent. If there are none, merging the write would have no effect, so an
 * answer from these facets includes it. Versions only grow, so this stays true.
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

/**
 * Whether the required version is newer than the interaction. Versions below the interaction floor are not required any
 * more.
 */
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
