/** The clock of the simulators. They share nothing with the system that they test. */
export interface Clock {
  /** Wall time in ms since the epoch. */
  nowMs(): number;
  /** Monotonic time in ms. */
  monotonicMs(): number;
}

export const systemClock: Clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
