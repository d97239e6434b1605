import type { Clock } from '../../ops/clock.ts';

interface RetrySlotsOptions {
  /** Requests per minute that all waiting calls of the region may send together. */
  perMinute: number;
  /** Number of instances of the region, including this one. */
  instances(): number;
  clock: Clock;
}

/** Longest wait, in ms: a waiting call does not notice that an agent becomes available. */
export const LONGEST_WAIT_MS = 30_000;
/** Longest part of a minimum wait that moves the slot, in ms. A longer minimum only lengthens the answered wait. */
const LONGEST_FLOOR_MS = 2000;
/** A call that is early by up to this time, in ms, has used its slot: timers and clocks differ. */
const EARLY_MS = 100;

/**
 * Decides when calls that found no agent ask again. Each call gets the next free slot of a timetable. So all waiting calls
 * together stay within the limit, however many there are, if each waits as answered. Platforms limit the requests of all flows of
 * an organisation, and most requests come from waiting flows.
 *
 * Counting recent calls would not keep the limit: of the calls that wait for 20 s, only half ask within 10 s. A slot is
 * forgotten when its time has passed, and none is given beyond the longest wait. So neither the timetable nor the waits grow with
 * the number of calls, real or invented.
 *
 * Each instance gives its share of the slots. Given slots stay when the number of instances changes: for half a minute calls
 * may then exceed the limit by up to a quarter, after a restart of all instances by up to a half.
 */
export class RetrySlots {
  readonly #options: RetrySlotsOptions;
  /** The slot of each call, monotonic ms, in ascending order. */
  readonly #slots = new Map<string, number>();
  #nextMs = 0;

  constructor(options: RetrySlotsOptions) {
    this.#options = options;
  }

  /** Number of calls with a slot of this instance that has not passed. */
  get size(): number {
    return this.#slots.size;
  }

  /**
   * Returns how long the call must wait before it asks again, in whole ms. A call that asks too early keeps its slot, so it
   * counts once.
   * @param leastMs shortest wait to return
   */
  after(callId: string, leastMs: number): number {
    const nowMs = Math.ceil(this.#options.clock.monotonicMs());
    this.#forgetBefore(nowMs);
    const slotMs = this.#slots.get(callId);
    if (slotMs !== undefined && slotMs - nowMs > EARLY_MS) return Math.max(leastMs, Math.ceil(slotMs - nowMs));
    const givenMs = this.#give(callId, nowMs, nowMs + Math.min(leastMs, LONGEST_FLOOR_MS));
    return Math.max(leastMs, Math.ceil(givenMs - nowMs));
  }

  #give(callId: string, nowMs: number, earliestMs: number): number {
    const { perMinute, instances } = this.#options;
    const slotMs = Math.max(earliestMs, this.#nextMs);
    if (slotMs - nowMs > LONGEST_WAIT_MS) return nowMs + LONGEST_WAIT_MS;
    this.#nextMs = slotMs + (60_000 / perMinute) * Math.max(1, instances());
    this.#slots.delete(callId);
    this.#slots.set(callId, slotMs);
    return slotMs;
  }

  #forgetBefore(nowMs: number): void {
    for (const [callId, slotMs] of this.#slots) {
      if (slotMs >= nowMs) return;
      this.#slots.delete(callId);
    }
  }
}
