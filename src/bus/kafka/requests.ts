import { ProduceAcks, Producer, stringSerializers } from '@platformatic/kafka';
import type { BusMessage } from '../bus.ts';
import { clientOptions, isAnswer, isOfMessage, type KafkaAccess } from './clients.ts';

/** Of all partitions together: well below what brokers take at once by default, 100 MiB. */
const REQUEST_BYTES = 8 * 1024 * 1024;
const RETRY_MS = 100;

/** Messages to be published together, and how large they are, about. */
export interface Batch {
  messages: BusMessage[];
  bytes: number;
}

/** A batch that waits to be published. */
interface Part extends Batch {
  topic: string;
  /** Undefined: by the keys. */
  partition: number | undefined;
  taken(): void;
  refused(error: unknown): void;
}

/**
 * Publishes as much as can be with one request. An idempotent producer has one under way at a time, so partitions that
 * waited for each other would each wait a round trip.
 */
export class KafkaRequests {
  readonly producer: Producer<string, string, string, string>;
  #waiting: Part[] = [];
  #isSending = false;

  constructor(access: KafkaAccess) {
    this.producer = new Producer({
      ...clientOptions(access),
      idempotent: true,
      // With fewer than two the library takes an idempotent producer for one that repeats for ever, bus or no bus.
      retries: 2,
      retryDelay: RETRY_MS,
      acks: ProduceAcks.ALL,
      serializers: stringSerializers,
    });
  }

  /**
   * Resolves once all are durably taken, in order.
   * @throws what the library throws; some may have been taken all the same
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
    // What is asked for in the same turn goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#sendTogether(this.#next());
    this.#isSending = false;
  }

  /** What has waited longest, at most once for each partition, and as much as one request carries. */
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
      // One that can never be taken must not cost the others; they may come twice for it.
      if (parts.length > 1 && isOfMessage(error)) for (const part of parts) await this.#sendTogether([part]);
      else for (const part of parts) part.refused(error);
    }
  }
}

export const isTooLarge = (error: unknown): boolean => isAnswer(error, 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE');

/** A batch of one. */
export function batchOf(message: BusMessage): Batch {
  const { key, headers, value } = message;
  const bytes = Buffer.byteLength(key) + Buffer.byteLength(value) + Buffer.byteLength(JSON.stringify(headers));
  return { messages: [message], bytes };
}
