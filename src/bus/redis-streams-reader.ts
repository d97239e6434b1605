import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../ops/log.ts';
import type { BatchHandler, Delivery } from './bus.ts';
import type { RedisConnection } from './redis-connection.ts';
import { readFields, type StreamEntry } from './stream-entry.ts';

export interface ReaderOptions {
  /** Carries the blocking reads and nothing else. */
  connection: RedisConnection;
  streamKey(partition: number): string;
  /** The partitions this instance may read now. */
  held(): Set<number>;
  /** The region's position in a partition. @throws BusUnavailable */
  position(partition: number): Promise<string>;
  /** Moves the region's position on; resolves to where it then is. @throws BusUnavailable */
  advance(partition: number, from: string, to: string): Promise<string>;
  handler: BatchHandler;
  log: Log;
}

const BATCH = 200;
const BLOCK_MS = 500;
/** While a batch is being handled its partition is not read; this is how soon it is, once the handler is done. */
const BLOCK_WHILE_HANDLING_MS = 5;
const IDLE_MS = 20;
const AWAY_MS = 250;
const FIRST_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 5_000;

/**
 * Reads the held partitions, at most one batch of each at a time:
 *
 *   free ──entries──► handling ──resolved──► committing ──position moved on──► free
 *                        └─rejected: same batch again, later      └─bus away: again, later
 *
 * A partition that is being drained leaves the loops of repetition; what it did not commit is its next holder's.
 */
export class PartitionReader {
  readonly #options: ReaderOptions;
  /** Where to read on. What is not here is asked for: only the bus knows what another holder has committed. */
  readonly #positions = new Map<number, string>();
  readonly #running = new Map<number, { done: Promise<void>; giveUp: AbortController }>();
  readonly #loop: Promise<void>;
  #closed = false;
  #away = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#loop = this.#readForEver();
  }

  /** Resolves when nothing of a partition, which is held no more, is being handled. */
  async drain(partition: number): Promise<void> {
    const running = this.#running.get(partition);
    running?.giveUp.abort();
    await running?.done;
  }

  /** Call when everything is drained. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#options.connection.close();
    await this.#loop;
  }

  async #readForEver(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#readOnce();
        if (this.#away) this.#options.log.info({}, 'the bus can be read again');
        this.#away = false;
      } catch (error) {
        if (this.#closed) return;
        if (!this.#away) this.#options.log.warn({ err: error }, 'the bus cannot be read; trying on');
        this.#away = true;
        this.#positions.clear();
        await delay(AWAY_MS);
      }
    }
  }

  async #readOnce(): Promise<void> {
    const { held, position } = this.#options;
    const mine = held();
    for (const partition of this.#positions.keys()) if (!mine.has(partition)) this.#positions.delete(partition);
    const free = [...mine].filter((partition) => !this.#running.has(partition));
    if (free.length === 0) {
      await delay(this.#running.size > 0 ? BLOCK_WHILE_HANDLING_MS : IDLE_MS);
      return;
    }
    await Promise.all(
      free.map(async (partition) => {
        if (!this.#positions.has(partition)) this.#positions.set(partition, await position(partition));
      }),
    );
    const batches = await this.#read(free);
    const still = held();
    for (const [partition, batch] of batches) if (still.has(partition)) this.#begin(partition, batch);
  }

  /** A plain read: it changes nothing on the bus, so one that arrives late takes nothing from the next holder. */
  async #read(partitions: number[]): Promise<Map<number, Delivery[]>> {
    const { connection, streamKey } = this.#options;
    const byKey = new Map(partitions.map((partition) => [streamKey(partition), partition]));
    const positions = partitions.map((partition) => this.#position(partition));
    const blockMs = this.#running.size > 0 ? BLOCK_WHILE_HANDLING_MS : BLOCK_MS;
    const limits = ['COUNT', `${BATCH}`, 'BLOCK', `${blockMs}`];
    const reply = await connection.call(['XREAD', ...limits, 'STREAMS', ...byKey.keys(), ...positions], blockMs);
    const batches = new Map<number, Delivery[]>();
    for (const [key, entries] of (reply ?? []) as [string, StreamEntry[]][]) {
      const batch = entries.map(([position, fields]) => ({ ...readFields(fields), position }));
      const partition = byKey.get(key);
      if (partition !== undefined) batches.set(partition, batch);
    }
    return batches;
  }

  #begin(partition: number, batch: Delivery[]): void {
    const giveUp = new AbortController();
    const done = this.#deliver(partition, batch, giveUp.signal).finally(() => this.#running.delete(partition));
    this.#running.set(partition, { done, giveUp });
  }

  /** Never rejects. */
  async #deliver(partition: number, batch: Delivery[], giveUp: AbortSignal): Promise<void> {
    const { handler, advance } = this.#options;
    const from = this.#position(partition);
    const to = batch.at(-1)?.position ?? from;
    try {
      await this.#insist(partition, giveUp, 'batch not handled', () => handler(partition, batch));
      const reached = await this.#insist(partition, giveUp, 'batch not committed', () => advance(partition, from, to));
      this.#positions.set(partition, reached);
    } catch {
      // Given up, and logged; what was not committed will be read again by whoever holds the partition.
      this.#positions.delete(partition);
    }
  }

  /** Tries until it works, the partition is drained, or its lease is over. */
  async #insist<T>(partition: number, giveUp: AbortSignal, failure: string, work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        const { log, held } = this.#options;
        if (attempt === 1) log.warn({ err: error, partition }, `${failure}; trying again`);
        const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** (attempt - 1), MAX_BACKOFF_MS);
        await delay(backoffMs, undefined, { signal: giveUp });
        if (!held().has(partition)) throw error;
      }
    }
  }

  #position(partition: number): string {
    return this.#positions.get(partition) ?? START;
  }
}

/** The position before the first message. */
export const START = '0-0';
