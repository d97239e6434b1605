/**
 * The only file that reads a clock.
 *
 * Wall time never orders changes between regions: facets carry platform time, and locks use the clock of the Redis shard
 * that holds them. Wall time serves logs and output for people. Durations and ages use the monotonic clock.
 */
export interface Clock {
  /** Wall time in ms since the epoch. */
  nowMs(): number;
  /** Monotonic time in ms; all processes of a host share it. */
  monotonicMs(): number;
}

/** A clock whose wall time is wrong by `offsetMs`; durations are correct. For drills. */
export const shiftedClock = (offsetMs: number): Clock => ({
  nowMs: () => systemClock.nowMs() + offsetMs,
  monotonicMs: systemClock.monotonicMs,
});

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
};

/** A call took longer than its limit. It may still be carried out. */
export class TooLate extends Error {
  override name = 'TooLate';
}

/**
 * Limits the time of a promise. The work behind it is not cancelled and may still be carried out.
 * @param late message of the error
 * @throws TooLate after `ms`
 */
export async function within<T>(promise: Promise<T>, ms: number, late = 'no answer in time'): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TooLate(late)), Math.max(1, ms));
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}
