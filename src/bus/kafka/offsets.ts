import { Admin } from '@platformatic/kafka';
import { clientOptions, type KafkaAccess } from './clients.ts';

export const EARLIEST = -2n;
export const LATEST = -1n;
/** The committed offset of a partition that the group never committed. */
const NONE = -1n;

/** First and end offset of a partition, and the group's committed offset, if any. */
interface Extent {
  first: bigint;
  end: bigint;
  committed: bigint | undefined;
}

/** Reads the offsets of a topic's partitions. */
export class KafkaOffsets {
  readonly #admin: Admin;
  readonly #topic: string;
  readonly #group: string;

  constructor(access: KafkaAccess, topic: string, group: string) {
    this.#admin = new Admin(clientOptions(access));
    this.#topic = topic;
    this.#group = group;
  }

  /** @throws Error if the bus is unavailable */
  async read(partitions: number[]): Promise<Map<number, Extent>> {
    try {
      // Committed offsets first: a commit in between then makes the lag too large, and never negative.
      const committed = await this.#committed(partitions);
      const list = (timestamp: bigint) => listOffsets(this.#admin, this.#topic, partitions, timestamp);
      const [first, end] = await Promise.all([list(EARLIEST), list(LATEST)]);
      return new Map(
        partitions.map((partition) => {
          const at = committed.get(partition);
          const extent = { first: first.get(partition) ?? 0n, end: end.get(partition) ?? 0n };
          return [partition, { ...extent, committed: at === NONE ? undefined : at }];
        }),
      );
    } catch (error) {
      this.#admin.clearMetadata();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#admin.close();
  }

  async #committed(partitionIndexes: number[]): Promise<Map<number, bigint>> {
    const topics = [{ name: this.#topic, partitionIndexes }];
    const groups = await this.#admin.listConsumerGroupOffsets({ groups: [{ groupId: this.#group, topics }] });
    const partitions = groups.flatMap((group) => group.topics).flatMap((topic) => topic.partitions);
    return new Map(partitions.map((each) => [each.partitionIndex, each.committedOffset]));
  }
}

/** Lists one offset per partition: `EARLIEST` is the oldest stored message, `LATEST` the offset of the next one. */
export async function listOffsets(
  admin: Admin,
  topic: string,
  partitions: number[],
  timestamp: bigint,
): Promise<Map<number, bigint>> {
  const asked = partitions.map((partitionIndex) => ({ partitionIndex, timestamp }));
  const listed = await admin.listOffsets({ topics: [{ name: topic, partitions: asked }] });
  return new Map(listed.flatMap((each) => each.partitions).map((each) => [each.partitionIndex, each.offset]));
}

/** Offset at which a region continues: the committed one if it still exists, otherwise the oldest message. */
export function positionOf({ first, end, committed }: Extent): bigint {
  return committed !== undefined && committed >= first && committed <= end ? committed : first;
}

/** Lag: messages of a partition that the region has not committed. */
export function behind(extent: Extent): number {
  return Number(extent.end - positionOf(extent));
}
