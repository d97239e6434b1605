import type { PlatformContext, PlatformReport } from '../platform.ts';
import { backoffMs, pause } from './backoff.ts';

const BATCH = 500;
/** Reports that may wait. Beyond it, reading everything anew is cheaper than remembering what changed. */
const LIMIT = 10_000;

/**
 * The line between what the platform says and what Muster has accepted: one batch at a time, in order, repeated until
 * it is taken, and bounded.
 */
export class Delivery {
  readonly #context: Pick<PlatformContext, 'report' | 'log'>;
  readonly #signal: AbortSignal;
  readonly #limit: number;
  #waiting: PlatformReport[] = [];
  #draining: Promise<void> | undefined;

  constructor(context: Pick<PlatformContext, 'report' | 'log'>, signal: AbortSignal, limit = LIMIT) {
    this.#context = context;
    this.#signal = signal;
    this.#limit = limit;
  }

  /**
   * Puts reports in line.
   * @returns false when the line was full: everything in it is gone, and only a new reading makes up for it
   */
  push(reports: PlatformReport[]): boolean {
    if (reports.length === 0) return true;
    if (this.#waiting.length + reports.length > this.#limit) {
      this.#waiting = [];
      return false;
    }
    this.#waiting.push(...reports);
    this.#draining ??= this.#drain();
    return true;
  }

  /** Resolves when nothing waits, all reports being accepted; or when the connection stops. */
  async idle(): Promise<void> {
    await this.#draining;
  }

  async #drain(): Promise<void> {
    let failures = 0;
    while (this.#waiting.length > 0 && !this.#signal.aborted) {
      const batch = this.#waiting.slice(0, BATCH);
      try {
        await this.#context.report(batch);
        failures = 0;
        this.#remove(batch);
      } catch (error) {
        failures += 1;
        this.#context.log.warn({ error: (error as Error).message }, 'Reports were not accepted; trying again');
        await pause(backoffMs(failures), this.#signal).catch(() => {});
      }
    }
    this.#draining = undefined;
  }

  /** Takes the accepted batch off, unless the line was emptied meanwhile. */
  #remove(batch: PlatformReport[]): void {
    if (this.#waiting[0] === batch[0]) this.#waiting.splice(0, batch.length);
  }
}
