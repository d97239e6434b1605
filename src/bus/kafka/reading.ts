import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../ops/log.ts';
import type { EventCodeAt } from '../../ops/log-events/catalogue.ts';
import type { BatchHandler, Delivery } from '../bus.ts';

interface ReadingOptions {
  partition: number;
  /** The first offset to read. */
  offset: bigint;
  handler: BatchHandler;
  /** Commits an offset: every message before it is applied. */
  commit(partition: number, offset: bigint): Promise<void>;
  /** Whether this instance still holds the partition. */
  isHeld(): boolean;
  log: Log;
}

const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 5_000;
/** Commits fail during a rebalance, usually for less than a second. This many failures in a row are not logged. */
const REBALANCE_ATTEMPTS = 4;

/**
 * The batches of one partition between fetch and commit. They are handled one at a time, and committed in the same order:
 *
 *   read ──earlier batches handled──► handling ──earlier batches committed──► committing ──► done
 *                                        └─rejected: retry                       └─bus unavailable: retry
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

  /** Starts no further batch. */
  drop(): void {
    this.#giveUp.abort();
  }

  /** Drops the partition. Resolves when no batch is being handled. */
  async drain(): Promise<void> {
    this.drop();
    await Promise.allSettled([this.#handled, this.#committed]);
  }

  /** Queues a batch. @param next the offset after it */
  take(batch: Delivery[], next: bigint): void {
    const { handler, commit } = this.#options;
    this.offset = next;
    this.batches += 1;
    const handled = this.#handled.then(() => {
      this.#giveUp.signal.throwIfAborted();
      return batch.length > 0 ? this.#retry('bus_batch_not_applied', () => handler(this.partition, batch)) : undefined;
    });
    handled.catch(() => undefined); // `committed` reports the failure
    const committed = this.#committed.then(async () => {
      await handled;
      await this.#retry('bus_position_not_saved', () => commit(this.partition, next), REBALANCE_ATTEMPTS);
    });
    this.#handled = handled;
    this.#committed = committed;
    // The failure is logged, or another instance holds the partition: reading starts again at the committed offset.
    committed
      .catch(() => this.drop())
      .finally(() => {
        this.batches -= 1;
      });
  }

  /** Retries until the work succeeds, or another instance holds the partition. @param quietly how many failures are not logged */
  async #retry(failure: EventCodeAt<'warn'>, work: () => Promise<void>, quietly = 0): Promise<void> {
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
