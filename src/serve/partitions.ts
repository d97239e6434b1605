import { RedisConnection } from '../bus/redis-streams/connection.ts';
import { otherPartitions, partitionsOn, settlePartitions } from '../bus/redis-streams/partitions.ts';
import type { Config } from '../config/schema.ts';
import type { Log } from '../ops/log.ts';
import { readTls } from '../ops/tls.ts';

type Bus = Config['bus'];
type StreamsConfig = Extract<Bus, { driver: 'redis-streams' }>;

/** How long a start waits for Kafka's brokers before it continues without the check. */
const LIMIT_MS = 3000;

/**
 * Compares the bus's number of partitions with the configuration. With another number, this region would publish an agent's events
 * to other partitions than the other regions. A bus that is unavailable, or has no topic yet, does not prevent a start.
 * @throws Error if the numbers differ, with what to do
 */
export async function checkPartitions(bus: Bus, instance: string, log: Log): Promise<void> {
  const ask = await asker(bus, instance, (redis) => settlePartitions(redis, bus.topic, bus.partitions));
  let count: number | undefined;
  try {
    count = await ask();
    if (count === undefined) throw new Error(`there is no topic ${bus.topic}`);
  } catch (error) {
    log.warn('topic_check_failed', { err: error, topic: bus.topic });
    return;
  }
  const difference = await differenceOf(bus, count);
  if (difference !== undefined) throw new Error(difference);
}

/**
 * The number of partitions of the bus; undefined if there is no topic yet, or nothing was ever published. Changes nothing.
 * @throws BusUnavailable; Error if a TLS file cannot be used
 */
export async function partitionsThere(bus: Bus, clientId: string): Promise<number | undefined> {
  return (await asker(bus, clientId, (redis) => partitionsOn(redis, bus.topic)))();
}

/** Error text for a bus with `count` partitions, with what to do; undefined if that is the configured number. */
export async function differenceOf(bus: Bus, count: number): Promise<string | undefined> {
  const { topic, partitions } = bus;
  if (count === partitions) return undefined;
  if (bus.driver === 'redis-streams') return otherPartitions(topic, count, partitions);
  return (await import('../bus/kafka/kafka.ts')).otherCount(topic, count, partitions);
}

type Ask = () => Promise<number | undefined>;

/** The Kafka client is imported only if it is used. @throws Error if a TLS file cannot be used */
async function asker(bus: Bus, clientId: string, ofRedis: (redis: RedisConnection) => ReturnType<Ask>): Promise<Ask> {
  if (bus.driver === 'redis-streams') return streamsAsker(bus, ofRedis);
  const { kafkaAccess } = await import('./kafka.ts');
  const { partitionCount } = await import('../bus/kafka/partition-count.ts');
  const access = kafkaAccess(bus, clientId);
  return () => partitionCount(access, bus.topic, LIMIT_MS);
}

function streamsAsker({ url, tls }: StreamsConfig, ask: (redis: RedisConnection) => ReturnType<Ask>): Ask {
  const texts = tls && readTls('bus.tls', tls);
  return async () => {
    const redis = new RedisConnection(url, texts);
    try {
      return await ask(redis);
    } finally {
      redis.close();
    }
  };
}
