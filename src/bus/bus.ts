/**
 * What Muster asks of the bus between regions. Drivers: Redis Streams (embedded) and, later, Kafka; one contract
 * test holds for all of them.
 *
 * A partition is read in order, at least once, by one instance of each region at a time. A batch is committed when
 * its handler resolves, and delivered again when it rejects or the instance dies first.
 */
export interface BusMessage {
  /** Agent id, or the partition's number for a heartbeat: what keeps order. */
  key: string;
  /** CloudEvents attributes in binary mode, e.g. `ce_type`. */
  headers: Record<string, string>;
  /** JSON text. */
  value: string;
  /** False for a message read of which the bytes are no UTF-8: the texts above are only like them. */
  isUtf8?: boolean;
}

export interface Delivery extends BusMessage {
  /** The bus's own position of the message, for logs. */
  position: string;
}

/** Applies a batch of one partition, in order. Rejecting delivers it again. */
export type BatchHandler = (partition: number, batch: Delivery[]) => Promise<void>;

export interface PartitionLag {
  partition: number;
  /** Messages of the partition that this region has not committed. */
  behind: number;
}

export interface Bus {
  readonly partitions: number;
  /**
   * Resolves once the bus has durably taken all messages, in order.
   * @throws BusUnavailable; any other error: the bus takes one of the messages never, and has taken some of the others, perhaps
   */
  publish(partition: number, messages: BusMessage[]): Promise<void>;
  /** Starts this instance's share of the region's reading. Call once. */
  consume(handler: BatchHandler): void;
  /** Keeps a letter, see `dead-letter.ts`. @throws BusUnavailable; any other error: it can never be kept */
  deadLetter(letter: BusMessage): Promise<void>;
  /** How far this region is behind, for every partition. @throws BusUnavailable */
  lag(): Promise<PartitionLag[]>;
  /** Stops reading, lets running batches finish and commit, hands the partitions over, and disconnects. */
  close(): Promise<void>;
}

/** The bus cannot be reached or takes nothing more for now: try again later, nothing was lost. */
export class BusUnavailable extends Error {
  override name = 'BusUnavailable';
}

/** The bus takes no such message, now or ever: it is not to be offered again. */
export class MessageRefused extends Error {
  override name = 'MessageRefused';
}
