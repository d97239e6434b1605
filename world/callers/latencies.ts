const FINE_STEP_MS = 0.01;
const FINE_UP_TO_MS = 1_000;
const COARSE_STEP_MS = 1;
const UP_TO_MS = 60_000;
const FINE_STEPS = FINE_UP_TO_MS / FINE_STEP_MS;
const STEPS = FINE_STEPS + (UP_TO_MS - FINE_UP_TO_MS) / COARSE_STEP_MS + 1;

/**
 * A histogram of latencies in ms: exact to 0.01 ms up to a second, to 1 ms up to a minute; longer ones count as a minute.
 * It takes 640 kB, however many latencies there are.
 */
export class Latencies {
  readonly #counts = new Uint32Array(STEPS);
  #total = 0;

  get count(): number {
    return this.#total;
  }

  add(ms: number): void {
    const step =
      ms < FINE_UP_TO_MS
        ? Math.floor(ms / FINE_STEP_MS)
        : FINE_STEPS + Math.floor((Math.min(ms, UP_TO_MS) - FINE_UP_TO_MS) / COARSE_STEP_MS);
    this.#counts[step] = (this.#counts[step] ?? 0) + 1;
    this.#total++;
  }

  /** The latency that the fraction `q` did not exceed; undefined if nothing was measured. */
  quantile(q: number): number | undefined {
    if (this.#total === 0) return undefined;
    const rank = Math.max(1, Math.ceil(q * this.#total));
    let seen = 0;
    const step = this.#counts.findIndex((count) => {
      seen += count;
      return seen >= rank;
    });
    return step < FINE_STEPS ? step * FINE_STEP_MS : FINE_UP_TO_MS + (step - FINE_STEPS) * COARSE_STEP_MS;
  }

  /** Adds the counts of another histogram. */
  merge(other: Latencies): void {
    for (let step = 0; step < STEPS; step++) {
      this.#counts[step] = (this.#counts[step] ?? 0) + (other.#counts[step] ?? 0);
    }
    this.#total += other.#total;
  }
}
