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

/** What a platform tells of interactions, as its connection is configured. */
export interface PairingRules {
  /** Whether it tells of them at all. */
  reportsInteractions: boolean;
  /**
   * How its interaction is known for a claim's: by the `call` id, or, where callers name calls as the platform does not,
   * by the `agent`: as one of their interactions of that medium which began after the claim.
   */
  claimsBy: 'call' | 'agent';
  /** For how long a confirmation holds an agent, in ms. */
  confirmedMs: number;
}

/** By how much a platform's clock may be ahead of the store's where one must not be taken for later than the other, in ms. */
const CLOCKS_MS = 5000;

/**
 * The interaction that a claim was granted for, as far as the platform has told of it. By call id it is the one of that
 * name. By agent those that name each other belong together first. Of the others, a claim's interaction began after the
 * claim was granted and, as far as that is known, before its caller could confirm it; so the claims of the medium take
 * them in the order in which they were confirmed, each the first that is left, and a later one is beside it. What was
 * over with a claim stays that claim's, so that one end never completes two. A fence is about the time of its grant:
 * this compares the store's clock with the platform's and is good to their difference.
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
  // Two that were sent and confirmed in one moment can stand for each other: neither claim is over before both are.
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
 * What a claim that is over had: the interaction with whose end it was completed, or else the first that began before its
 * completion. One that was given back, or whose time was over, had none; one that was refused, none that was answered.
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

/** One that has waited on the platform for long began before the claim all the same. */
function mayBeOf(claim: Claim, one: Stamped<Interaction>, { confirmedMs }: PairingRules): boolean {
  const isLater = one.beganAt !== undefined && one.beganAt > confirmedAt(claim, confirmedMs) + CLOCKS_MS;
  return answeredAt(one) > claim.fence && !isLater;
}

/**
 * One that ended before another claim was granted may have been the interaction of the claim that this other one took
 * the unit of. A claim that goes on has none rather than one that may be somebody else's: it then ends by its time.
 */
function mayBeOfAnother(claim: Claim, { state, at }: Stamped<Interaction>, claims: Claim[]): boolean {
  return state === 'ENDED' && claims.some((other) => other !== claim && other.fence >= at);
}

/** When the claim was confirmed last, by the store's clock: a confirmation holds for a fixed time. */
export function confirmedAt({ state, untilMs }: Claim, confirmedMs: number): number {
  return state === 'CONFIRMED' ? untilMs - confirmedMs : Number.POSITIVE_INFINITY;
}

function firstConfirmedFirst({ confirmedMs }: PairingRules): (a: Claim, b: Claim) => number {
  return (a, b) => {
    const [one, other] = [confirmedAt(a, confirmedMs), confirmedAt(b, confirmedMs)];
    return one === other ? a.fence - b.fence || compareTexts(unitOf(a), unitOf(b)) : one - other;
  };
}

/** In platform ms; of one that has not been answered, when its last step was. */
const answeredAt = ({ connectedAt, at }: Stamped<Interaction>): number => connectedAt ?? at;

function earliestFirst(a: Stamped<Interaction>, b: Stamped<Interaction>): number {
  const [one, other] = [a.beganAt ?? answeredAt(a), b.beganAt ?? answeredAt(b)];
  return one - other || compareTexts(a.callId, b.callId);
}

const isOver = ({ state }: Claim): boolean => state === 'WRAP_UP' || state === 'ENDED';
const unitOf = ({ unit = VOICE }: Claim): string => unit;
