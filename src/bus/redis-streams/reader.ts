import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../../ops/log.ts';
import type { EventCodeAt } from '../../ops/log-events/catalogue.ts';
import type { BatchHandler, Delivery } from '../bus.ts';
import { type ByteEntry, readFields } from '../envelope.ts';
import type { RedisConnection } from './connection.ts';

interface ReaderOptions {
  /** A connection for the blocking reads only. */
  connection: RedisConnection;
  streamKey(partition: number): string;
  /** The partitions this instance may read now. */
  held(): Set<number>;
  /** The region's position in a partition. @throws BusUnavailable */
  position(partition: number): Promise<string>;
  /** Moves the region's position forward; resolves to the position on the bus afterwards. @throws BusUnavailable */
  advance(partition: number, from: string, to: string): Promise<string>;
  handler: BatchHandler;
  log: Log;
}

const BATCH = 200;
/** Uncommitted batches of a partition at which reading it pauses. Reading ahead hides the latency of a distant bus. */
const READ_AHEAD = 4;
const BLOCK_MS = 500;
/** Paused partitions are checked this often. */
const BLOCK_WHILE_FULL_MS = 5;
const IDLE_MS = 20;
const AWAY_MS = 250;
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 5_000;

/** The batches of a partition between read and commit. They are handled one at a time, and committed in the same order. */
interface Reading {
  /** The last position read. */
  position: string;
  batches: number;
  handled: Promise<void>;
  committed: Promise<void>;
  giveUp: AbortController;
}

/**
 * Reads the held partitions ahead, and handles each one in order. The life of a batch:
 *
 *   read ──earlier batches handled──► handling ──earlier batches committed──► committing ──position moved──► done
 *                                        └─rejected: retry                       └─bus unavailable: retry
 *
 * A partition that is drained, or whose position another instance moved, drops the batches that have not started. The next
 * holder reads all messages that were not committed.
 */
export class PartitionReader {
  readonly #options: ReaderOptions;
  readonly #readings = new Map<number, Reading>();
  readonly #loop: Promise<void>;
  #closed = false;
  #away = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#loop = this.#readForEver();
  }

  /** Resolves when no batch of a partition is being handled. Call after the lease has ended. */
  async drain(partition: number): Promise<void> {
    const reading = this.#readings.get(partition);
    if (!reading) return;
    this.#drop(partition, reading);
    // A commit that was given up does not wait for later batches, and one of them may be with the handler.
    await Promise.allSettled([reading.handled, reading.committed]);
  }

  /** Call after `drain` of all partitions. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#options.connection.close();
    await this.#loop;
  }

  async #readForEver(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#readOnce();
        if (this.#away) this.#options.log.info('bus_read_resumed');
        this.#away = false;
      } catch (error) {
        if (this.#closed) return;
        if (!this.#away) this.#options.log.warn('bus_read_failed', { err: error, reason: (error as Error).message });
        this.#away = true;
        await delay(AWAY_MS);
      }
    }
  }

  async #readOnce(): Promise<void> {
    const mine = this.#options.held();
    for (const [partition, reading] of this.#readings) if (!mine.has(partition)) this.#drop(partition, reading);
    await Promise.all([...mine].map((partition) => this.#begin(partition)));
    const open = [...this.#readings].filter(([, { batches }]) => batches < READ_AHEAD);
    if (open.length === 0) {
      await delay(this.#readings.size > 0 ? BLOCK_WHILE_FULL_MS : IDLE_MS);
      return;
    }
    const batches = await this.#read(new Map(open));
    const still = this.#options.held();
    for (const [partition, reading] of open) {
      const batch = batches.get(partition);
      if (batch && still.has(partition) && !reading.giveUp.signal.aborted) this.#take(partition, reading, batch);
    }
  }

  /** Reads the committed position from the bus: another holder may have moved it. @throws BusUnavailable */
  async #begin(partition: number): Promise<void> {
    if (this.#readings.has(partition)) return;
    const position = await this.#options.position(partition);
    const done = Promise.resolve();
    this.#readings.set(partition, {
      position,
      batches: 0,
      handled: done,
      committed: done,
      giveUp: new AbortController(),
    });
  }

  /** `XREAD` changes nothing on the bus: a late one takes no messages from the next holder. */
  async #read(readings: Map<number, Reading>): Promise<Map<number, Delivery[]>> {
    const { connection, streamKey } = this.#options;
    const byKey = new Map([...readings.keys()].map((partition) => [streamKey(partition), partition]));
    const positions = [...readings.values()].map(({ position }) => position);
    const blockMs = readings.size < this.#readings.size ? BLOCK_WHILE_FULL_MS : BLOCK_MS;
    const limits = ['COUNT', `${BATCH}`, 'BLOCK', `${blockMs}`];
    const reply = await connection.callForBytes(
      ['XREAD', ...limits, 'STREAMS', ...byKey.keys(), ...positions],
      blockMs,
    );
    const batches = new Map<number, Delivery[]>();
    for (const [key, entries] of (reply ?? []) as [Buffer, ByteEntry[]][]) {
      const batch = entries.map(([position, fields]) => ({ ...readFields(fields), position: String(position) }));
      const partition = byKey.get(String(key));
      if (partition !== undefined) batches.set(partition, batch);
    }
    return batches;
  }

  /** Queues a batch. */
  #take(partition: number, reading: Reading, batch: Delivery[]): void {
    const { handler, advance } = this.#options;
    const { signal } = reading.giveUp;
    const from = reading.position;
    const to = batch.at(-1)?.position ?? from;
    const handled = reading.handled.then(() => {
      signal.throwIfAborted();
      return this.#retry(partition, signal, 'bus_batch_not_applied', () => handler(partition, batch));
    });
    handled.catch(() => undefined); // `committed` reports the failure
    const committed = reading.committed.then(async () => {
      await handled;
      const reached = await this.#retry(partition, signal, 'bus_position_not_saved', () =>
        advance(partition, from, to),
      );
      if (reached !== to) throw new Error(`the position of partition ${partition} is ${reached}, not ${from}`);
    });
    Object.assign(reading, { position: to, handled, committed, batches: reading.batches + 1 });
    // The failure is logged, or another instance moved the position: reading starts again at the committed position.
    committed
      .catch(() => this.#drop(partition, reading))
      .finally(() => {
        reading.batches -= 1;
      });
  }

  /** Starts no further batch of a partition. */
  #drop(partition: number, reading: Reading): void {
    reading.giveUp.abort();
    if (this.#readings.get(partition) === reading) this.#readings.delete(partition);
  }

  /** Retries until the work succeeds, the partition is drained, or its lease ends. */
  async #retry<T>(
    partition: number,
    giveUp: AbortSignal,
    failure: EventCodeAt<'warn'>,
    work: () => Promise<T>,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        const { log, held } = this.#options;
        if (attempt === 1) log.warn(failure, { err: error, partition });
        const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** (attempt - 1), MAX_BACKOFF_MS);
        await delay(backoffMs, undefined, { signal: giveUp });
        if (!held().has(partition)) throw error;
      }
    }
  }
}

/** The position before the first message. */
export const START = '0-0';
