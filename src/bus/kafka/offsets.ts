import { Admin } from '@platformatic/kafka';
import { clientOptions, type KafkaAccess } from './clients.ts';

export const EARLIEST = -2n;
export const LATEST = -1n;
/** What a group is told of a partition it has never committed. */
const NONE = -1n;

/** Where a partition begins and ends, and up to where a group has committed it, if it has. */
interface Extent {
  first: bigint;
  end: bigint;
  committed: bigint | undefined;
}

/** Asks where partitions of a topic stand. */
export class KafkaOffsets {
  readonly #admin: Admin;
  readonly #topic: string;
  readonly #group: string;

  constructor(access: KafkaAccess, topic: string, group: string) {
    this.#admin = new Admin(clientOptions(access));
    this.#topic = topic;
    this.#group = group;
  }

  /** @throws Error where the bus is away */
  async read(partitions: number[]): Promise<Map<number, Extent>> {
    try {
      // Committed first: with a commit in between, a region is rather further behind than it is than ahead of the end.
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

/** An offset of each of these partitions: the `EARLIEST` that is stored, or the `LATEST`, which the next message will have. */
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

/** Where a region reads on: what it has committed, if that is still there, else from the oldest message. */
export function positionOf({ first, end, committed }: Extent): bigint {
  return committed !== undefined && committed >= first && committed <= end ? committed : first;
}

/** Messages of a partition that the region has not committed. */
export function behind(extent: Extent): number {
  return Number(extent.end - positionOf(extent));
}
