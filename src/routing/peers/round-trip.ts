const SMOOTHING = 0.2;
const DEVIATION_SMOOTHING = 0.25;
const DEVIATIONS = 2;

/** How long another region takes to answer, estimated as TCP does (RFC 6298): a mean, and how far answers are off it. */
export class RoundTrip {
  #meanMs: number | undefined;
  #deviationMs = 0;

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
   * By when most answers are there, in ms; Infinity before the first measurement. Whoever asks with less time left asks in
   * vain too often: what the home then grants is heard by nobody, and holds its agent until it lapses.
   */
  get mostMs(): number {
    return this.#meanMs === undefined ? Number.POSITIVE_INFINITY : this.#meanMs + DEVIATIONS * this.#deviationMs;
  }
}
