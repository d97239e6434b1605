import {
  type Claim,
  claimsOf,
  type Facets,
  type Interaction,
  interactionOf,
  interactionsOf,
  type Stamped,
} from './facets.ts';
import { mediaOf } from './units.ts';

/**
 * How a platform's interaction is known for a claim's: by the `call` id, or, where callers name calls as the platform does
 * not, as the next interaction of the `agent` after the claim.
 */
export type ClaimsBy = 'call' | 'agent';

/**
 * The interaction that a claim was made for, if the platform has told of it.
 *
 * By agent each claim takes the first interaction of its medium that began after it and that no earlier claim took; so a
 * later call beside it never stands for it, and several claims at once have one each. A fence is about the time of its grant:
 * this compares the store's clock with the platform's, and is good to their difference.
 */
export function interactionFor(facets: Facets, claim: Claim, claimsBy: ClaimsBy): Stamped<Interaction> | undefined {
  const named = interactionOf(facets, claim.callId);
  if (named || claimsBy === 'call') return named;
  const media = mediaOf(claim.unit);
  const others = claimsOf(facets).filter(({ unit }) => unit !== claim.unit && mediaOf(unit) === media);
  const rivals = [...others, claim];
  const left = interactionsOf(facets)
    .filter((one) => one.media === media && !rivals.some(({ callId }) => callId === one.callId))
    .sort((one, other) => beganAt(one) - beganAt(other));
  for (const rival of rivals.sort((one, other) => one.fence - other.fence)) {
    if (interactionOf(facets, rival.callId)) continue;
    const first = left.findIndex((one) => beganAt(one) > rival.fence && !isAfter(one, rival));
    const taken = first < 0 ? undefined : left.splice(first, 1)[0];
    if (rival.unit === claim.unit) return taken;
  }
  return undefined;
}

/** One that began after the claim had ended is another's. */
const isAfter = (interaction: Stamped<Interaction>, { state, untilMs }: Claim): boolean =>
  state === 'ENDED' && beganAt(interaction) > untilMs;

const beganAt = ({ connectedAt, at }: Stamped<Interaction>): number => connectedAt ?? at;
