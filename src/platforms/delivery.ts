import { backoffMs, pause } from './backoff.ts';
import type { PlatformContext, PlatformReport } from './platform.ts';

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
  /** To deliver the next batch. */
  #attempt: Promise<void> = Promise.resolve();
  #pushed = 0;
  /** Accepted, or gone with a line that was full. */
  #done = 0;

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
      this.#done += this.#waiting.length;
      this.#waiting = [];
      return false;
    }
    this.#waiting.push(...reports);
    this.#pushed += reports.length;
    this.#draining ??= this.#drain();
    return true;
  }

  /**
   * Resolves when all reports that wait now are accepted, or when the connection stops. What comes meanwhile is not
   * waited for: in a storm of changes the line may not be empty for hours.
   */
  async settled(): Promise<void> {
    const upTo = this.#pushed;
    do await this.#attempt;
    while (this.#draining && this.#done < upTo && !this.#signal.aborted);
  }

  async #drain(): Promise<void> {
    let failures = 0;
    while (this.#waiting.length > 0 && !this.#signal.aborted) {
      this.#attempt = this.#deliver(failures).then((isAccepted) => {
        failures = isAccepted ? 0 : failures + 1;
      });
      await this.#attempt;
    }
    this.#draining = undefined;
  }

  /** Tries the next batch once, and lets some time pass where that fails. Never throws. */
  async #deliver(failuresBefore: number): Promise<boolean> {
    const batch = this.#waiting.slice(0, BATCH);
    try {
      await this.#context.report(batch);
      this.#remove(batch);
      return true;
    } catch (error) {
      this.#context.log.warn('platform_report_not_accepted', { reason: (error as Error).message });
      await pause(backoffMs(failuresBefore + 1), this.#signal).catch(() => {});
      return false;
    }
  }

  /** Takes the accepted batch off, unless the line was emptied meanwhile. */
  #remove(batch: PlatformReport[]): void {
    if (this.#waiting[0] === batch[0]) this.#done += this.#waiting.splice(0, batch.length).length;
  }
}
