import type { LocalRedisNode } from '../../world/redis/cluster.ts';
import type { LocalRegion } from '../../world/region/region.ts';
import type { World } from '../../world/world.ts';
import * as ask from './ask.ts';
import type { Say } from './report.ts';
import type { Stage } from './stage.ts';
import { duration } from './words.ts';

/** A promotion takes a node timeout, and some seconds of voting. */
export const PROMOTION_LIMIT_MS = 30_000;

/** Waits until another node is the master that holds the key. */
export async function replaced(
  stage: Stage,
  say: Say,
  { cluster }: LocalRegion,
  key: string,
  master: LocalRedisNode,
): Promise<void> {
  const { seen, afterMs } = await stage.until(
    `another node owns the slot of ${key}`,
    () => cluster.masterOf(key),
    ({ id }) => id !== master.id,
    PROMOTION_LIMIT_MS,
  );
  say('master now', `${seen.name}, after ${duration(afterMs)}`);
}

/** Waits until the region reports every shard as up and with a replica. */
export async function hasReplicas(stage: Stage, say: Say, world: World, region: LocalRegion): Promise<void> {
  const { seen, afterMs } = await stage.until(
    'every shard is up and has a replica',
    () => ask.report(world, region),
    ({ shards }) => shards.every(({ up, replicas }) => up && replicas > 0),
    PROMOTION_LIMIT_MS,
  );
  say(
    'masters',
    seen.shards.map(({ address, replicas }) => `${address} with ${replicas} replica`),
  );
  say('after', duration(afterMs));
}
