import type { Config } from '../config/schema.ts';
import type { Clock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';
import { readTls } from '../ops/tls.ts';
import { Cluster } from '../store/redis/cluster.ts';
import type { ClusterSettings } from '../store/redis/connection.ts';
import { claimOwnership } from '../store/redis/ownership.ts';
import { WriteBatcher } from '../store/redis/write-batcher.ts';

/** The region's Redis Cluster, with the connections an instance needs to it. */
export interface Store {
  cluster: Cluster;
  /** Claims and their settlements. */
  claims: WriteBatcher;
  /** What is accepted and applied: appends to the outbox, and changes of agents. */
  changes: WriteBatcher;
  close(): Promise<void>;
}

/** A caller waits for a claim, so a slow replica is only waited for briefly and the answer says so. */
const CLAIM_REPLICA_WAIT_MS = 20;
/** What is accepted must not be lost, and nobody on the line waits for it. */
const CHANGE_REPLICA_WAIT_MS = 500;

/** How to reach the configured cluster. @throws Error for a file that cannot be used */
function clusterSettings({ redis: { tls, ...rest } }: Pick<Config, 'redis'>): ClusterSettings {
  return { ...rest, ...(tls && { tls: readTls('redis.tls', tls) }) };
}

/**
 * Claims and changes wait for replicas, and a `WAIT` blocks its connection: each has its own.
 * @throws Error saying what is wrong with the cluster the config names
 */
export async function openStore(config: Config, clock: Clock, log: Log): Promise<Store> {
  const cluster = await Cluster.connect(clusterSettings(config), clock, log);
  const opened = [cluster];
  const lane = async (replicaWaitMs: number): Promise<WriteBatcher> => {
    const connections = await cluster.alongside();
    opened.push(connections);
    return new WriteBatcher(connections, replicaWaitMs, config.redis.replicas);
  };
  const close = async (): Promise<void> => {
    await Promise.all(opened.map((each) => each.close()));
  };
  try {
    await claimOwnership(cluster, config.region);
    return { cluster, claims: await lane(CLAIM_REPLICA_WAIT_MS), changes: await lane(CHANGE_REPLICA_WAIT_MS), close };
  } catch (error) {
    await close();
    throw error;
  }
}
