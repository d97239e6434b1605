import { isUtf8 } from 'node:buffer';
import type { Consumer, KafkaRecord } from '@platformatic/kafka';
import type { BusMessage, Delivery } from '../bus.ts';

/** Response to a fetch. The library does not export this type. */
export type FetchResponse = Awaited<ReturnType<Consumer['fetch']>>;
export type FetchResponsePartition = FetchResponse['responses'][number]['partitions'][number];

/** Attribute bit of a control batch, which holds no messages. */
const CONTROL = 0b100000;

/**
 * The messages of a fetched partition from an offset on, at most `size` in a batch, each batch with the offset after it.
 * Brokers send whole record batches, which may begin before the offset. Deleted messages leave gaps.
 */
export function readBatches(
  { records }: FetchResponsePartition,
  from: bigint,
  size: number,
): { batch: Delivery[]; next: bigint }[] {
  const taken: { batch: Delivery[]; next: bigint }[] = [];
  let batch: Delivery[] = [];
  let next = from;
  for (const stored of records ?? []) {
    const messages = (stored.attributes & CONTROL) === 0 ? stored.records : [];
    for (const record of messages) {
      const offset = stored.firstOffset + BigInt(record.offsetDelta);
      if (offset < from) continue;
      batch.push({ ...readRecord(record), position: String(offset) });
      next = offset + 1n;
      if (batch.length < size) continue;
      taken.push({ batch, next });
      batch = [];
    }
    const behind = stored.firstOffset + BigInt(stored.lastOffsetDelta) + 1n;
    if (behind > next) next = behind;
  }
  if (next > (taken.at(-1)?.next ?? from)) taken.push({ batch, next });
  return taken;
}

/** Reads a record of any producer. Bytes that are not UTF-8 become replacement characters, and `isUtf8` is false. */
function readRecord({ key, value, headers }: KafkaRecord): BusMessage {
  const texts = headers.map(([name, text]) => [name?.toString() ?? '', text?.toString() ?? '']);
  const message = { key: key?.toString() ?? '', headers: Object.fromEntries(texts), value: value?.toString() ?? '' };
  const isText = [key, value, ...headers.flat()].every((bytes) => !bytes || isUtf8(bytes));
  return isText ? message : { ...message, isUtf8: false };
}
