import type { Drill } from './drill.ts';
import { homeDies } from './home-dies.ts';
import { masterFailover } from './master-failover.ts';
import { shardMigration } from './shard-migration.ts';

/** In the order in which they are told: from what happens to a region's links to what happens inside it. */
export const DRILLS: readonly Drill[] = [homeDies, shardMigration, masterFailover];
