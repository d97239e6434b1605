import type { LogEvent } from './log-event.ts';

/** The region's Redis Cluster, and leases. */
export const STORE_EVENTS = {
  shard_down: {
    level: 'warn',
    message: 'Shard is down',
    meaning:
      'A master does not answer: requests that need it get 503 until one does. `reason` is the last connection error, if there was one.',
    remedy: 'See [A shard is down](operations.md#a-shard-is-down).',
  },
  shard_up: {
    level: 'info',
    message: 'Shard is up again',
    meaning: 'The end of `shard_down`: the master answers.',
  },
  shard_refuses_writes: {
    level: 'warn',
    message: 'Shard refuses writes',
    meaning: 'Requests that write to it get 503. `reason` is the answer of Redis.',
    remedy: 'See [A shard refuses to write](operations.md#a-shard-refuses-to-write).',
  },
  shard_accepts_writes: {
    level: 'info',
    message: 'Shard accepts writes again',
    meaning: 'The end of `shard_refuses_writes`.',
  },
  shard_replaced: {
    level: 'info',
    message: 'Shard is no longer a master',
    meaning: 'The end of `shard_down` or `shard_refuses_writes`: another node has its slots.',
  },
  topology_read_failed: {
    level: 'warn',
    message: 'Cluster topology cannot be read',
    meaning: 'No node could say which nodes are masters. It is retried.',
    remedy: 'Check that the nodes in `redis.nodes` can be reached.',
  },
  redis_connection_error: {
    level: 'debug',
    message: 'Redis connection error',
    meaning: 'The client reconnects by itself. `shard_down` follows if the node stays unreachable.',
  },
  store_subscription_lost: {
    level: 'debug',
    message: 'Subscription to the cluster is lost',
    meaning:
      'It is opened again on another master. Until then signals between instances are missed, and periodic checks replace them.',
  },
  lease_renewal_failed: {
    level: 'warn',
    message: 'Leases cannot be renewed',
    meaning: 'The cluster or the bus that holds them does not answer. They expire, and other instances may take over.',
    remedy: 'See `shard_down`, `bus_read_failed`.',
  },
  lease_renewal_resumed: {
    level: 'info',
    message: 'Leases are renewed again',
    meaning: 'The end of `lease_renewal_failed`.',
  },
  leases_not_released: {
    level: 'warn',
    message: 'Leases were not released while stopping',
    meaning: 'Other instances take over when they expire, after 6 s at most.',
  },
  lease_drain_failed: {
    level: 'error',
    message: 'Work under a lease did not stop cleanly',
    meaning: 'A connection or reader failed while it was stopped. Lease number `lease` is handed over all the same.',
    remedy: 'Report it with `err`.',
  },
} as const satisfies Record<string, LogEvent>;
