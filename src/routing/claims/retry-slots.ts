import type { Clock } from '../../ops/clock.ts';

interface RetrySlotsOptions {
  /** Requests a minute that all calls of the region which wait may make together. */
  perMinute: number;
  /** How many instances share them, this one included. */
  instances(): number;
  clock: Clock;
}

/** How long a call that may ask again is left waiting at most, in ms: for so long it is deaf to who becomes free. */
export const LONGEST_WAIT_MS = 30_000;
/** The part of a wait that is kept free of turns, in ms; what asks for more than that waits beyond its turn. */
const LONGEST_FLOOR_MS = 2000;
/** A call this close before its turn has come for it: timers and clocks differ. */
const EARLY_MS = 100;

/**
 * When calls that found nobody may ask again: each refusal takes the next turn of a timetable, so that calls which wait as
 * they are told never ask more often together than they may, however many there are. Platforms bound how often all flows
 * of an organisation may ask, and flows that wait are most of those who do.
 *
 * A count of calls refused lately would not hold the sum: of calls that are told to wait for 20 s only half ask within 10 s.
 * A turn is forgotten when it is over; one that lies further ahead than the longest wait is not given, so neither the
 * timetable nor a wait grows with the number of calls, real or made up.
 *
 * Each instance gives its part of the turns. What it has given stays when another instance comes or goes: for half a
 * minute the calls of a region may then ask up to a quarter more than they should, after a restart of all up to half.
 */
export class RetrySlots {
  readonly #options: RetrySlotsOptions;
  /** The turn of each call, monotonic ms; in order of time, as each is given after the one before. */
  readonly #turns = new Map<string, number>();
  #nextMs = 0;

  constructor(options: RetrySlotsOptions) {
    this.#options = options;
  }

  /** Calls that wait for their turn, as far as this instance knows. */
  get size(): number {
    return this.#turns.size;
  }

  /**
   * How long the call should wait before it asks again, in whole ms. One that asks before its turn keeps that turn, so
   * it counts once.
   * @param leastMs the answer is never less
   */
  after(callId: string, leastMs: number): number {
    const nowMs = Math.ceil(this.#options.clock.monotonicMs());
    this.#forgetBefore(nowMs);
    const turnMs = this.#turns.get(callId);
    if (turnMs !== undefined && turnMs - nowMs > EARLY_MS) return Math.max(leastMs, Math.ceil(turnMs - nowMs));
    const givenMs = this.#give(callId, nowMs, nowMs + Math.min(leastMs, LONGEST_FLOOR_MS));
    return Math.max(leastMs, Math.ceil(givenMs - nowMs));
  }

  #give(callId: string, nowMs: number, earliestMs: number): number {
    const { perMinute, instances } = this.#options;
    const turnMs = Math.max(earliestMs, this.#nextMs);
    if (turnMs - nowMs > LONGEST_WAIT_MS) return nowMs + LONGEST_WAIT_MS;
    this.#nextMs = turnMs + (60_000 / perMinute) * Math.max(1, instances());
    this.#turns.delete(callId);
    this.#turns.set(callId, turnMs);
    return turnMs;
  }

  #forgetBefore(nowMs: number): void {
    for (const [callId, turnMs] of this.#turns) {
      if (turnMs >= nowMs) return;
      this.#turns.delete(callId);
    }
  }
}
