import { busFlap } from './bus-flap.ts';
import { busPartition } from './bus-partition.ts';
import { clockSkew } from './clock-skew.ts';
import { consumerDown } from './consumer-down.ts';
import { forgedIds } from './forged-ids.ts';
import { homeDies } from './home-dies.ts';
import { hostPaused } from './host-paused.ts';
import { lateReplica } from './late-replica.ts';
import { masterFailover } from './master-failover.ts';
import { mixedConfig } from './mixed-config.ts';
import { poison } from './poison.ts';
import { refuse } from './refuse.ts';
import { rollingUpgrade } from './rolling-upgrade.ts';
import { shardMigration } from './shard-migration.ts';
import type { Drill } from './stage/drill.ts';
import { totalIsolation } from './total-isolation.ts';
import { twoStores } from './two-stores.ts';
import { webhookStorm } from './webhook-storm.ts';
import { zombieAgent } from './zombie-agent.ts';

/** In order: from faults of the links between regions to faults inside one region. */
export const DRILLS: readonly Drill[] = [
  busPartition,
  totalIsolation,
  busFlap,
  homeDies,
  consumerDown,
  zombieAgent,
  webhookStorm,
  clockSkew,
  hostPaused,
  shardMigration,
  masterFailover,
  lateReplica,
  refuse,
  forgedIds,
  mixedConfig,
  rollingUpgrade,
  twoStores,
  poison,
];
