import type { Clock } from '../ops/clock.ts';
import { pause } from './backoff.ts';

/**
 * Priority of a request. `reading`: part of a full read, which is sent as fast as the budget allows but leaves a share to
 * `rest`, so that live changes do not wait a minute behind a full read. `first`: part of the first full read, which leaves
 * a smaller share, since no agent can be claimed before it ends.
 */
export type Lane = 'first' | 'reading' | 'rest';

/** Requests per minute that full reads may use. */
export type ReadingShares = Record<Exclude<Lane, 'rest'>, number>;

/** The request budget of one connection. */
export interface RequestBudget {
  /** Resolves when a request may go out; counts it. Rejects when the signal aborts. */
  take(signal: AbortSignal, lane?: Lane): Promise<void>;
  /** Counts a request if it may go out at once; false if it would have to wait. */
  takeNow(): Promise<boolean>;
  /** The platform refused a request (429) and asked to wait this long. */
  refused(retryAfterMs: number): void;
  /** The platform accepted a request. */
  accepted(): void;
}

const WINDOW_MS = 60_000;
const LONGEST_HOLD_MS = 5 * 60_000;

/** Random addition to a wait, in ms, so that instances do not all return at once. */
export const jitterMs = (waitMs: number): number => Math.random() * Math.min(1000, waitMs / 4);

/** Sliding window of the latest requests. */
class Minute {
  readonly #kept: number;
  /** Monotonic times of the requests; bounded by the limit. */
  readonly #sentMs: number[] = [];

  constructor(kept: number) {
    this.#kept = kept;
  }

  add(nowMs: number): void {
    this.#sentMs.push(nowMs);
    if (this.#sentMs.length > this.#kept) this.#sentMs.shift();
  }

  /** Ms until one more request keeps every window of a minute within `most`. */
  waitMs(nowMs: number, most: number): number {
    const oldestMs = this.#sentMs.at(-most);
    return oldestMs === undefined ? 0 : Math.max(0, oldestMs + WINDOW_MS - nowMs);
  }
}

/**
 * Limiter of one process: at most its share in any window of a minute, and nothing while the platform has asked to wait.
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

  /** Counts a request if it may go out at once; false if it would have to wait. */
  async takeNow(lane: Lane = 'rest'): Promise<boolean> {
    if (this.#waitMs(lane) > 0) return false;
    this.count(lane);
    return true;
  }

  /** Counts a request that was granted elsewhere. */
  count(lane: Lane = 'rest'): void {
    const nowMs = this.#clock.monotonicMs();
    this.#all.add(nowMs);
    if (lane !== 'rest') this.#readings.add(nowMs);
  }

  /** Rest of the wait that the platform asked for, in ms. */
  heldMs(): number {
    return Math.max(0, this.#heldUntilMs - this.#clock.monotonicMs());
  }

  /**
   * The platform refused a request (429). The wait doubles with every refusal in a row, because platforms refuse again right
   * after it. A refusal during the wait belongs to a request sent before it and does not count.
   */
  refused(retryAfterMs: number): void {
    if (this.heldMs() === 0) this.#refusals += 1;
    const askedMs = retryAfterMs * 2 ** Math.min(Math.max(this.#refusals - 1, 0), 4);
    const untilMs = this.#clock.monotonicMs() + Math.min(askedMs, LONGEST_HOLD_MS) + jitterMs(askedMs);
    this.#heldUntilMs = Math.max(this.#heldUntilMs, untilMs);
  }

  /** The platform accepted a request: the next refusal counts as the first. */
  accepted(): void {
    this.#refusals = 0;
  }

  #waitMs(lane: Lane): number {
    const nowMs = this.#clock.monotonicMs();
    const laneMs = lane === 'rest' ? 0 : this.#readings.waitMs(nowMs, this.#shares[lane]);
    return Math.max(this.heldMs(), this.#all.waitMs(nowMs, this.#perMinute), laneMs);
  }
}
