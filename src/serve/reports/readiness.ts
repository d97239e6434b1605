import type { ShardState } from '../../store/store.ts';
import type { Ground } from '../ground.ts';

/**
 * Why the region's store cannot serve requests: no shard answers, or every domain is on a shard that is down or refuses writes.
 * One shard that is down is no obstacle: it fails over, and the other domains work.
 */
export function obstaclesOf({ config, store }: Pick<Ground, 'config' | 'store'>): string[] {
  if (store.shards().every(({ up }) => !up)) return ['no shard of the Redis Cluster answers'];
  const shards = Object.keys(config.domains).map((domain) => store.shardOf(domain));
  if (shards.some((shard) => shard?.up && shard.refuses === undefined)) return [];
  const refusing = new Map(shards.flatMap((shard) => (shard?.up && shard.refuses ? [[shard.address, shard]] : [])));
  return [...refusing.values()].map(refusalAt);
}

/** Describes a shard that refuses writes. */
export const refusalAt = ({ address, refuses }: Pick<ShardState, 'address' | 'refuses'>): string =>
  `the shard ${address} refuses to write: ${refuses}`;
