import { backoffMs, pause } from './backoff.ts';
import type { PlatformContext, PlatformReport } from './platform.ts';

const BATCH = 500;
/** Largest number of queued reports. Beyond it, another full read is cheaper than a longer queue. */
const LIMIT = 10_000;

/**
 * Report queue: reports of the platform that Muster has not accepted yet. Bounded; delivers one batch at a time, in order,
 * and repeats it until it is accepted.
 */
export class Delivery {
  readonly #context: Pick<PlatformContext, 'report' | 'log'>;
  readonly #signal: AbortSignal;
  readonly #limit: number;
  #waiting: PlatformReport[] = [];
  #draining: Promise<void> | undefined;
  /** Delivery of the current batch. */
  #attempt: Promise<void> = Promise.resolve();
  #pushed = 0;
  /** Reports accepted, or dropped with a full queue. */
  #done = 0;

  constructor(context: Pick<PlatformContext, 'report' | 'log'>, signal: AbortSignal, limit = LIMIT) {
    this.#context = context;
    this.#signal = signal;
    this.#limit = limit;
  }

  /**
   * Queues reports.
   * @returns false if the queue was full: it has been dropped, and only a full read makes up for it
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
   * Resolves when all reports that are queued now have been accepted, or when the connection stops. Later reports are not
   * waited for: under constant load the queue may not be empty for hours.
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

  /** Tries the next batch once, and waits after a failure. Never throws. */
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

  /** Removes the accepted batch, unless the queue was dropped meanwhile. */
  #remove(batch: PlatformReport[]): void {
    if (this.#waiting[0] === batch[0]) this.#done += this.#waiting.splice(0, batch.length).length;
  }
}
