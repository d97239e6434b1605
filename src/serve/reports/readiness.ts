import type { ShardState } from '../../store/store.ts';
import type { Ground } from '../ground.ts';

/**
 * What keeps the region's store from taking work: no shard answers, or there is no domain in which anybody could be
 * claimed. A single shard that is away does not: it fails over, and the other domains go on.
 */
export function obstaclesOf({ config, store }: Pick<Ground, 'config' | 'store'>): string[] {
  if (store.shards().every(({ up }) => !up)) return ['no shard of the Redis Cluster answers'];
  const shards = Object.keys(config.domains).map((domain) => store.shardOf(domain));
  if (shards.some((shard) => shard?.up && shard.refuses === undefined)) return [];
  const refusing = new Map(shards.flatMap((shard) => (shard?.up && shard.refuses ? [[shard.address, shard]] : [])));
  return [...refusing.values()].map(refusalAt);
}

/** In words. */
export const refusalAt = ({ address, refuses }: Pick<ShardState, 'address' | 'refuses'>): string =>
  `the shard ${address} refuses to write: ${refuses}`;
