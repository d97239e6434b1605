import type { Clock } from '../ops/clock.ts';
import { pause } from './backoff.ts';
import { Budget, jitterMs, type Lane, type ReadingShares, type RequestBudget } from './budget.ts';
import type { PlatformContext } from './platform.ts';

/** The count, shared by a region's instances, of requests to one platform. */
interface SharedPermits {
  /**
   * Counts a request if it may go out now.
   * @param acceptedAfter refusals in a row that were known when the platform accepted a request; 0: none accepted since
   * @returns ms until the next attempt makes sense, 0 if the request was counted; and the refusals in a row
   * @throws Error if the count cannot be reached
   */
  take(acceptedAfter: number, lane: Lane): Promise<{ waitMs: number; refusals: number }>;
  /** Stops all instances until the wait that the platform asked for is over. @throws as `take` */
  refused(retryAfterMs: number, jitterMs: number): Promise<void>;
}

interface SharedBudgetOptions {
  permits: SharedPermits;
  /** Requests per minute of this instance alone, while the count cannot be reached. */
  alonePerMinute: number;
  /** The part of these for full reads. Default: all. */
  aloneShares?: ReadingShares;
  clock: Clock;
  log: PlatformContext['log'];
}

/** Delay before the count is tried again when it is unreachable and the instance's own part is used up, in ms. */
const LOOK_AGAIN_MS = 1000;

/**
 * A budget shared by all instances of a region. While the count cannot be reached, an instance goes on with a part of its
 * own, so that an unavailable store stops no adapter.
 *
 *             no answer
 *   shared ──────────────► alone      recent requests count in both
 *      └◄── any answer ──────┘
 */
export class SharedBudget implements RequestBudget {
  readonly #options: SharedBudgetOptions;
  /** Also counts the requests that the shared count granted, and the waits that this instance received. */
  readonly #alone: Budget;
  #isAlone = false;
  /** Refusals in a row when the latest request was granted. */
  #refusals = 0;
  /** The same when the platform last accepted a request; 0 once that is shared. */
  #acceptedAfter = 0;

  constructor(options: SharedBudgetOptions) {
    this.#options = options;
    this.#alone = new Budget(options.clock, options.alonePerMinute, options.aloneShares);
  }

  async take(signal: AbortSignal, lane: Lane = 'rest'): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const waitMs = await this.#ask(lane);
      if (waitMs === 0) return;
      await pause(waitMs, signal);
    }
  }

  async takeNow(): Promise<boolean> {
    return (await this.#ask('rest')) === 0;
  }

  /** Stops this instance at once, and the others through the shared count. */
  refused(retryAfterMs: number): void {
    this.#acceptedAfter = 0;
    this.#alone.refused(retryAfterMs);
    this.#options.permits
      .refused(retryAfterMs, jitterMs(retryAfterMs))
      .catch((error) => this.#options.log.warn('platform_backoff_not_shared', { err: error }));
  }

  accepted(): void {
    this.#alone.accepted();
    this.#acceptedAfter = this.#refusals;
  }

  /** Ms until the next attempt makes sense; 0: the request may go out and has been counted. */
  async #ask(lane: Lane): Promise<number> {
    const heldMs = this.#alone.heldMs();
    if (heldMs > 0) return heldMs;
    try {
      const { waitMs, refusals } = await this.#options.permits.take(this.#acceptedAfter, lane);
      this.#reached();
      if (waitMs === 0) {
        this.#refusals = refusals;
        this.#alone.count(lane);
      }
      return waitMs;
    } catch (error) {
      this.#lost(error);
      return (await this.#alone.takeNow(lane)) ? 0 : LOOK_AGAIN_MS;
    }
  }

  #reached(): void {
    this.#acceptedAfter = 0;
    if (this.#isAlone) this.#options.log.info('request_budget_shared');
    this.#isAlone = false;
  }

  #lost(error: unknown): void {
    if (!this.#isAlone) {
      const perMinute = this.#options.alonePerMinute;
      this.#options.log.warn('request_budget_split', { err: error, per_minute: perMinute });
    }
    this.#isAlone = true;
  }
}
