import type { Move } from '../../src/agent/claim.ts';
import type { Ending } from './plan.ts';

/** Longer than any play. */
export const LONG_MS = 3_600_000;

/** What becomes of a claim. @param shortMs how long what is short lasts */
export const movesOf = (shortMs: number): Record<Ending, Move> => ({
  release: { state: 'ENDED', lockMs: 0, endReason: 'released' },
  decline: { state: 'ENDED', lockMs: 0, endReason: 'refused' },
  refuse: { state: 'ENDED', lockMs: 0, endReason: 'refused', goesBehind: true },
  fail: { state: 'WRAP_UP', lockMs: shortMs, endReason: 'refused', goesBehind: true },
  'wrap-up': { state: 'WRAP_UP', lockMs: LONG_MS, endReason: 'completed', completed: { from: 'now', restMs: 0 } },
  'short wrap-up': {
    ...{ state: 'WRAP_UP', lockMs: shortMs, endReason: 'completed' },
    completed: { from: 'now', restMs: shortMs },
  },
  confirm: { state: 'CONFIRMED', lockMs: LONG_MS },
  'short confirm': { state: 'CONFIRMED', lockMs: shortMs },
});
