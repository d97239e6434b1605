import { uptime } from 'node:os';

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

/**
 * Time in ms since the host was booted. Unlike the monotonic clock it includes the time that the host was suspended. It
 * stands still with a virtual machine that is paused or migrated.
 */
export const uptimeMs = (): number => uptime() * 1000;

/** Another clock, read between two moments of the local monotonic clock. */
export interface ClockReading {
  /** Name of the other clock, e.g. `the shard 10.0.0.1:6379`. */
  reference: string;
  /** Local monotonic time when the reading was here, in ms. */
  steadyMs: number;
  /** What the other clock showed, in ms; its zero does not matter. */
  otherMs: number;
  /** It was read at most this long before `steadyMs`, in ms; Infinity if nothing limits it. */
  roundTripMs: number;
}

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
