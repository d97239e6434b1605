import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { TlsTexts } from '../../ops/tls.ts';
import type { Leases } from '../../store/leases.ts';
import { createLeases } from '../../store/redis/leases.ts';
import { load } from '../../store/redis/scripts.ts';
import { type BatchHandler, type Bus, type BusMessage, BusUnavailable, type PartitionLag } from '../bus.ts';
import { writeFields } from '../envelope.ts';
import { RedisConnection } from './connection.ts';
import { otherPartitions, partitionKeys, settlePartitions } from './partitions.ts';
import { PartitionReader, START } from './reader.ts';

export interface RedisStreamsBusOptions {
  /** One plain Redis: `redis://` or `rediss://`. */
  url: string;
  /** PEM texts, for `rediss://`; undefined: the system's trusted authorities. */
  tls?: TlsTexts;
  topic: string;
  partitions: number;
  region: string;
  /** All regions of the configuration. Messages are trimmed only after all of them have read them, even one that never ran. */
  regions: string[];
  /** The instance's name, unique in its region. */
  instance: string;
  clock: Clock;
  log: Log;
  /** Unread messages of a partition at which publishing fails with BusUnavailable. */
  maxLength?: number;
  /** Lease time in ms: after it, another instance reads the partitions of one that crashed. */
  leaseTtlMs?: number;
}

const MAX_LENGTH = 1_000_000;
const LEASE_TTL_MS = 6_000;
const MAX_DEAD_LETTERS = '100000';
/** Messages for each script call. Scripts block Redis; this many appends take about 1 ms. */
const PUBLISH_CHUNK = 500;

const folder = new URL('./scripts/', import.meta.url);
const publishScript = load('publish', folder);
const advanceScript = load('advance', folder);

/**
 * The embedded bus: a stream per partition on one plain Redis.
 *
 * | key | type | holds |
 * |---|---|---|
 * | `<topic>:partitions` | string | the number of partitions, fixed by the first instance |
 * | `<topic>:<n>` | stream | messages of partition n that at least one region has not read |
 * | `<topic>:<n>:progress` | hash | the last id published, and the last id that each region committed |
 * | `<topic>:lease:<region>:<n>` | string | the instance that reads partition n for the region |
 * | `<topic>.dlq` | stream | dead letters |
 *
 * Regions store positions, as in Kafka, and are not consumer groups. `XREADGROUP` assigns messages to the reader: one that was
 * sent before a lease ended, and carried out later, would take messages from the next holder. `XREAD` assigns nothing, and
 * advance.lua moves a position only from the expected one.
 *
 * A decommissioned region blocks trimming until it is removed: `HDEL <topic>:<n>:progress read:<region>`.
 */
export function createRedisStreamsBus(options: RedisStreamsBusOptions): Bus {
  return new RedisStreamsBus(options);
}

class RedisStreamsBus implements Bus {
  readonly partitions: number;
  readonly #options: RedisStreamsBusOptions;
  readonly #redis: RedisConnection;
  #reader: PartitionReader | undefined;
  #leases: Leases | undefined;
  #isSettled = false;

  constructor(options: RedisStreamsBusOptions) {
    this.#options = options;
    this.partitions = options.partitions;
    this.#redis = new RedisConnection(options.url, options.tls);
  }

  async publish(partition: number, messages: BusMessage[]): Promise<void> {
    const { maxLength = MAX_LENGTH } = this.#options;
    await this.#checkPartitions();
    for (let first = 0; first < messages.length; first += PUBLISH_CHUNK) {
      const chunk = messages.slice(first, first + PUBLISH_CHUNK);
      const args = chunk.flatMap(({ key, headers, value }) => [key, JSON.stringify(headers), value]);
      const taken = await this.#redis.run(publishScript, this.#keys(partition), [`${maxLength}`, ...args]);
      if (taken !== 1) throw await this.#full(partition);
    }
  }

  consume(handler: BatchHandler): void {
    const { url, tls, topic, region, instance, clock, log, leaseTtlMs = LEASE_TTL_MS } = this.#options;
    const leases = createLeases({
      run: (script, keys, args) => this.#redis.run(script, keys, args),
      prefix: `${topic}:lease:${region}`,
      count: this.partitions,
      instance,
      ttlMs: leaseTtlMs,
      clock,
      log,
      drain: async (partition) => this.#reader?.drain(partition),
    });
    this.#leases = leases;
    this.#reader = new PartitionReader({
      connection: new RedisConnection(url, tls),
      streamKey: (partition) => this.#keys(partition)[0],
      held: () => leases.held(),
      position: async (partition) => (await this.#progress(partition)).get(readBy(region)) ?? START,
      advance: (partition, from, to) => this.#advance(partition, from, to),
      handler,
      log,
    });
    leases.start();
  }

  async deadLetter(letter: BusMessage): Promise<void> {
    const limit = ['MAXLEN', '~', MAX_DEAD_LETTERS];
    await this.#redis.call(['XADD', `${this.#options.topic}.dlq`, ...limit, '*', ...writeFields(letter)]);
  }

  async lag(): Promise<PartitionLag[]> {
    const partitions = Array.from({ length: this.partitions }, (_, partition) => partition);
    return Promise.all(
      partitions.map(async (partition) => {
        const progress = await this.#progress(partition);
        return { partition, behind: await this.#behind(partition, progress, this.#options.region) };
      }),
    );
  }

  async close(): Promise<void> {
    await this.#leases?.stop();
    await this.#reader?.close();
    this.#redis.close();
  }

  /**
   * Another number of partitions would map agents to other partitions than in the other regions. Checked before each publish
   * until it succeeds, because an instance may start while the bus is unavailable.
   */
  async #checkPartitions(): Promise<void> {
    if (this.#isSettled) return;
    const { topic, partitions } = this.#options;
    const count = await settlePartitions(this.#redis, topic, partitions);
    if (count !== partitions) throw new BusUnavailable(otherPartitions(topic, count, partitions));
    this.#isSettled = true;
  }

  async #advance(partition: number, from: string, to: string): Promise<string> {
    const { region, regions } = this.#options;
    return String(await this.#redis.run(advanceScript, this.#keys(partition), [region, from, to, ...regions]));
  }

  async #progress(partition: number): Promise<Map<string, string>> {
    const reply = (await this.#redis.call(['HGETALL', this.#keys(partition)[1]])) as string[];
    const progress = new Map<string, string>();
    for (let i = 0; i < reply.length; i += 2) progress.set(reply[i] ?? '', reply[i + 1] ?? '');
    return progress;
  }

  async #behind(partition: number, progress: Map<string, string>, region: string): Promise<number> {
    const read = progress.get(readBy(region));
    if (read === undefined) return Number(await this.#redis.call(['XLEN', this.#keys(partition)[0]]));
    return Math.max(0, published(progress.get('published') ?? START) - published(read));
  }

  async #full(partition: number): Promise<BusUnavailable> {
    const progress = await this.#progress(partition);
    const { regions } = this.#options;
    const behind = await Promise.all(regions.map((region) => this.#behind(partition, progress, region)));
    const most = Math.max(...behind);
    const slowest = regions[behind.indexOf(most)];
    return new BusUnavailable(`bus full: region ${slowest} is ${most} messages behind on partition ${partition}`);
  }

  #keys(partition: number): [stream: string, progress: string] {
    return partitionKeys(this.#options.topic, partition);
  }
}

const readBy = (region: string): string => `read:${region}`;

/** The second part of an id counts all messages ever published to the partition. */
const published = (position: string): number => Number(position.split('-')[1]);
