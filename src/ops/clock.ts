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

/** Nobody answered in time. What was asked for may still be carried out. */
export class TooLate extends Error {
  override name = 'TooLate';
}

/**
 * What a promise resolves to, if it does in time; what was asked for may still be carried out.
 * @throws TooLate after `ms`
 */
export async function within<T>(promise: Promise<T>, ms: number, late = 'no answer in time'): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLate(late)), Math.max(1, ms));
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
