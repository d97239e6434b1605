import { RedisConnection } from '../bus/redis-streams/connection.ts';
import { otherPartitions, partitionsOn, settlePartitions } from '../bus/redis-streams/partitions.ts';
import type { Config } from '../config/schema.ts';
import type { Log } from '../ops/log.ts';
import { readTls } from '../ops/tls.ts';

type Bus = Config['bus'];
type StreamsConfig = Extract<Bus, { driver: 'redis-streams' }>;

/** A start waits so long for brokers, and goes on without. */
const LIMIT_MS = 3000;

/**
 * Refuses a bus whose partitions are not those of the configuration: agents would lie where no other region looks for
 * them. A bus that is away, or has no topic yet, keeps nobody from starting; nothing is published on one that differs.
 * @throws Error saying what to do
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
 * How many partitions the bus has; undefined: there is no topic yet, or nothing was ever published. Changes nothing.
 * @throws BusUnavailable; Error for a file that cannot be used
 */
export async function partitionsThere(bus: Bus, clientId: string): Promise<number | undefined> {
  return (await asker(bus, clientId, (redis) => partitionsOn(redis, bus.topic)))();
}

/** What is wrong with a bus of so many partitions, and what to do; undefined: they are those of the configuration. */
export async function differenceOf(bus: Bus, count: number): Promise<string | undefined> {
  const { topic, partitions } = bus;
  if (count === partitions) return undefined;
  if (bus.driver === 'redis-streams') return otherPartitions(topic, count, partitions);
  return (await import('../bus/kafka/kafka.ts')).otherCount(topic, count, partitions);
}

type Ask = () => Promise<number | undefined>;

/** The client of Kafka is loaded only where it is used. @throws Error for a file that cannot be used */
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
