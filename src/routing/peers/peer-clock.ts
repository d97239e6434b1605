/** Offset above which a warning is given, in ms. The warning ends below half of it. */
export const CLOCK_TOLERANCE_MS = 1000;
/** Number of latest probes. The one with the shortest round trip counts. */
const SAMPLES = 8;

/**
 * Estimates how far another region's wall clock is ahead of this instance's, from its answers to probes. Only for warnings to
 * operators: no decision depends on it.
 */
export class PeerClock {
  #samples: { offsetMs: number; rttMs: number }[] = [];
  #isOff = false;

  /**
   * Adds the result of a probe.
   * @param theirMs the other region's wall clock, in ms
   * @param ourMs this instance's wall clock when the answer arrived, in ms
   * @param rttMs round trip of the probe, in ms
   * @returns whether the clock differs or agrees from now on; undefined if that has not changed
   */
  addSample(theirMs: number, ourMs: number, rttMs: number): 'off' | 'well' | undefined {
    const offsetMs = theirMs - (ourMs - rttMs / 2);
    this.#samples = [...this.#samples, { offsetMs, rttMs }].slice(-SAMPLES);
    const isOff = Math.abs(this.offsetMs ?? 0) > (this.#isOff ? CLOCK_TOLERANCE_MS / 2 : CLOCK_TOLERANCE_MS);
    if (isOff === this.#isOff) return undefined;
    this.#isOff = isOff;
    return isOff ? 'off' : 'well';
  }

  /** Forgets all samples: the host stood still, and its wall clock may be behind until it is set. */
  measureAgain(): void {
    this.#samples = [];
  }

  /** Offset in ms, positive if the other clock is ahead. Accurate to half the round trip. Undefined before the first answer. */
  get offsetMs(): number | undefined {
    return this.#samples.toSorted((a, b) => a.rttMs - b.rttMs)[0]?.offsetMs;
  }

  get isOff(): boolean {
    return this.#isOff;
  }
}

/** The warning, e.g. `the clock of eu-west-1 is 5.0 s ahead of this instance's`. */
export function clockWarning(whose: string, offsetMs: number): string {
  const seconds = (Math.abs(offsetMs) / 1000).toFixed(1);
  return `the clock of ${whose} is ${seconds} s ${offsetMs > 0 ? 'ahead of' : 'behind'} this instance's`;
}
