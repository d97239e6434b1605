import type { BusMessage } from '../../bus/bus.ts';
import { partitionOf } from '../../bus/envelope.ts';
import { readFields, writeFields } from '../../bus/redis-streams/stream-entry.ts';
import { outboxKey } from '../../store/record/keys.ts';
import type { Cluster } from '../../store/redis/cluster.ts';
import type { WriteBatcher } from '../../store/redis/write-batcher.ts';
import type { Written } from '../../store/written.ts';

/** An event that this region has accepted and the bus has not confirmed. */
export interface OutboxEntry {
  id: string;
  message: BusMessage;
}

/** Where an event lies in the outbox: a stream's ids grow with every entry. */
export interface Place {
  partition: number;
  entry: string;
}

/** Too much waits for a bus that is away; nothing more can be accepted until it drains. */
export class OutboxFull extends Error {
  override name = 'OutboxFull';
}

/** Entries per partition beyond which nothing more is accepted: a bound on the memory a lost bus can cost. */
const MAX_ENTRIES = 500_000;
/** An append is kept waiting this long for its shard, in ms. */
const APPEND_DEADLINE_MS = 2000;

/**
 * The region's memory of what it owes the bus: one stream per bus partition in the region's own cluster. An event is
 * acknowledged to its sender once it is here, and stays until the bus has confirmed it.
 */
export class Outbox {
  readonly partitions: number;
  readonly #lane: WriteBatcher;
  readonly #cluster: Cluster;
  readonly #lengths: number[];
  #onAppend: (partition: number) => void = () => undefined;

  constructor(lane: WriteBatcher, cluster: Cluster, partitions: number) {
    this.#lane = lane;
    this.#cluster = cluster;
    this.partitions = partitions;
    this.#lengths = new Array<number>(partitions).fill(0);
  }

  /** Whom to tell that a partition has something new. */
  set onAppend(listener: (partition: number) => void) {
    this.#onAppend = listener;
  }

  /**
   * Appends. What no replica has a failover may take; until then it is published like all else.
   * @throws OutboxFull, ShardUnavailable
   */
  append(message: BusMessage): Promise<Written<Place>> {
    return this.appendTo(partitionOf(message.key, this.partitions), message);
  }

  /** @throws as `append` */
  async appendTo(partition: number, message: BusMessage): Promise<Written<Place>> {
    if ((this.#lengths[partition] ?? 0) >= MAX_ENTRIES) {
      throw new OutboxFull(`${MAX_ENTRIES} events of partition ${partition} wait for the bus`);
    }
    const stream = outboxKey(partition);
    const fields = writeFields(message);
    const written = await this.#lane.command(stream, ['XADD', stream, '*', ...fields], APPEND_DEADLINE_MS);
    this.#onAppend(partition);
    return written.map((entry) => ({ partition, entry: String(entry) }));
  }

  /** The oldest entries of a partition, in order. @throws ShardUnavailable */
  async oldest(partition: number, count: number): Promise<OutboxEntry[]> {
    const stream = outboxKey(partition);
    const reply = await this.#cluster.command(stream, ['XRANGE', stream, '-', '+', 'COUNT', String(count)]);
    return (reply as [string, string[]][]).map(([id, fields]) => ({ id, message: readFields(fields) }));
  }

  /** Forgets what the bus has confirmed. @throws ShardUnavailable */
  async remove(partition: number, ids: string[]): Promise<void> {
    const stream = outboxKey(partition);
    await this.#cluster.command(stream, ['XDEL', stream, ...ids]);
  }

  /** Entries waiting, per partition; what `append` judges fullness by. To be asked regularly. @throws ShardUnavailable */
  async lengths(): Promise<number[]> {
    await Promise.all(
      this.#lengths.map(async (_, partition) => {
        const stream = outboxKey(partition);
        this.#lengths[partition] = Number(await this.#cluster.command(stream, ['XLEN', stream]));
      }),
    );
    return [...this.#lengths];
  }
}
