import type { Media } from '../../agent/facets.ts';
import { mediaOfUnit, type Opening, openingsOf, VOICE } from '../../agent/status.ts';
import type { AgentRecord } from '../agent-record.ts';
import { CLAIMED, STEP } from '../record/layout.ts';
import type { Misplacement } from '../store.ts';

/**
 * Compares a queue entry with the record. Differences that the next scan corrects are no errors: a claimed agent may still wait in
 * other queues, and an agent with a lapsed claim may stand at the tail.
 * @param media the media type of the queue entry
 * @param score undefined if the agent is not in the queue
 * @param isTheirs whether the queue is one of the agent's
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
  if (score < CLAIMED) return isInPlace(record, opening, score) ? undefined : 'misplaced';
  return score - CLAIMED > Math.max(record.holdMs, ...Object.values(record.locksMs)) ? 'stuck' : undefined;
}

/**
 * Except for voice, the score also holds the interactions in hand. Too low a count is corrected by the next scan that meets the
 * agent. Too high a count, after a lapsed claim, is not.
 */
function isInPlace(record: AgentRecord, opening: Opening, score: number): boolean {
  if (opening.media === VOICE) return score === record.arrivalMs;
  const held = Object.entries(record.locksMs).filter(([name, ms]) => ms > 0 && mediaOfUnit(name) === opening.media);
  return score % STEP === record.arrivalMs && score / STEP < opening.inHand + held.length + 1;
}
