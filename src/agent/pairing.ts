import { type Claim, claimsOf, compareTexts, type Facets, type Interaction, type Stamped } from './facets.ts';
import type { Media } from './media.ts';
import { mediaOf, VOICE } from './units.ts';

/**
 * How an interaction is known for a claim's: by the `call` id, or, where callers name calls as the platform does not, by
 * the `agent`: as one of their interactions of that medium which began after the claim.
 */
export type ClaimsBy = 'call' | 'agent';

/**
 * The interaction that a claim was granted for, as far as the platform has told of it. By call id it is the one of that
 * name. By agent those that name each other belong together first; then each claim of the medium, the oldest first,
 * takes the first of the rest that began after it: a later one is beside it. Claims that are over keep theirs, so that
 * one end never completes two claims. A fence is about the time of its grant, so this compares the store's clock with
 * the platform's and is good to their difference.
 */
export function interactionOf(facets: Facets, claim: Claim, claimsBy: ClaimsBy): Stamped<Interaction> | undefined {
  const media = mediaOf(claim.unit);
  const interactions = interactionsOf(facets, media);
  const named = namedOf(facets, claim);
  if (named || claimsBy === 'call') return named;
  const unit = (one: Claim): string => one.unit ?? VOICE;
  const others = claimsOf(facets).filter((one) => mediaOf(one.unit) === media && unit(one) !== unit(claim));
  const claims = [claim, ...others].sort((a, b) => a.fence - b.fence || compareTexts(unit(a), unit(b)));
  const names = new Set(claims.map(({ callId }) => callId));
  let left = interactions.filter(({ callId }) => !names.has(callId)).sort(earliestFirst);
  for (const one of claims.filter((each) => !namedOf(facets, each))) {
    const its = firstOf(left, one, claims);
    if (one === claim) return its;
    left = left.filter((other) => other !== its);
  }
  return undefined;
}

/** The interaction of the claim's call, whatever the platform takes its medium for, as long as neither is voice. */
function namedOf({ interaction, digital }: Facets, { unit = VOICE, callId }: Claim): Stamped<Interaction> | undefined {
  if (unit !== VOICE) return digital?.[callId];
  return interaction?.callId === callId ? interaction : undefined;
}

/** Every interaction of the medium that is remembered of the agent. */
export function interactionsOf({ interaction, digital = {} }: Facets, media: Media): Stamped<Interaction>[] {
  if (media === VOICE) return interaction ? [interaction] : [];
  return Object.values(digital).filter((one) => one.media === media);
}

/**
 * One that ended before another claim was granted may have been the interaction of the claim that this other one took
 * the unit of. A claim that goes on has none rather than one that may be somebody else's: it then ends by its time. One
 * that is over had the one with whose end it was completed.
 */
function firstOf(
  interactions: Stamped<Interaction>[],
  claim: Claim,
  claims: Claim[],
): Stamped<Interaction> | undefined {
  const its = interactions.filter((one) => mayBeOf(claim, one));
  const first = its.find(({ state, at }) => {
    return state !== 'ENDED' || !claims.some((other) => other !== claim && other.fence >= at);
  });
  return isOver(claim) ? (its.find(({ at }) => at === claim.completedAtMs) ?? first ?? its[0]) : first;
}

const isOver = ({ state }: Claim): boolean => state === 'WRAP_UP' || state === 'ENDED';

/** A claim that was given back, or whose time was over, never had an interaction; one that was refused, none that was answered. */
function mayBeOf({ fence, state, endReason }: Claim, one: Stamped<Interaction>): boolean {
  if (beginningOf(one) <= fence) return false;
  if (endReason === 'refused') return one.state === 'ENDED' && one.connectedAt === undefined;
  return state !== 'ENDED' || endReason === undefined || endReason === 'completed' || endReason === 'platform';
}

/** In platform ms, as far as it is known: one that has not been answered tells only of its last step. */
const beginningOf = ({ connectedAt, at }: Stamped<Interaction>): number => connectedAt ?? at;

function earliestFirst(a: Stamped<Interaction>, b: Stamped<Interaction>): number {
  return beginningOf(a) - beginningOf(b) || compareTexts(a.callId, b.callId);
}
