import { within } from '../../ops/clock.ts';
import { outboxKey, RELAY_CHANNEL } from '../record/record.ts';
import { type Outbox, type OutboxEntry, OutboxFull, type Place } from '../store.ts';
import type { Written } from '../written.ts';
import type { Cluster } from './cluster.ts';
import type { WriteBatcher } from './write-batcher.ts';

/** Limit of entries for each partition. It bounds the memory that an outage of the bus can use. */
const MAX_ENTRIES = 500_000;
/** Deadline of an append in ms. */
const APPEND_DEADLINE_MS = 2000;
const ANNOUNCE_LIMIT_MS = 1000;

/** The outbox in Redis: one stream for each bus partition, in the region's cluster. */
export class RedisOutbox implements Outbox {
  readonly partitions: number;
  onAppend: (partition: number) => void = () => undefined;
  readonly #lane: WriteBatcher;
  readonly #cluster: Cluster;
  readonly #maxEntries: number;
  readonly #lengths: number[];

  constructor(lane: WriteBatcher, cluster: Cluster, partitions: number, maxEntries = MAX_ENTRIES) {
    this.#lane = lane;
    this.#cluster = cluster;
    this.partitions = partitions;
    this.#maxEntries = maxEntries;
    this.#lengths = new Array<number>(partitions).fill(0);
  }

  async append(partition: number, fields: string[]): Promise<Written<Place>> {
    if ((this.#lengths[partition] ?? 0) >= this.#maxEntries) {
      throw new OutboxFull(`${this.#maxEntries} events of partition ${partition} wait for the bus`);
    }
    const stream = outboxKey(partition);
    const written = await this.#lane.command(stream, ['XADD', stream, '*', ...fields], APPEND_DEADLINE_MS);
    this.onAppend(partition);
    return written.map((entry) => ({ partition, entry: String(entry) }));
  }

  async oldest(partition: number, count: number): Promise<OutboxEntry[]> {
    const stream = outboxKey(partition);
    const reply = await this.#cluster.command(stream, ['XRANGE', stream, '-', '+', 'COUNT', String(count)]);
    return (reply as [string, string[]][]).map(([id, fields]) => ({ id, fields }));
  }

  async remove(partition: number, ids: string[]): Promise<void> {
    const stream = outboxKey(partition);
    await this.#cluster.command(stream, ['XDEL', stream, ...ids]);
  }

  async lengths(): Promise<number[]> {
    await Promise.all(
      this.#lengths.map(async (_, partition) => {
        const stream = outboxKey(partition);
        this.#lengths[partition] = Number(await this.#cluster.command(stream, ['XLEN', stream]));
      }),
    );
    return [...this.#lengths];
  }

  /** Signals may be lost: relays also read their partitions every second. */
  async announce(partition: number): Promise<void> {
    await within(this.#cluster.client.publish(RELAY_CHANNEL, String(partition)), ANNOUNCE_LIMIT_MS);
  }

  hear(listener: (partition: number) => void): Promise<void> {
    return this.#cluster.subscribe(RELAY_CHANNEL, (partition) => listener(Number(partition)));
  }
}
