import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 250;
const LONGEST_MS = 60_000;

/**
 * How long to wait before another try, in ms: doubles from a quarter of a second to a minute, less up to half by
 * chance, so that clients that failed together do not come back together.
 * @param failures how many tries failed in a row, from 1
 */
export function backoffMs(failures: number): number {
  const fullMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 20));
  return fullMs * (1 - Math.random() / 2);
}

/** Waits; rejects at once when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal });
}
