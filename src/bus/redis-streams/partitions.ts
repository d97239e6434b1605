import { load } from '../../store/redis/scripts.ts';
import type { RedisConnection } from './connection.ts';

/** As many as a configuration can name. */
const MOST_PARTITIONS = 256;

const partitionsScript = load('partitions', new URL('./scripts/', import.meta.url));

/** The stream of a partition, and what regions have published and read of it. */
export function partitionKeys(topic: string, partition: number): [stream: string, progress: string] {
  const stream = `${topic}:${partition}`;
  return [stream, `${stream}:progress`];
}

/**
 * How many partitions the topic has on this bus; undefined where nothing was ever published.
 * @throws BusUnavailable
 */
export async function partitionsOn(redis: RedisConnection, topic: string): Promise<number | undefined> {
  return (await askPartitions(redis, topic, 0)) || undefined;
}

/**
 * The same, and the first to ask settles it: regions that deal agents over other partitions would not find each other's.
 * @throws BusUnavailable
 */
export function settlePartitions(redis: RedisConnection, topic: string, wanted: number): Promise<number> {
  return askPartitions(redis, topic, wanted);
}

async function askPartitions(redis: RedisConnection, topic: string, wanted: number): Promise<number> {
  const progress = Array.from({ length: MOST_PARTITIONS }, (_, partition) => partitionKeys(topic, partition)[1]);
  return Number(await redis.run(partitionsScript, [`${topic}:partitions`, ...progress], [`${wanted}`]));
}

/** What is wrong with a bus of another number of partitions, and what to do. */
export const otherPartitions = (topic: string, found: number, wanted: number): string =>
  `the bus has ${found} partitions of ${topic}, and bus.partitions is ${wanted}: set it to ${found}, or name a new topic, in all regions`;
