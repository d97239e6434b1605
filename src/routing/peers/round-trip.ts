const SMOOTHING = 0.2;
const DEVIATION_SMOOTHING = 0.25;
const DEVIATIONS = 2;

/** Estimates the round trip to another region as TCP does (RFC 6298): a moving mean and a moving deviation, in ms. */
export class RoundTrip {
  #meanMs: number | undefined;
  #deviationMs = 0;

  /** Adds a measurement, in ms. */
  measured(tookMs: number): void {
    if (this.#meanMs === undefined) {
      this.#meanMs = tookMs;
      return;
    }
    const offMs = tookMs - this.#meanMs;
    this.#deviationMs += DEVIATION_SMOOTHING * (Math.abs(offMs) - this.#deviationMs);
    this.#meanMs += SMOOTHING * offMs;
  }

  /** The mean in ms; undefined before the first measurement. */
  get meanMs(): number | undefined {
    return this.#meanMs;
  }

  /**
   * Time within which most answers arrive, in ms; Infinity before the first measurement. A request with a shorter budget often
   * gets its answer too late: a claim granted by it would hold the agent until it lapses.
   */
  get mostMs(): number {
    return this.#meanMs === undefined ? Number.POSITIVE_INFINITY : this.#meanMs + DEVIATIONS * this.#deviationMs;
  }
}
