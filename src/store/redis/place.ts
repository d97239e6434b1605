import type { Media } from '../../agent/facets.ts';
import { mediaOf, type Opening, openingsOf, VOICE } from '../../agent/status.ts';
import type { AgentRecord } from '../agent-record.ts';
import type { Misplacement } from '../store.ts';

/** Scores from here on say: taken, until the score less this; `CLAIMED` in record.lua. */
const TAKEN = 1e15;
/** What each interaction in hand adds to the score in a line of another type than voice; `STEP` in units.lua. */
const STEP = 1e13;

/**
 * Compares a place with the record. Only what no walk puts right by itself is wrong: an agent who is taken may stand in
 * line in the queues they were not taken from, and one whose lock has lapsed at the tail.
 * @param media the type that the line is for
 * @param score undefined for an agent who is not in the line
 * @param isTheirs whether the line is one of the agent's
 */
export function misplacement(
  record: AgentRecord | undefined,
  media: Media,
  isTheirs: boolean,
  score: number | undefined,
): Misplacement | undefined {
  const opening = record && openingsOf(record.facets).open.find((each) => each.media === media);
  if (score === undefined) return opening && isTheirs ? 'missing' : undefined;
  if (!record || !isTheirs) return 'ghost';
  if (!opening) return 'unavailable';
  if (score < TAKEN) return isInPlace(record, opening, score) ? undefined : 'misplaced';
  return score - TAKEN > Math.max(record.holdMs, ...Object.values(record.locksMs)) ? 'stuck' : undefined;
}

/**
 * Beside voice the score also says how many interactions are in hand. Fewer than there are is put right by the next walk
 * that meets the agent; more, after a claim has lapsed, by nobody.
 */
function isInPlace(record: AgentRecord, opening: Opening, score: number): boolean {
  if (opening.media === VOICE) return score === record.arrivalMs;
  const held = Object.entries(record.locksMs).filter(([name, ms]) => ms > 0 && mediaOf(name) === opening.media);
  return score % STEP === record.arrivalMs && score / STEP < opening.inHand + held.length + 1;
}
