import type { Clock } from '../ops/clock.ts';
import { pause } from './backoff.ts';

/** What the requests of one connection must keep to. */
export interface RequestBudget {
  /** Resolves when a request may go out; counts it. Rejects when the signal aborts. */
  take(signal: AbortSignal): Promise<void>;
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

/**
 * A limiter of one process: no more than its share in any window of a minute, and nobody goes on while the platform has
 * asked to wait.
 */
export class Budget implements RequestBudget {
  readonly #clock: Clock;
  readonly #perMinute: number;
  /** When the latest requests went out, monotonic; never longer than the share. */
  readonly #sentMs: number[] = [];
  #heldUntilMs = 0;
  #refusals = 0;

  constructor(clock: Clock, perMinute: number) {
    this.#clock = clock;
    this.#perMinute = perMinute;
  }

  /** Resolves when a request may go out; counts it. */
  async take(signal: AbortSignal): Promise<void> {
    for (let waitMs = this.#waitMs(); waitMs > 0; waitMs = this.#waitMs()) await pause(waitMs, signal);
    this.count();
  }

  /** Counts a request that may go out at once; false where it would have to wait. */
  async takeNow(): Promise<boolean> {
    if (this.#waitMs() > 0) return false;
    this.count();
    return true;
  }

  /** Counts a request that goes out without asking. */
  count(): void {
    this.#sentMs.push(this.#clock.monotonicMs());
    if (this.#sentMs.length > this.#perMinute) this.#sentMs.shift();
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

  #waitMs(): number {
    const oldestMs = this.#sentMs.length < this.#perMinute ? undefined : this.#sentMs[0];
    const fullMs = oldestMs === undefined ? 0 : oldestMs + WINDOW_MS - this.#clock.monotonicMs();
    return Math.max(this.heldMs(), fullMs);
  }
}
