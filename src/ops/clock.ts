/**
 * The only place that reads a clock.
 *
 * Wall time orders nothing between regions: facets carry platform time, locks are judged by the clock of the
 * Redis shard that holds them. It serves logs, and what people are told. Durations and ages use the monotonic clock.
 */
export interface Clock {
  /** Wall time in ms since the epoch. */
  nowMs(): number;
  /** Monotonic time in ms; on one host it is the same for every process. */
  monotonicMs(): number;
}

/** A clock that is wrong by so much: wall time is shifted, durations are right. For drills. */
export const shiftedClock = (offsetMs: number): Clock => ({
  nowMs: () => systemClock.nowMs() + offsetMs,
  monotonicMs: systemClock.monotonicMs,
});

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
};
