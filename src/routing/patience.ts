import { setTimeout as pause } from 'node:timers/promises';
import { ShardUnavailable } from '../cache/errors.ts';
import { NotReplicated } from '../cache/written.ts';
import type { Clock } from '../ops/clock.ts';

/** Between two looks at a shard that is failing over, in ms. */
const LOOK_EVERY_MS = 100;

/**
 * Does something again while its shard is failing over, or no replica acknowledges it, and the caller's time lasts: whoever
 * gives a budget longer than a promotion sees latency instead of a 503. What is done must be harmless to repeat.
 * @throws ShardUnavailable, NotReplicated when the time is over
 */
export async function whileTimeLasts<T>(clock: Clock, budgetMs: number, work: () => Promise<T>): Promise<T> {
  const untilMs = clock.monotonicMs() + budgetMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const mayPass = error instanceof ShardUnavailable || error instanceof NotReplicated;
      if (!mayPass || clock.monotonicMs() + LOOK_EVERY_MS > untilMs) throw error;
      await pause(LOOK_EVERY_MS);
    }
  }
}
