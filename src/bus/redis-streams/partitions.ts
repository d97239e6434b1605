import { load } from '../../store/redis/scripts.ts';
import type { RedisConnection } from './connection.ts';

/** The configuration's limit of `bus.partitions`. */
const MOST_PARTITIONS = 256;

const partitionsScript = load('partitions', new URL('./scripts/', import.meta.url));

/** The keys of a partition: its stream, and the hash of published and committed positions. */
export function partitionKeys(topic: string, partition: number): [stream: string, progress: string] {
  const stream = `${topic}:${partition}`;
  return [stream, `${stream}:progress`];
}

/**
 * The number of partitions of the topic on this bus; undefined if nothing was ever published.
 * @throws BusUnavailable
 */
export async function partitionsOn(redis: RedisConnection, topic: string): Promise<number | undefined> {
  return (await askPartitions(redis, topic, 0)) || undefined;
}

/**
 * Fixes the number of partitions on the first call of any region; later calls get the fixed number. Regions with different
 * numbers would publish an agent's events to different partitions.
 * @throws BusUnavailable
 */
export function settlePartitions(redis: RedisConnection, topic: string, wanted: number): Promise<number> {
  return askPartitions(redis, topic, wanted);
}

async function askPartitions(redis: RedisConnection, topic: string, wanted: number): Promise<number> {
  const progress = Array.from({ length: MOST_PARTITIONS }, (_, partition) => partitionKeys(topic, partition)[1]);
  return Number(await redis.run(partitionsScript, [`${topic}:partitions`, ...progress], [`${wanted}`]));
}

/** Error text for a bus whose number of partitions differs from the configuration, with what to do. */
export const otherPartitions = (topic: string, found: number, wanted: number): string =>
  `the bus has ${found} partitions of ${topic}, and bus.partitions is ${wanted}: set it to ${found}, or name a new topic, in all regions`;
