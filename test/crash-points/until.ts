import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/ops/clock.ts';

const LIMIT_MS = 60_000;
const POLL_MS = 50;

/** Waits for a condition. @throws Error saying what did not come, and why it was not seen */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  { limitMs = LIMIT_MS, pollMs = POLL_MS } = {},
): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + limitMs;
  let cause: unknown;
  const holds = (): Promise<boolean> =>
    condition().catch((error) => {
      cause = error;
      return false;
    });
  while (!(await holds())) {
    if (systemClock.monotonicMs() > deadlineMs) throw new Error(`waited ${limitMs} ms for ${what}`, { cause });
    await delay(pollMs);
  }
}
