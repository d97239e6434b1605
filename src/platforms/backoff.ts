import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 250;
const LONGEST_MS = 60_000;

/**
 * Delay before the next attempt, in ms: doubles from 250 ms to a minute, minus up to half at random, so that clients that
 * failed together do not return together.
 * @param failures failed attempts in a row, from 1
 */
export function backoffMs(failures: number): number {
  const fullMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 20));
  return fullMs * (1 - Math.random() / 2);
}

/** Waits; rejects at once when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal });
}
