import { Admin, Consumer } from '@platformatic/kafka';
import type { BusMessage } from '../bus.ts';
import type { KeptLetter, LetterBox } from '../letter-box.ts';
import { clientOptions, type KafkaAccess, unavailable } from './clients.ts';
import { dlqOf } from './kafka.ts';
import { EARLIEST, LATEST, listOffsets } from './offsets.ts';
import { readBatches } from './record.ts';
import { batchOf, KafkaRequests } from './requests.ts';

/** Header of a settlement mark: the id of the dead letter that is settled. Kafka cannot delete single messages. */
const SETTLED = 'muster_settled';
const PAGE = 200;
const PAGE_BYTES = 4 * 1024 * 1024;
const WAIT_MS = 200;

/** The dead letters of a bus on Kafka. A settled letter has a mark, written later to the same topic. */
export function kafkaLetterBox(access: KafkaAccess, topic: string): LetterBox {
  return new KafkaLetterBox(access, dlqOf(topic));
}

class KafkaLetterBox implements LetterBox {
  readonly #access: KafkaAccess;
  readonly #topic: string;
  readonly #consumer: Consumer;
  readonly #admin: Admin;
  readonly #requests: KafkaRequests;

  constructor(access: KafkaAccess, topic: string) {
    this.#access = access;
    this.#topic = topic;
    this.#consumer = new Consumer({ ...clientOptions(access), groupId: topic });
    this.#admin = new Admin(clientOptions(access));
    this.#requests = new KafkaRequests(access);
  }

  /** Reads the topic twice, because marks come after the letters. */
  async *all(): AsyncGenerator<KeptLetter> {
    const settled = new Set<string>();
    for await (const { letter } of this.#messages()) if (letter.headers[SETTLED]) settled.add(letter.headers[SETTLED]);
    for await (const each of this.#messages()) {
      if (each.letter.headers[SETTLED] === undefined && !settled.has(each.id)) yield each;
    }
  }

  async get(id: string): Promise<KeptLetter | undefined> {
    for await (const each of this.all()) if (each.id === id) return each;
    return undefined;
  }

  async settle(ids: string[]): Promise<'marked'> {
    try {
      for (const id of ids) {
        const mark = { key: id, headers: { [SETTLED]: id }, value: '' };
        await this.#requests.send(this.#topic, undefined, batchOf(mark));
      }
      return 'marked';
    } catch (error) {
      throw unavailable(this.#access, error);
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#consumer.close(), this.#admin.close(), this.#requests.producer.close()]);
  }

  /** All messages up to the end offsets at the time of the call, partition by partition. */
  async *#messages(): AsyncGenerator<KeptLetter> {
    try {
      const topic = (await this.#consumer.metadata({ topics: [this.#topic] })).topics.get(this.#topic);
      if (!topic) throw new Error(`the topic ${this.#topic} does not exist`);
      const partitions = [...topic.partitions.keys()];
      const list = (at: bigint) => listOffsets(this.#admin, this.#topic, partitions, at);
      const [first, end] = await Promise.all([list(EARLIEST), list(LATEST)]);
      for (const partition of partitions) {
        const node = topic.partitions[partition]?.leader ?? -1;
        const ask = { topicId: topic.id, partition, node };
        yield* this.#between(ask, first.get(partition) ?? 0n, end.get(partition) ?? 0n);
      }
    } catch (error) {
      throw unavailable(this.#access, error);
    }
  }

  async *#between(
    { topicId, partition, node }: { topicId: string; partition: number; node: number },
    from: bigint,
    end: bigint,
  ): AsyncGenerator<KeptLetter> {
    for (let offset = from; offset < end; ) {
      const asked = { partition, fetchOffset: offset, currentLeaderEpoch: -1, lastFetchedEpoch: -1 };
      const topics = [{ topicId, partitions: [{ ...asked, partitionMaxBytes: PAGE_BYTES }] }];
      const wait = { maxWaitTime: WAIT_MS, minBytes: 1, maxBytes: PAGE_BYTES };
      const { responses } = await this.#consumer.fetch({ node, topics, ...wait });
      const [answer] = responses.flatMap((each) => each.partitions);
      const batches = answer ? readBatches(answer, offset, PAGE) : [];
      for (const { batch, next } of batches) {
        for (const { position, ...letter } of batch) yield this.#kept(`${partition}:${position}`, letter);
        offset = next;
      }
      if (batches.length === 0) return;
    }
  }

  #kept(id: string, letter: BusMessage): KeptLetter {
    const atMs = Date.parse(letter.headers.muster_put_aside_at ?? '');
    return { id, keptMs: Number.isFinite(atMs) ? atMs : 0, letter };
  }
}
