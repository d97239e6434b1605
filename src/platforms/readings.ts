import { backoffMs, pause } from './backoff.ts';

/** How a connection reads its platform. */
interface Readings {
  /** Time from the start of one complete reading to that of the next, in ms. */
  intervalMs: number;
  signal: AbortSignal;
  /** Reads everything. @returns how long that took, in ms @throws Error saying what stands in the way */
  read(): Promise<number>;
  /** Lets so much time pass, or less where there is a reason to read again. */
  rest(ms: number): Promise<void>;
  /** Called when a reading failed, with when the next one is tried. */
  failed(problem: string, retryInMs: number): void;
}

/**
 * Reads a platform again and again until the signal aborts: at every interval, and with backoff after a failure. One
 * that takes more than half of the interval is followed by a rest as long as itself, or as the interval.
 */
export async function keepReading({ intervalMs, signal, read, rest, failed }: Readings): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      const tookMs = await read();
      failures = 0;
      await rest(Math.max(intervalMs - tookMs, Math.min(tookMs, intervalMs)));
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      const waitMs = backoffMs(failures);
      failed((error as Error).message, waitMs);
      await pause(waitMs, signal).catch(() => {});
    }
  }
}
