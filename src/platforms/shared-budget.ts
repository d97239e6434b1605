import type { Clock } from '../ops/clock.ts';
import { pause } from './backoff.ts';
import { Budget, jitterMs, type Lane, type ReadingShares, type RequestBudget } from './budget.ts';
import type { PlatformContext } from './platform.ts';

/** Where the instances of a region count together what they send to one platform. */
interface SharedPermits {
  /**
   * Counts a request if it may go out now.
   * @param acceptedAfter how many refusals in a row were known when the platform took a request; 0: none since
   * @returns ms until it is worth asking again, 0 if it was counted; and how many requests were refused in a row
   * @throws Error where the count cannot be reached
   */
  take(acceptedAfter: number, lane: Lane): Promise<{ waitMs: number; refusals: number }>;
  /** Nobody sends a request until the wait that the platform asked for is over. @throws as `take` */
  refused(retryAfterMs: number, jitterMs: number): Promise<void>;
}

interface SharedBudgetOptions {
  permits: SharedPermits;
  /** Requests a minute while the count cannot be reached: this instance's part, as it does not know of the others. */
  alonePerMinute: number;
  /** Of these for readings. Default: all. */
  aloneShares?: ReadingShares;
  clock: Clock;
  log: PlatformContext['log'];
}

/** How soon the count is asked again after it could not be reached and the own part was used up, in ms. */
const LOOK_AGAIN_MS = 1000;

/**
 * A budget that all instances of a region draw on. Where it cannot be reached an instance goes on with a part of its
 * own, so that a store that is away stops no adapter.
 *
 *             no answer
 *   shared ──────────────► alone      what was taken lately counts in either
 *      └◄── any answer ──────┘
 */
export class SharedBudget implements RequestBudget {
  readonly #options: SharedBudgetOptions;
  /** Also knows of every request that the shared one let out, and of the waits that this instance was told of. */
  readonly #alone: Budget;
  #isAlone = false;
  /** In a row, as known when the latest request was let out; and when the platform took one, until that is told. */
  #refusals = 0;
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

  /** Holds this instance at once, and the others as soon as they are told. */
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

  /** Ms until it is worth asking again; 0: a request may go out, and is counted. */
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
