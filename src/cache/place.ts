import type { Media } from '../agent/media.ts';
import { ownStatus } from '../agent/status.ts';
import { digitalUnits } from '../agent/units.ts';
import { type AgentRecord, lockOf } from './record.ts';

/**
 * What is wrong with where an agent stands in a queue.
 * `missing`: free, and nobody would find them. `misplaced`: in line, and not where their arrival puts them.
 * `stuck`: at the tail for longer than anybody holds them. `unavailable`: in the queue, and not to be had.
 * `ghost`: in a queue that is not theirs, or without a record.
 */
export type Misplacement = 'missing' | 'misplaced' | 'stuck' | 'unavailable' | 'ghost';

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
  const isAvailable = record !== undefined && isOpen(record, media);
  if (score === undefined) return isAvailable && isTheirs ? 'missing' : undefined;
  if (!record || !isTheirs) return 'ghost';
  if (!isAvailable) return 'unavailable';
  if (score < TAKEN) return isInPlace(record, media, score) ? undefined : 'misplaced';
  return score - TAKEN > Math.max(record.holdMs, ...Object.values(record.locksMs)) ? 'stuck' : undefined;
}

function isOpen({ facets }: AgentRecord, media: Media): boolean {
  if (media === 'voice') return ownStatus(facets).status === 'AVAILABLE';
  return digitalUnits(facets).some((unit) => unit.media === media && unit.state === 'FREE');
}

/**
 * Beside voice the score also says how many interactions are in hand. Fewer than there are is put right by the next walk
 * that meets the agent; more, after a claim has lapsed, by nobody.
 */
function isInPlace(record: AgentRecord, media: Media, score: number): boolean {
  if (media === 'voice') return score === record.arrivalMs;
  const units = digitalUnits(record.facets).filter((unit) => unit.media === media);
  const inHand = units.filter(({ name, state }) => state === 'TAKEN' || lockOf(record, name) > 0).length;
  return score % STEP === record.arrivalMs && score / STEP < inHand + 1;
}
