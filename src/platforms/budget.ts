import type { Clock } from '../ops/clock.ts';
import { pause } from './backoff.ts';

/**
 * `reading`: one of the many requests of a reading, which go out as fast as there is room, but leave some to the rest; so
 * what follows changes need not wait for a minute because a reading has used it up. `first`: of the first reading, which
 * leaves less, since nobody can be handed out before.
 */
export type Lane = 'first' | 'reading' | 'rest';

/** How many requests a minute may be those of readings. */
export type ReadingShares = Record<Exclude<Lane, 'rest'>, number>;

/** What the requests of one connection must keep to. */
export interface RequestBudget {
  /** Resolves when a request may go out; counts it. Rejects when the signal aborts. */
  take(signal: AbortSignal, lane?: Lane): Promise<void>;
  /** Counts a request that may go out at once; false where it would have to wait. */
  takeNow(): Promise<boolean>;
  /** The platform refused a request (429) and asked to wait so long. */
  refused(retryAfterMs: number): void;
  /** The platform took a request. */
  accepted(): void;
}

const WINDOW_MS = 60_000;
const LONGEST_HOLD_MS = 5 * 60_000;

/** What is added to a wait by chance, in ms, so that those who wait for the same do not all come back at once. */
export const jitterMs = (waitMs: number): number => Math.random() * Math.min(1000, waitMs / 4);

/** The latest requests. */
class Minute {
  readonly #kept: number;
  /** When they went out, monotonic; never more than there may be. */
  readonly #sentMs: number[] = [];

  constructor(kept: number) {
    this.#kept = kept;
  }

  add(nowMs: number): void {
    this.#sentMs.push(nowMs);
    if (this.#sentMs.length > this.#kept) this.#sentMs.shift();
  }

  /** Until one more makes no minute, wherever it begins, have more than so many. */
  waitMs(nowMs: number, most: number): number {
    const oldestMs = this.#sentMs.at(-most);
    return oldestMs === undefined ? 0 : Math.max(0, oldestMs + WINDOW_MS - nowMs);
  }
}

/**
 * A limiter of one process: no more than its share in any window of a minute, and nobody goes on while the platform has
 * asked to wait.
 */
export class Budget implements RequestBudget {
  readonly #clock: Clock;
  readonly #perMinute: number;
  readonly #shares: ReadingShares;
  readonly #all: Minute;
  readonly #readings: Minute;
  #heldUntilMs = 0;
  #refusals = 0;

  constructor(clock: Clock, perMinute: number, shares: ReadingShares = { first: perMinute, reading: perMinute }) {
    this.#clock = clock;
    this.#perMinute = perMinute;
    this.#shares = shares;
    this.#all = new Minute(perMinute);
    this.#readings = new Minute(Math.max(shares.first, shares.reading));
  }

  /** Resolves when a request may go out; counts it. */
  async take(signal: AbortSignal, lane: Lane = 'rest'): Promise<void> {
    for (let waitMs = this.#waitMs(lane); waitMs > 0; waitMs = this.#waitMs(lane)) await pause(waitMs, signal);
    this.count(lane);
  }

  /** Counts a request that may go out at once; false where it would have to wait. */
  async takeNow(lane: Lane = 'rest'): Promise<boolean> {
    if (this.#waitMs(lane) > 0) return false;
    this.count(lane);
    return true;
  }

  /** Counts a request that goes out without asking. */
  count(lane: Lane = 'rest'): void {
    const nowMs = this.#clock.monotonicMs();
    this.#all.add(nowMs);
    if (lane !== 'rest') this.#readings.add(nowMs);
  }

  /** How long the platform wants to be left alone, in ms; 0 where it does not. */
  heldMs(): number {
    return Math.max(0, this.#heldUntilMs - this.#clock.monotonicMs());
  }

  /**
   * The platform refused a request (429). The wait it asked for doubles with every refusal in a row, since it has been
   * seen to refuse again right after. What is refused while all wait was under way before, and is no further one.
   */
  refused(retryAfterMs: number): void {
    if (this.heldMs() === 0) this.#refusals += 1;
    const askedMs = retryAfterMs * 2 ** Math.min(Math.max(this.#refusals - 1, 0), 4);
    const untilMs = this.#clock.monotonicMs() + Math.min(askedMs, LONGEST_HOLD_MS) + jitterMs(askedMs);
    this.#heldUntilMs = Math.max(this.#heldUntilMs, untilMs);
  }

  /** The platform took a request: the next refusal starts anew. */
  accepted(): void {
    this.#refusals = 0;
  }

  #waitMs(lane: Lane): number {
    const nowMs = this.#clock.monotonicMs();
    const laneMs = lane === 'rest' ? 0 : this.#readings.waitMs(nowMs, this.#shares[lane]);
    return Math.max(this.heldMs(), this.#all.waitMs(nowMs, this.#perMinute), laneMs);
  }
}
