import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../ops/clock.ts';
import { ShardUnavailable } from '../store/store.ts';
import { NotReplicated } from '../store/written.ts';
import { Refusal } from './refusal.ts';

/** Between two looks at a shard that is failing over, in ms. */
const LOOK_EVERY_MS = 100;

/**
 * Does something again while its shard is failing over, or no replica acknowledges it, and the caller's time lasts: whoever
 * gives a budget longer than a promotion sees latency instead of a 503. What is done must be harmless to repeat.
 * Once something is written that no replica has, a refusal would speak of what follows from that: it is as unknown.
 * @throws ShardUnavailable, NotReplicated when the time is over
 */
export async function whileTimeLasts<T>(clock: Clock, budgetMs: number, work: () => Promise<T>): Promise<T> {
  const untilMs = clock.monotonicMs() + budgetMs;
  let unknown: NotReplicated | undefined;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof NotReplicated) unknown = error;
      if (unknown && error instanceof Refusal) throw unknown;
      const mayPass = error instanceof ShardUnavailable || error instanceof NotReplicated;
      if (!mayPass || clock.monotonicMs() + LOOK_EVERY_MS > untilMs) throw error;
      await pause(LOOK_EVERY_MS);
    }
  }
}
