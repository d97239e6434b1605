import type { Config } from '../config/schema.ts';
import type { Clock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';
import { readTls } from '../ops/tls.ts';
import type { ClusterSettings } from '../store/redis/connection.ts';
import { openRedisStore, type RedisStore } from '../store/redis/redis-store.ts';

/**
 * Opens the configured store, a Redis Cluster.
 * @throws Error if the cluster does not fit the configuration, or a TLS file cannot be used
 */
export function openStore(config: Config, clock: Clock, log: Log): Promise<RedisStore> {
  return openRedisStore({ settings: clusterSettings(config), config, clock, log });
}

/** Addresses and credentials of the configured cluster. @throws Error if a TLS file cannot be used */
export function clusterSettings({ redis: { tls, ...rest } }: Pick<Config, 'redis'>): ClusterSettings {
  if (!tls) return rest;
  const { serverName: servername } = tls;
  return { ...rest, tls: { ...readTls('redis.tls', tls), ...(servername && { servername }) } };
}
