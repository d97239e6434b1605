import { claimsOf, type Facets, interactionsOf, type Media } from '../../src/agent/facets.ts';
import {
  claimOn,
  digitalUnits,
  isLive,
  type Locks,
  lockOf,
  openingsOf,
  roomOf,
  VOICE,
  virtualArrival,
} from '../../src/agent/status.ts';
import type { Config } from '../../src/config/schema.ts';
import type { ClaimRequest } from '../../src/store/queues.ts';

/*
 * Who could be given to a request, and who comes first: by `src/agent` and the request alone. It looks at everybody, one by
 * one, and knows nothing of lines, scores and walks.
 */

/** What is known of an agent: what was reported, merged by `src/agent`, and locks by the store's clock. */
export interface Known {
  home: string;
  facets: Facets;
  locksMs: Locks;
  /** End of a reservation, by the store's clock; 0 for none. */
  holdMs: number;
}

export type Wish = Pick<ClaimRequest, 'queue' | 'media' | 'skills' | 'passOver' | 'vouched' | 'excluded' | 'agentId'>;

/** Everybody is in it. */
const EVERYBODY = 'global';

/** Whether the agent may be given to the request at a time of the store's clock. */
export function qualifies(agentId: string, known: Known, wish: Wish, nowMs: number): boolean {
  const { profile } = known.facets;
  if (wish.agentId !== undefined && wish.agentId !== agentId) return false;
  if (wish.excluded.includes(agentId)) return false;
  if (wish.queue !== EVERYBODY && !profile?.queues.includes(wish.queue)) return false;
  if (wish.passOver.has(known.home) && !wish.vouched.includes(agentId)) return false;
  if (known.holdMs > nowMs) return false;
  const levels = new Map(Object.entries(profile?.skills ?? {}));
  if (Object.entries(wish.skills).some(([name, least]) => (levels.get(name) ?? -1) < least)) return false;
  return (roomOf(known, nowMs)[wish.media] ?? 0) > 0;
}

/** Where an agent stands among those who qualify: lower first, field by field. */
export interface Place {
  /** Whether the agent has refused this very call: 1 is last. */
  declined: number;
  /**
   * Interactions of the type in hand; 0 for voice. A claim that has lapsed and was not ended yet may count or not:
   * see decision 0027.
   */
  inHand: { least: number; most: number };
  /** Virtual arrival less the bonus for skill surplus, in ms. */
  arrivalMs: number;
}

export interface Rules {
  ranking: Config['ranking'];
  /** See `Bounds`. */
  countsWrapUps: boolean;
}

export function placeOf(known: Known, wish: Wish, hasDeclined: boolean, rules: Rules, nowMs: number): Place {
  const { ranking } = rules;
  const levels = known.facets.profile?.skills ?? {};
  const surplus = Object.entries(wish.skills).reduce((sum, [name, least]) => sum + (levels[name] ?? 0) - least, 0);
  return {
    declined: hasDeclined ? 1 : 0,
    inHand: inHandOf(known, wish.media, rules, nowMs),
    arrivalMs: virtualArrival(known.facets, ranking).arrivalMs - surplus * 10 * ranking.surplusSeconds,
  };
}

/** Whether one place is before another for certain. @param toleranceMs for sums in floating point */
export function isBefore(one: Place, other: Place, toleranceMs = 0.01): boolean {
  if (one.declined !== other.declined) return one.declined < other.declined;
  if (one.inHand.most < other.inHand.least) return true;
  // With numbers in hand that may be the same, the earlier arrival decides, or leaves it open.
  return one.inHand.most === other.inHand.least && one.arrivalMs < other.arrivalMs - toleranceMs;
}

/** Reported interactions of the type, and the units that claims hold beside them. */
function inHandOf({ facets, locksMs }: Known, media: Media, { countsWrapUps }: Rules, nowMs: number): Place['inHand'] {
  if (media === VOICE) return { least: 0, most: 0 };
  const reported = openingsOf(facets).open.find((opening) => opening.media === media)?.inHand ?? 0;
  const units = digitalUnits(facets).filter((unit) => unit.media === media && !isReported(facets, unit.name, media));
  const held = units.filter(({ name }) => lockOf({ locksMs }, name) > nowMs);
  const mayCount = ({ name }: { name: string }): boolean => {
    const { state } = claimOn(facets, name) ?? {};
    return state === 'HELD' || state === 'CONFIRMED' || (countsWrapUps && state === 'WRAP_UP');
  };
  const over = units.filter((unit) => !held.includes(unit) && mayCount(unit));
  return { least: reported + held.length, most: reported + held.length + over.length };
}

/** Whether the interaction that the unit was claimed for is reported, so that it counts once. */
function isReported(facets: Facets, unit: string, media: Media): boolean {
  const callId = claimOn(facets, unit)?.callId;
  return interactionsOf(facets).some((one) => one.callId === callId && one.media === media && isLive(one, facets));
}

/** The highest fence of the agent. */
export const highestFence = ({ facets }: Known): number => Math.max(0, ...claimsOf(facets).map(({ fence }) => fence));

/** Whether the agent has a claim or reservation that is over and was not ended. */
export const isLapsed = ({ locksMs, holdMs }: Known, nowMs: number): boolean =>
  [...Object.values(locksMs), holdMs].some((untilMs) => untilMs > 0 && untilMs <= nowMs);
