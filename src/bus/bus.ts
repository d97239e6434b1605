/**
 * The contract of the bus between regions, implemented by Redis Streams (embedded) and Kafka. `test/bus/contract.ts` tests both.
 *
 * Delivery is in order and at least once. One instance of each region reads a partition at a time. A batch is committed
 * when its handler resolves. It is delivered again if the handler rejects, or if the instance stops before the commit.
 */
export interface BusMessage {
  /** Agent id, or the partition's number for a heartbeat. Messages of one key stay in order. */
  key: string;
  /** CloudEvents attributes in binary mode, e.g. `ce_type`. */
  headers: Record<string, string>;
  /** JSON text. */
  value: string;
  /** False if some bytes of a message that was read are not valid UTF-8; the texts above then contain replacement characters. */
  isUtf8?: boolean;
}

export interface Delivery extends BusMessage {
  /** The message's offset or stream id on the bus, for logs. */
  position: string;
}

/** Applies a batch of one partition, in order. A rejected batch is delivered again. */
export type BatchHandler = (partition: number, batch: Delivery[]) => Promise<void>;

export interface PartitionLag {
  partition: number;
  /** How many messages of the partition this region has not committed. */
  behind: number;
}

export interface Bus {
  readonly partitions: number;
  /**
   * Resolves once the bus has stored all messages durably, in order.
   * @throws BusUnavailable: retry later; any other error: the bus will never accept one of the messages, and may have stored some
   *   of the others
   */
  publish(partition: number, messages: BusMessage[]): Promise<void>;
  /** Starts reading: the instances of a region share the partitions. Call once. */
  consume(handler: BatchHandler): void;
  /** Stores a dead letter, see `dead-letter.ts`. @throws BusUnavailable; any other error: the bus will never accept it */
  deadLetter(letter: BusMessage): Promise<void>;
  /** The lag of this region on every partition. @throws BusUnavailable */
  lag(): Promise<PartitionLag[]>;
  /** Stops reading, waits until running batches are committed, hands over the partitions, and disconnects. */
  close(): Promise<void>;
}

/** The bus cannot be reached, or is full. Nothing was lost; retry later. */
export class BusUnavailable extends Error {
  override name = 'BusUnavailable';
}

/** The bus will never accept this message. Do not retry. */
export class MessageRefused extends Error {
  override name = 'MessageRefused';
}
