import { type Facets, type Interaction, interactionsOf, type Stamped } from './facets.ts';
import { RECORD_LIMITS } from './limits.ts';
import { isLive, liveInteractions } from './status.ts';
import { bytesOf } from './text.ts';

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
interface Forgetting {
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
export function forgetting(facets: Facets, nowMs: number): Forgetting | undefined {
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
