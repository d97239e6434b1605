import { Admin, Consumer } from '@platformatic/kafka';
import type { BusMessage } from '../../../src/bus/bus.ts';
import { dlqOf } from '../../../src/bus/kafka/kafka.ts';

/** What tests do to the topics of a Kafka, and read of them, beside the driver. */
export class TestTopics {
  readonly #bootstrap: string[];
  readonly #admin: Admin;
  readonly #made = new Set<string>();

  constructor(bootstrap: string[]) {
    this.#bootstrap = bootstrap;
    this.#admin = new Admin({ clientId: 'test', bootstrapBrokers: bootstrap });
  }

  /** Creates a topic and its dead letters, once. */
  async make(topic: string, partitions: number, replicas = 1): Promise<void> {
    if (this.#made.has(topic)) return;
    this.#made.add(topic);
    await this.#admin.createTopics({ topics: [topic], partitions, replicas });
    await this.#admin.createTopics({ topics: [dlqOf(topic)], partitions: 1, replicas });
  }

  /** Messages of a partition that are stored. */
  async stored(topic: string, partition: number): Promise<number> {
    const [first, end] = await Promise.all([-2n, -1n].map((at) => this.#offset(topic, partition, at)));
    return Number((end ?? 0n) - (first ?? 0n));
  }

  /** The node that leads a partition now. */
  async leader(topic: string, partition: number): Promise<number | undefined> {
    const { topics } = await this.#admin.metadata({ topics: [topic], forceUpdate: true });
    return topics.get(topic)?.partitions[partition]?.leader;
  }

  /** How many nodes every partition is whole on, at least. */
  async inSync(topic: string): Promise<number> {
    const { topics } = await this.#admin.metadata({ topics: [topic], forceUpdate: true });
    return Math.min(...(topics.get(topic)?.partitions.map(({ isr }) => isr.length) ?? []));
  }

  async deadLetters(topic: string): Promise<BusMessage[]> {
    const consumer = new Consumer({ clientId: 'test', groupId: 'test', bootstrapBrokers: this.#bootstrap });
    try {
      const name = dlqOf(topic);
      consumer.topics.track(name);
      const dlq = (await consumer.metadata({ topics: [name] })).topics.get(name);
      const start = { partition: 0, fetchOffset: 0n, currentLeaderEpoch: -1, lastFetchedEpoch: -1 };
      const { responses } = await consumer.fetch({
        node: dlq?.partitions[0]?.leader ?? -1,
        topics: [{ topicId: dlq?.id ?? '', partitions: [{ ...start, partitionMaxBytes: 1e6 }] }],
        maxWaitTime: 100,
      });
      const records = responses.flatMap((each) => each.partitions).flatMap((each) => each.records ?? []);
      return records
        .flatMap((batch) => batch.records)
        .map(({ key, value, headers }) => {
          const texts = Object.fromEntries(headers.map(([name, text]) => [String(name), String(text)]));
          return { key: String(key), headers: texts, value: String(value) };
        });
    } finally {
      await consumer.close();
    }
  }

  async close(): Promise<void> {
    await this.#admin.close();
  }

  async #offset(name: string, partitionIndex: number, timestamp: bigint): Promise<bigint> {
    const [topic] = await this.#admin.listOffsets({ topics: [{ name, partitions: [{ partitionIndex, timestamp }] }] });
    return topic?.partitions[0]?.offset ?? 0n;
  }
}
