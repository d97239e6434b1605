import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../src/ops/clock.ts';
import { ShardUnavailable } from '../src/store/store.ts';

/** A store that was overloaded serves again within this time. */
const UP_AGAIN_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 20;

/** Repeats an operation while the store is not available. @throws ShardUnavailable if that takes 2 min */
export async function whenUp<T>(operation: () => Promise<T>): Promise<T> {
  const untilMs = systemClock.monotonicMs() + UP_AGAIN_WITHIN_MS;
  for (;;) {
    try {
      return await operation();
    } catch (error) {
      if (!(error instanceof ShardUnavailable) || systemClock.monotonicMs() > untilMs) throw error;
      await delay(LOOK_EVERY_MS);
    }
  }
}
