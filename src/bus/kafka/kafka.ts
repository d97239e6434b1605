import type { Log } from '../../ops/log.ts';
import {
  type BatchHandler,
  type Bus,
  type BusMessage,
  BusUnavailable,
  MessageRefused,
  type PartitionLag,
} from '../bus.ts';
import { shorten } from '../dead-letter.ts';
import { failureOf, type KafkaAccess, unavailable } from './clients.ts';
import { KafkaMember } from './member.ts';
import { behind, KafkaOffsets, positionOf } from './offsets.ts';
import { KafkaReader } from './reader.ts';
import { type Batch, batchOf, isTooLarge, KafkaRequests } from './requests.ts';

export interface KafkaBusOptions {
  access: KafkaAccess;
  /** Must exist, as must the dead-letter topic `<topic>.dlq`. */
  topic: string;
  partitions: number;
  region: string;
  /** Static member name (`group.instance.id`), kept across restarts. Without it, partitions wait for the session timeout after a crash. */
  member?: string;
  log: Log;
  /** Session timeout in ms: after it, another instance reads the partitions of one that crashed. */
  sessionMs?: number;
}

const SESSION_MS = 10_000;
/** Size of a record batch: half of what brokers accept by default. */
const PUBLISH_BYTES = 512 * 1024;
const PUBLISH_COUNT = 500;

/** The consumer group of a region. Topic, dead letters and groups share a prefix, so that one ACL covers them. */
export const groupOf = (topic: string, region: string): string => `${topic}.${region}`;
export const dlqOf = (topic: string): string => `${topic}.dlq`;

/** The bus on Kafka, or a service with Kafka's protocol: one topic for all regions, one consumer group for each region. */
export function createKafkaBus(options: KafkaBusOptions): Bus {
  return new KafkaBus(options);
}

class KafkaBus implements Bus {
  readonly partitions: number;
  readonly #options: KafkaBusOptions;
  readonly #requests: KafkaRequests;
  readonly #offsets: KafkaOffsets;
  #member: KafkaMember | undefined;
  #reader: KafkaReader | undefined;

  constructor(options: KafkaBusOptions) {
    const { access, topic, region } = options;
    this.#options = options;
    this.partitions = options.partitions;
    this.#requests = new KafkaRequests(access);
    this.#offsets = new KafkaOffsets(access, topic, groupOf(topic, region));
  }

  async publish(partition: number, messages: BusMessage[]): Promise<void> {
    const { access, topic } = this.#options;
    try {
      await this.#checkPartitions();
      for (const batch of batches(messages)) await this.#publishBatch(topic, partition, batch);
    } catch (error) {
      this.#requests.producer.clearMetadata();
      throw failureOf(access, error);
    }
  }

  consume(handler: BatchHandler): void {
    const { access, topic, region, member, log, sessionMs = SESSION_MS } = this.#options;
    const group = groupOf(topic, region);
    const membership = new KafkaMember({
      access,
      topic,
      group,
      ...(member && { member }),
      sessionMs,
      drain: async (partitions) => this.#reader?.drain(partitions),
      log,
    });
    this.#member = membership;
    this.#reader = new KafkaReader({
      access,
      topic,
      group,
      held: () => membership.held(),
      positions: async (partitions) =>
        new Map([...(await this.#offsets.read(partitions))].map(([each, extent]) => [each, positionOf(extent)])),
      commit: (partition, offset) => membership.commit(partition, offset),
      handler,
      log,
    });
    membership.start();
  }

  async deadLetter(letter: BusMessage): Promise<void> {
    const { access, topic } = this.#options;
    try {
      await this.#requests.send(dlqOf(topic), undefined, batchOf(letter)).catch((error) => {
        if (!isTooLarge(error)) throw error;
        return this.#requests.send(dlqOf(topic), undefined, batchOf(shorten(letter)));
      });
    } catch (error) {
      this.#requests.producer.clearMetadata();
      throw failureOf(access, error);
    }
  }

  async lag(): Promise<PartitionLag[]> {
    try {
      const extents = await this.#offsets.read([...Array(this.partitions).keys()]);
      return [...extents].map(([partition, extent]) => ({ partition, behind: behind(extent) }));
    } catch (error) {
      throw unavailable(this.#options.access, error);
    }
  }

  async close(): Promise<void> {
    await this.#member?.close();
    await this.#reader?.close();
    await Promise.all([this.#requests.producer.close(), this.#offsets.close()]);
  }

  /** Another number of partitions would map agents to other partitions than in the other regions. */
  async #checkPartitions(): Promise<void> {
    const { topic } = this.#options;
    const { topics } = await this.#requests.producer.metadata({ topics: [topic] });
    const count = topics.get(topic)?.partitionsCount;
    if (count !== this.partitions) throw new BusUnavailable(otherCount(topic, count, this.partitions));
  }

  async #publishBatch(topic: string, partition: number, batch: Batch): Promise<void> {
    try {
      await this.#requests.send(topic, partition, batch);
    } catch (error) {
      if (!isTooLarge(error)) throw error;
      if (batch.messages.length === 1)
        throw new MessageRefused(`it is ${batch.bytes} bytes, more than the topic's max.message.bytes allows`);
      for (const each of batch.messages) await this.#publishBatch(topic, partition, batchOf(each));
    }
  }
}

/** Error text for a topic whose number of partitions differs from the configuration. */
export const otherCount = (topic: string, found: number | undefined, wanted: number): string =>
  `the topic ${topic} has ${found} partitions, and bus.partitions is ${wanted}: \`muster topics check\` says what to do`;

/** Splits messages into record batches, in order. */
function batches(messages: BusMessage[]): Batch[] {
  const made: Batch[] = [];
  for (const message of messages) {
    const one = batchOf(message);
    const last = made.at(-1);
    if (last && last.bytes + one.bytes <= PUBLISH_BYTES && last.messages.length < PUBLISH_COUNT) {
      last.messages.push(message);
      last.bytes += one.bytes;
    } else made.push(one);
  }
  return made;
}
