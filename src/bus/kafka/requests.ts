import { ProduceAcks, Producer, stringSerializers } from '@platformatic/kafka';
import type { BusMessage } from '../bus.ts';
import { clientOptions, isAnswer, isOfMessage, type KafkaAccess } from './clients.ts';

/** Limit of one produce request, over all partitions. Brokers accept 100 MiB by default. */
const REQUEST_BYTES = 8 * 1024 * 1024;
const RETRY_MS = 100;

/** Messages to publish together, and their approximate size in bytes. */
export interface Batch {
  messages: BusMessage[];
  bytes: number;
}

/** A batch that waits to be published. */
interface Part extends Batch {
  topic: string;
  /** Undefined: the key decides. */
  partition: number | undefined;
  taken(): void;
  refused(error: unknown): void;
}

/**
 * Combines the waiting batches of several partitions into one produce request. An idempotent producer has one request in
 * flight at a time: with one request per partition, each would wait a round trip for every other.
 */
export class KafkaRequests {
  readonly producer: Producer<string, string, string, string>;
  #waiting: Part[] = [];
  #isSending = false;

  constructor(access: KafkaAccess) {
    this.producer = new Producer({
      ...clientOptions(access),
      idempotent: true,
      // Below 2, the library lets an idempotent producer retry without limit while the bus is unavailable.
      retries: 2,
      retryDelay: RETRY_MS,
      acks: ProduceAcks.ALL,
      serializers: stringSerializers,
    });
  }

  /**
   * Resolves once the bus has stored all messages durably, in order.
   * @throws the library's error; the bus may have stored some of the messages
   */
  send(topic: string, partition: number | undefined, batch: Batch): Promise<void> {
    return new Promise((taken, refused) => {
      this.#waiting.push({ ...batch, topic, partition, taken, refused });
      void this.#sendAll();
    });
  }

  async #sendAll(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    // Batches that were queued in the same tick share a request.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#sendTogether(this.#next());
    this.#isSending = false;
  }

  /** The next request: the oldest batches, at most one for each partition, up to the size limit. */
  #next(): Part[] {
    const places = new Set<string>();
    const next: Part[] = [];
    let bytes = 0;
    for (const part of this.#waiting) {
      const place = `${part.topic}:${part.partition}`;
      if (places.has(place)) continue;
      bytes += part.bytes;
      if (next.length > 0 && bytes > REQUEST_BYTES) break;
      places.add(place);
      next.push(part);
    }
    this.#waiting = this.#waiting.filter((part) => !next.includes(part));
    return next;
  }

  async #sendTogether(parts: Part[]): Promise<void> {
    try {
      await this.producer.send({
        messages: parts.flatMap(({ topic, partition, messages }) =>
          messages.map((message) => ({ ...message, topic, ...(partition !== undefined && { partition }) })),
        ),
      });
      for (const part of parts) part.taken();
    } catch (error) {
      // A refused message must not fail the other batches: send each alone. Messages may then be published twice.
      if (parts.length > 1 && isOfMessage(error)) for (const part of parts) await this.#sendTogether([part]);
      else for (const part of parts) part.refused(error);
    }
  }
}

/** Whether the broker refused a message or a batch as too large. */
export const isTooLarge = (error: unknown): boolean => isAnswer(error, 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE');

/** A batch of one message. */
export function batchOf(message: BusMessage): Batch {
  const { key, headers, value } = message;
  const bytes = Buffer.byteLength(key) + Buffer.byteLength(value) + Buffer.byteLength(JSON.stringify(headers));
  return { messages: [message], bytes };
}
