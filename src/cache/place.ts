import { ownStatus } from '../agent/status.ts';
import type { AgentRecord } from './record.ts';

/**
 * What is wrong with where an agent stands in a queue.
 * `missing`: free, and nobody would find them. `misplaced`: in line, and not where their arrival puts them.
 * `stuck`: at the tail for longer than anybody holds them. `unavailable`: in the queue, and not to be had.
 * `ghost`: in a queue that is not theirs, or without a record.
 */
export type Misplacement = 'missing' | 'misplaced' | 'stuck' | 'unavailable' | 'ghost';

/** Scores from here on say: taken, until the score less this; `CLAIMED` in record.lua. */
const TAKEN = 1e15;

/**
 * Compares a place with the record. Only what no walk puts right by itself is wrong: an agent who is taken may stand in
 * line in the queues they were not taken from, and one whose lock has lapsed at the tail.
 * @param score undefined for an agent who is not in the queue
 * @param isTheirs whether the queue is one of the agent's
 */
export function misplacement(
  record: AgentRecord | undefined,
  isTheirs: boolean,
  score: number | undefined,
): Misplacement | undefined {
  const isAvailable = record !== undefined && ownStatus(record.facets).status === 'AVAILABLE';
  if (score === undefined) return isAvailable && isTheirs ? 'missing' : undefined;
  if (!record || !isTheirs) return 'ghost';
  if (!isAvailable) return 'unavailable';
  if (score < TAKEN) return score === record.arrivalMs ? undefined : 'misplaced';
  return score - TAKEN > Math.max(record.lockMs, record.holdMs) ? 'stuck' : undefined;
}
