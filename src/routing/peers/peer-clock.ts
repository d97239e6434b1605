/** An offset beyond this is worth telling, ms; one that has come back below half of it is well again. */
export const CLOCK_TOLERANCE_MS = 1000;
/** Probes of which the one with the shortest round trip is believed. */
const SAMPLES = 8;

/**
 * How far another region's wall clock is ahead of this instance's, by its answers to probes. Nothing is decided by it:
 * it is told to people, who can set the clock.
 */
export class PeerClock {
  #samples: { offsetMs: number; rttMs: number }[] = [];
  #isOff = false;

  /**
   * @param theirMs what their clock said
   * @param ourMs what ours said when the answer came, `rttMs` after the question
   * @returns whether the clock has just come to be off, or well again; undefined if nothing has changed
   */
  heard(theirMs: number, ourMs: number, rttMs: number): 'off' | 'well' | undefined {
    const offsetMs = theirMs - (ourMs - rttMs / 2);
    this.#samples = [...this.#samples, { offsetMs, rttMs }].slice(-SAMPLES);
    const isOff = Math.abs(this.offsetMs ?? 0) > (this.#isOff ? CLOCK_TOLERANCE_MS / 2 : CLOCK_TOLERANCE_MS);
    if (isOff === this.#isOff) return undefined;
    this.#isOff = isOff;
    return isOff ? 'off' : 'well';
  }

  /** Ahead is positive; right within half of the round trip; undefined before the first answer. */
  get offsetMs(): number | undefined {
    return this.#samples.toSorted((a, b) => a.rttMs - b.rttMs)[0]?.offsetMs;
  }

  get isOff(): boolean {
    return this.#isOff;
  }
}

/** In words: `the clock of eu-west-1 is 5.0 s ahead of this instance's`. */
export function clockWarning(whose: string, offsetMs: number): string {
  const seconds = (Math.abs(offsetMs) / 1000).toFixed(1);
  return `the clock of ${whose} is ${seconds} s ${offsetMs > 0 ? 'ahead of' : 'behind'} this instance's`;
}
