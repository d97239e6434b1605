import { setTimeout as delay } from 'node:timers/promises';
import { Consumer } from '@platformatic/kafka';
import type { Log } from '../../ops/log.ts';
import type { BatchHandler } from '../bus.ts';
import { clientOptions, isAnswer, type KafkaAccess } from './clients.ts';
import { reasonOf } from './failure.ts';
import { KafkaReading } from './reading.ts';
import { type FetchResponse, type FetchResponsePartition, readBatches } from './record.ts';

interface KafkaReaderOptions {
  access: KafkaAccess;
  topic: string;
  group: string;
  /** The partitions this instance may read now. */
  held(): Set<number>;
  /** The offset at which to continue, for each of the partitions. */
  positions(partitions: number[]): Promise<Map<number, bigint>>;
  commit(partition: number, offset: bigint): Promise<void>;
  handler: BatchHandler;
  log: Log;
}

const BATCH = 200;
/** Uncommitted batches of a partition at which reading it pauses. */
const READ_AHEAD = 4;
/** Fetch limit for each partition. Brokers send a record batch whole, even a larger one. */
const PARTITION_BYTES = 512 * 1024;
const FETCH_BYTES = 16 * 1024 * 1024;
const BLOCK_MS = 500;
/** Paused partitions are checked this often. */
const BLOCK_WHILE_FULL_MS = 20;
const IDLE_MS = 20;
const AWAY_MS = 250;

/** Reads the held partitions ahead, each from its leader, and handles each one in order. */
export class KafkaReader {
  readonly #options: KafkaReaderOptions;
  readonly #fetcher: Consumer;
  readonly #readings = new Map<number, KafkaReading>();
  /** Running fetches, by broker. */
  readonly #fetching = new Map<number, Promise<void>>();
  readonly #loop: Promise<void>;
  #closed = false;
  #away = false;

  constructor(options: KafkaReaderOptions) {
    this.#options = options;
    // A connection of its own: brokers answer the requests of a connection one by one, and heartbeats must not wait for a fetch.
    this.#fetcher = new Consumer({ ...clientOptions(options.access), groupId: options.group });
    this.#fetcher.topics.track(options.topic);
    this.#loop = this.#readForEver();
  }

  /** Resolves when no batch of the partitions is being handled. */
  async drain(partitions: number[]): Promise<void> {
    await Promise.all(partitions.map((partition) => this.#readings.get(partition)?.drain()));
    for (const partition of partitions) this.#readings.delete(partition);
  }

  /** Call after `drain` of all partitions. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#fetcher.close();
    await this.#loop;
    await Promise.allSettled(this.#fetching.values());
  }

  async #readForEver(): Promise<void> {
    while (!this.#closed) {
      try {
        await this.#readOnce();
      } catch (error) {
        this.#failed(error);
        await delay(AWAY_MS);
      }
    }
  }

  async #readOnce(): Promise<void> {
    const { topic, held } = this.#options;
    await this.#begin(held());
    const open = [...this.#readings.values()].filter(({ batches }) => batches < READ_AHEAD);
    if (open.length === 0) return delay(IDLE_MS);
    const metadata = await this.#fetcher.metadata({ topics: [topic] });
    const whole = metadata.topics.get(topic);
    if (!whole) throw new Error(`the topic ${topic} does not exist`);
    const byLeader = Map.groupBy(open, ({ partition }) => whole.partitions[partition]?.leader ?? -1);
    const isFull = open.length < this.#readings.size;
    for (const [leader, readings] of byLeader) {
      if (this.#fetching.has(leader)) continue;
      const fetched = this.#fetch(leader, whole.id, readings, isFull ? BLOCK_WHILE_FULL_MS : BLOCK_MS);
      this.#fetching.set(
        leader,
        fetched.finally(() => this.#fetching.delete(leader)),
      );
    }
    await Promise.race([...this.#fetching.values(), ...(isFull ? [delay(BLOCK_WHILE_FULL_MS)] : [])]);
  }

  /** Looks up the offsets of newly held partitions, and drops those that this instance no longer holds. */
  async #begin(mine: Set<number>): Promise<void> {
    for (const [partition, reading] of this.#readings) {
      if (!mine.has(partition)) reading.drop();
      if (reading.isDropped) this.#readings.delete(partition);
    }
    const fresh = [...mine].filter((partition) => !this.#readings.has(partition));
    if (fresh.length === 0) return;
    const { positions, held, ...rest } = this.#options;
    for (const [partition, offset] of await positions(fresh)) {
      const isHeld = (): boolean => held().has(partition);
      if (isHeld()) this.#readings.set(partition, new KafkaReading({ ...rest, partition, offset, isHeld }));
    }
  }

  /** One fetch from one broker. It changes nothing on the bus. */
  async #fetch(node: number, topicId: string, readings: KafkaReading[], maxWaitTime: number): Promise<void> {
    const asked = new Map(readings.map((reading) => [reading.partition, reading.offset]));
    const partitions = readings.map(({ partition, offset }) => ({
      partition,
      fetchOffset: offset,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      partitionMaxBytes: PARTITION_BYTES,
    }));
    try {
      const topics = [{ topicId, partitions }];
      const response = await this.#fetcher.fetch({ node, topics, maxWaitTime, minBytes: 1, maxBytes: FETCH_BYTES });
      this.#take(response, readings, asked);
      if (this.#away) this.#options.log.info('bus_read_resumed');
      this.#away = false;
    } catch (error) {
      const answer = (error as { response?: FetchResponse }).response;
      if (answer) this.#take(answer, readings, asked);
      if (!answer || !isAnswer(error, 'OFFSET_OUT_OF_RANGE')) {
        this.#fetcher.clearMetadata();
        this.#failed(error);
        await delay(AWAY_MS);
      }
    }
  }

  #take({ responses }: FetchResponse, readings: KafkaReading[], asked: Map<number, bigint>): void {
    const answers = new Map(
      responses.flatMap(({ partitions }) => partitions.map((each) => [each.partitionIndex, each])),
    );
    for (const reading of readings) {
      const answer = answers.get(reading.partition);
      const isCurrent = asked.get(reading.partition) === reading.offset && !reading.isDropped;
      if (!answer || !isCurrent || !this.#options.held().has(reading.partition)) continue;
      if (answer.errorCode === OFFSET_OUT_OF_RANGE) this.#skip(reading, answer);
      for (const { batch, next } of readBatches(answer, reading.offset, BATCH)) reading.take(batch, next);
    }
  }

  /** Retention deleted messages before this region read them. See "Retention" in docs/kafka.md. */
  #skip(reading: KafkaReading, { partitionIndex: partition }: FetchResponsePartition): void {
    this.#options.log.error('bus_messages_lost', { partition, offset: String(reading.offset) });
    reading.drop();
  }

  #failed(error: unknown): void {
    if (this.#closed || this.#away) return;
    this.#options.log.warn('bus_read_failed', { err: error, reason: reasonOf(error) });
    this.#away = true;
  }
}

const OFFSET_OUT_OF_RANGE = 1;
