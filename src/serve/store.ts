import type { Config } from '../config/schema.ts';
import type { Clock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';
import { readTls } from '../ops/tls.ts';
import { openRedisStore } from '../store/redis/redis-store.ts';
import type { Store } from '../store/store.ts';

/**
 * Opens the store that the config names: a Redis Cluster.
 * @throws Error saying what is wrong with the cluster the config names, or a file that cannot be used
 */
export function openStore(config: Config, clock: Clock, log: Log): Promise<Store> {
  const { tls, ...rest } = config.redis;
  const settings = { ...rest, ...(tls && { tls: readTls('redis.tls', tls) }) };
  return openRedisStore({ settings, config, clock, log });
}
