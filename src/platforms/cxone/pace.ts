import type { Clock } from '../../ops/clock.ts';
import { pause } from '../backoff.ts';

const BURST = 8;

/**
 * Spreads the many requests of a reading over time, so that the few that follow what changes find room in the budget:
 * some at once, then one at a time.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #gapMs: number;
  /** When the bucket would be empty of turns taken, monotonic ms. */
  #nextMs: number;

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#gapMs = 60_000 / perMinute;
    this.#nextMs = clock.monotonicMs();
  }

  /** Resolves when it is this request's turn. Rejects when the signal aborts. */
  async turn(signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    this.#nextMs = Math.max(this.#nextMs, nowMs) + this.#gapMs;
    const waitMs = this.#nextMs - nowMs - BURST * this.#gapMs;
    if (waitMs > 0) await pause(waitMs, signal);
  }
}
