import type { Clock } from './clock.ts';

const WINDOW_MS = 60_000;

/** A token's requests in the current minute. */
interface Allowance {
  count: number;
  allowed: number;
  /** Whole seconds until the count starts again. */
  resetSeconds: number;
}

/** One token's requests, counted per minute from its first. */
export class RateLimit {
  readonly #allowed: number;
  readonly #clock: Clock;
  #windowEndsMs = 0;
  #count = 0;

  constructor(requestsPerMinute: number, clock: Clock) {
    this.#allowed = requestsPerMinute;
    this.#clock = clock;
  }

  /** Counts one request; it is over the limit if `count` exceeds `allowed`. */
  take(): Allowance {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#windowEndsMs) {
      // Whole ms: sums of fractions are not exact, and 60 s would be 61 when rounded up.
      this.#windowEndsMs = Math.floor(nowMs) + WINDOW_MS;
      this.#count = 0;
    }
    this.#count++;
    const resetSeconds = Math.ceil((this.#windowEndsMs - nowMs) / 1000);
    return { count: this.#count, allowed: this.#allowed, resetSeconds };
  }
}
