import {
  type Claim,
  claimsOf,
  compareTexts,
  type Facets,
  type Interaction,
  interactionOf,
  interactionsOf,
  type Stamped,
} from './facets.ts';
import { mediaOfUnit, VOICE } from './status.ts';

/** How interactions of an agent's platform are assigned to claims, as its connection is configured. */
export interface PairingRules {
  /** Whether the platform reports interactions. */
  reportsInteractions: boolean;
  /**
   * `call`: callers use the platform's call ids. `agent`: they use ids of their own, so a claim is paired with an
   * interaction of its media type that began after the claim.
   */
  claimsBy: 'call' | 'agent';
  /** How long a confirmation holds an agent, in ms. */
  confirmedMs: number;
}

/** Tolerated lead of a platform's clock over the store's, in ms. */
const CLOCKS_MS = 5000;

/**
 * The reported interaction of a claim. An interaction with the claim's call id is always the one. With `claimsBy: agent`
 * the other claims and interactions of the media type are paired in three rounds:
 *
 *   1. Claims that are over, each with the interaction that completed it, so that one end never completes two claims.
 *   2. Running claims, in order of confirmation, each with the first interaction that began between its grant and confirmation.
 *   3. The remaining running claims, likewise, with one that may have: its beginning is unknown or within the tolerance.
 *
 * A fence is close to the time of its grant. The comparison is as precise as the clocks of the store and the platform agree.
 */
export function interactionFor(facets: Facets, claim: Claim, pairing: PairingRules): Stamped<Interaction> | undefined {
  const named = interactionOf(facets, claim.callId);
  if (named || pairing.claimsBy === 'call') return named;
  const media = mediaOfUnit(claim.unit);
  const beside = claimsOf(facets).filter((one) => mediaOfUnit(one.unit) === media && unitOf(one) !== unitOf(claim));
  const all = [claim, ...beside];
  const names = new Set(all.map(({ callId }) => callId));
  const alike = interactionsOf(facets).filter((one) => one.media === media && !names.has(one.callId));
  const left = new Set(alike.sort(earliestFirst));
  const claims = all.filter((one) => !interactionOf(facets, one.callId)).sort(firstConfirmedFirst(pairing));
  const running = claims.filter((one) => !isOver(one));
  const rounds: [Claim[], Choice][] = [
    [claims.filter(isOver), (one) => ofPast(one, left)],
    [running, (one) => [...left].find((each) => isWithin(one, each, pairing) && !mayBeOfAnother(one, each, all))],
    [running, (one) => [...left].find((each) => mayBeOf(one, each, pairing) && !mayBeOfAnother(one, each, all))],
  ];
  const pairs = new Map<Claim, Stamped<Interaction>>();
  for (const [round, choose] of rounds) {
    for (const one of round) {
      const its = pairs.has(one) ? undefined : choose(one);
      if (!its) continue;
      pairs.set(one, its);
      left.delete(its);
    }
  }
  const its = pairs.get(claim);
  if (its?.state !== 'ENDED' || isOver(claim)) return its;
  // Two calls that were sent and confirmed together may be paired the wrong way round, so neither claim ends before both
  // calls have.
  const twin = running
    .map((one) => [one, pairs.get(one)] as const)
    .find(([one, theirs]) => {
      const goesOn = theirs !== undefined && theirs.state !== 'ENDED';
      return goesOn && isWithin(claim, theirs, pairing) && isWithin(one, its, pairing);
    });
  return twin?.[1] ?? its;
}

type Choice = (claim: Claim) => Stamped<Interaction> | undefined;

/**
 * The interaction of a claim that is over: the one that ended when the claim was completed, else the first that began
 * before that. A refused claim has one that was not answered; a claim that was released, lapsed or superseded has none.
 */
function ofPast(
  { fence, completedAtMs, endReason }: Claim,
  left: Iterable<Stamped<Interaction>>,
): Stamped<Interaction> | undefined {
  const its = [...left].filter((one) => answeredAt(one) > fence && answeredAt(one) <= completedAtMs);
  if (endReason === 'refused')
    return its.find(({ state, connectedAt }) => state === 'ENDED' && connectedAt === undefined);
  if (endReason !== undefined && endReason !== 'completed' && endReason !== 'platform') return undefined;
  return its.find(({ at }) => at === completedAtMs) ?? its[0];
}

/** Whether it is known to have begun between the claim's grant and its confirmation. */
function isWithin(claim: Claim, { beganAt }: Stamped<Interaction>, { confirmedMs }: PairingRules): boolean {
  return beganAt !== undefined && beganAt > claim.fence && beganAt <= confirmedAt(claim, confirmedMs);
}

/**
 * Whether the interaction can be the claim's. A call that waited on the platform began before the claim, but is answered
 * after it.
 */
function mayBeOf(claim: Claim, one: Stamped<Interaction>, { confirmedMs }: PairingRules): boolean {
  const isLater = one.beganAt !== undefined && one.beganAt > confirmedAt(claim, confirmedMs) + CLOCKS_MS;
  return answeredAt(one) > claim.fence && !isLater;
}

/**
 * Whether the interaction may belong to an earlier claim whose unit was claimed again: it ended before another claim was
 * granted. A running claim is then left without an interaction and lapses.
 */
function mayBeOfAnother(claim: Claim, { state, at }: Stamped<Interaction>, claims: Claim[]): boolean {
  return state === 'ENDED' && claims.some((other) => other !== claim && other.fence >= at);
}

/** When the claim was last confirmed, by the store's clock: `confirmedMs` before its end. Infinite for other states. */
export function confirmedAt({ state, untilMs }: Claim, confirmedMs: number): number {
  return state === 'CONFIRMED' ? untilMs - confirmedMs : Number.POSITIVE_INFINITY;
}

function firstConfirmedFirst({ confirmedMs }: PairingRules): (a: Claim, b: Claim) => number {
  return (a, b) => {
    const [one, other] = [confirmedAt(a, confirmedMs), confirmedAt(b, confirmedMs)];
    return one === other ? a.fence - b.fence || compareTexts(unitOf(a), unitOf(b)) : one - other;
  };
}

/** When the interaction was answered, in platform ms; its last step if it was not. */
const answeredAt = ({ connectedAt, at }: Stamped<Interaction>): number => connectedAt ?? at;

function earliestFirst(a: Stamped<Interaction>, b: Stamped<Interaction>): number {
  const [one, other] = [a.beganAt ?? answeredAt(a), b.beganAt ?? answeredAt(b)];
  return one - other || compareTexts(a.callId, b.callId);
}

const isOver = ({ state }: Claim): boolean => state === 'WRAP_UP' || state === 'ENDED';
const unitOf = ({ unit = VOICE }: Claim): string => unit;
