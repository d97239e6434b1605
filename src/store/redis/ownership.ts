import { OWNER_KEY } from '../record/keys.ts';
import type { Cluster } from './cluster.ts';

/**
 * Makes sure that no two regions name the same cluster: the first region to come writes its name there.
 * @throws Error saying whose cluster it is
 */
export async function claimOwnership(cluster: Cluster, region: string): Promise<void> {
  await cluster.command(OWNER_KEY, ['SET', OWNER_KEY, region, 'NX']);
  const owner = await cluster.command(OWNER_KEY, ['GET', OWNER_KEY]);
  if (owner !== region) {
    throw new Error(
      `the Redis Cluster at redis.nodes belongs to region "${owner}", not "${region}": regions never share a cluster ` +
        `(if that region is gone for good, delete the key ${OWNER_KEY})`,
    );
  }
}
