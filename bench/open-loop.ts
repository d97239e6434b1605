import { systemClock } from '../src/ops/clock.ts';
import { ShardUnavailable } from '../src/store/store.ts';

const TICK_MS = 1;

/** Load that does not wait for its answers: operations start at a steady rate, for a limited time. */
export class OpenLoop {
  readonly #operation: () => Promise<unknown>;
  readonly #perSecond: number;
  readonly #forMs: number;
  readonly #inFlight = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #failure: unknown;
  /** Operations that were started. */
  sent = 0;
  /** Operations that the store could not answer in time. */
  unanswered = 0;

  /** @param forMs how long operations are started after each start */
  constructor(perSecond: number, forMs: number, operation: () => Promise<unknown>) {
    this.#perSecond = perSecond;
    this.#forMs = forMs;
    this.#operation = operation;
  }

  start(): void {
    const startedMs = systemClock.monotonicMs();
    let due = 0;
    this.#timer = setInterval(() => {
      const elapsedMs = Math.min(systemClock.monotonicMs() - startedMs, this.#forMs);
      const dueNow = Math.floor((elapsedMs * this.#perSecond) / 1000);
      for (; due < dueNow; due++) this.#sendOne();
    }, TICK_MS);
  }

  /** Resolves when all are answered. @throws what an operation threw, unless it was only too late */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#inFlight);
    if (this.#failure !== undefined) throw this.#failure;
  }

  #sendOne(): void {
    this.sent++;
    const answered: Promise<void> = this.#attempt().finally(() => this.#inFlight.delete(answered));
    this.#inFlight.add(answered);
  }

  async #attempt(): Promise<void> {
    try {
      await this.#operation();
    } catch (error) {
      if (error instanceof ShardUnavailable) this.unanswered++;
      else this.#failure ??= error;
    }
  }
}
