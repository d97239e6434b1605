import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../ops/log.ts';
import type { EventCodeAt } from '../../ops/log-events/catalogue.ts';
import type { BatchHandler, Delivery } from '../bus.ts';

interface ReadingOptions {
  partition: number;
  /** Where to read on. */
  offset: bigint;
  handler: BatchHandler;
  /** Notes that everything before an offset has been applied. */
  commit(partition: number, offset: bigint): Promise<void>;
  /** Whether this instance still holds the partition. */
  isHeld(): boolean;
  log: Log;
}

const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 5_000;
/** A commit is refused while others join or leave, for less than a second; then it works, or the partition is another's. */
const REBALANCE_ATTEMPTS = 4;

/**
 * What is under way of one partition. Batches are handled one after another, and committed one after another behind:
 *
 *   read ──those before it handled──► handling ──those before it committed──► committing ──► done
 *                                        └─rejected: again, later                └─bus away: again, later
 */
export class KafkaReading {
  readonly partition: number;
  /** Batches read and not yet committed. */
  batches = 0;
  offset: bigint;
  readonly #options: ReadingOptions;
  readonly #giveUp = new AbortController();
  #handled: Promise<void> = Promise.resolve();
  #committed: Promise<void> = Promise.resolve();

  constructor(options: ReadingOptions) {
    this.#options = options;
    this.partition = options.partition;
    this.offset = options.offset;
  }

  get isDropped(): boolean {
    return this.#giveUp.signal.aborted;
  }

  /** Begins nothing more of what was read. */
  drop(): void {
    this.#giveUp.abort();
  }

  /** Drops it; resolves when nothing of it is being handled. */
  async drain(): Promise<void> {
    this.drop();
    await Promise.allSettled([this.#handled, this.#committed]);
  }

  /** Puts a batch behind those under way. @param next where to read on behind it */
  take(batch: Delivery[], next: bigint): void {
    const { handler, commit } = this.#options;
    this.offset = next;
    this.batches += 1;
    const handled = this.#handled.then(() => {
      this.#giveUp.signal.throwIfAborted();
      return batch.length > 0 ? this.#insist('bus_batch_not_applied', () => handler(this.partition, batch)) : undefined;
    });
    handled.catch(() => undefined); // the commit behind it sees to that
    const committed = this.#committed.then(async () => {
      await handled;
      await this.#insist('bus_position_not_saved', () => commit(this.partition, next), REBALANCE_ATTEMPTS);
    });
    this.#handled = handled;
    this.#committed = committed;
    // What failed was logged, or the partition is another's now: everything begins anew at the bus's own position.
    committed
      .catch(() => this.drop())
      .finally(() => {
        this.batches -= 1;
      });
  }

  /** Tries until it works, or the partition is another's. @param quietly how many failures nobody needs to hear of */
  async #insist(failure: EventCodeAt<'warn'>, work: () => Promise<void>, quietly = 0): Promise<void> {
    const { log, isHeld, partition } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (attempt === quietly + 1) log.warn(failure, { err: error, partition });
        const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** (attempt - 1), MAX_BACKOFF_MS);
        await delay(backoffMs, undefined, { signal: this.#giveUp.signal });
        if (!isHeld()) throw error;
      }
    }
  }
}
