import type { Config } from '../config/schema.ts';
import type { Clock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';
import { readTls } from '../ops/tls.ts';
import type { ClusterSettings } from '../store/redis/connection.ts';
import { openRedisStore } from '../store/redis/redis-store.ts';
import type { Store } from '../store/store.ts';

/**
 * Opens the store that the config names: a Redis Cluster.
 * @throws Error saying what is wrong with the cluster the config names, or a file that cannot be used
 */
export function openStore(config: Config, clock: Clock, log: Log): Promise<Store> {
  return openRedisStore({ settings: clusterSettings(config), config, clock, log });
}

/** How to reach the configured cluster. @throws Error for a file that cannot be used */
export function clusterSettings({ redis: { tls, ...rest } }: Pick<Config, 'redis'>): ClusterSettings {
  if (!tls) return rest;
  const { serverName: servername } = tls;
  return { ...rest, tls: { ...readTls('redis.tls', tls), ...(servername && { servername }) } };
}
