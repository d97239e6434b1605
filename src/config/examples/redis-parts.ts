import type { Part } from './part.ts';

/** The region's Redis Cluster, as each service or a cluster of one's own is reached. */
export const REDIS_PARTS = {
  'self-run': {
    title: 'Redis or Valkey of your own',
    yaml: `redis:
  # A few nodes of the cluster; the others are found from them. At least 3 masters on machines of their own.
  nodes: [redis-1.example.com:6379, redis-2.example.com:6379, redis-3.example.com:6379]
  tls:
    # Of the authority that signed the nodes' certificates.
    caFile: \${REDIS_CA_FILE}
  # With the rights that \`muster acl print\` lists, and no more.
  username: muster
  password: \${REDIS_PASSWORD}
  # Each master has this many. Without one, a lost master loses what it held.
  replicas: 1
  # In redis.conf of each node:
  #   appendonly yes                    accepted events must outlive a restart
  #   maxmemory-policy noeviction       an evicted hash is a whole domain
  #   cluster-node-timeout 5000         how soon a lost master is replaced
  #   cluster-require-full-coverage no  one lost shard must not stop the others
  #   tls-cluster yes                   else nodes announce their ports without TLS
`,
  },
  elasticache: {
    title: 'Amazon ElastiCache (Valkey or Redis OSS, cluster mode enabled)',
    yaml: `redis:
  # The configuration endpoint; the nodes are found from it. A node-based cluster with cluster mode enabled, Multi-AZ and
  # automatic failover.
  nodes: [clustercfg.muster.abc123.euw1.cache.amazonaws.com:6379]
  # Encryption in transit. Amazon's authority is one that Node knows.
  tls: {}
  # A user of a user group (RBAC), with the rights that \`muster acl print\` lists.
  username: muster
  password: \${REDIS_PASSWORD}
  # Replicas of each shard, in other zones than its primary: the nodes keep nothing on disk.
  replicas: 1
  # In the parameter group: maxmemory-policy noeviction (an evicted hash is a whole domain).
`,
  },
  memorydb: {
    title: 'Amazon MemoryDB',
    yaml: `redis:
  # The cluster endpoint; the nodes are found from it.
  nodes: [clustercfg.muster.abc123.memorydb.eu-west-1.amazonaws.com:6379]
  # Amazon's authority is one that Node knows.
  tls: {}
  # A user of the cluster's access control list, with the rights that \`muster acl print\` lists.
  username: muster
  password: \${REDIS_PASSWORD}
  # Replicas of each shard. MemoryDB itself keeps each write in a log in several zones; Muster asks the replicas, too (WAIT):
  # look for \`replicated: true\` in the answer to a first claim before you rely on it.
  replicas: 1
  # In the parameter group: maxmemory-policy noeviction (an evicted hash is a whole domain).
`,
  },
  'azure-managed-redis': {
    title: 'Azure Managed Redis (clustering policy OSS)',
    yaml: `redis:
  # Clustering policy OSS: with the Enterprise policy there is no cluster that a client could see. Port 10000 leads to the
  # nodes, whose own ports (85XX) must be reachable as well.
  nodes: [muster.westeurope.redis.azure.net:10000]
  tls:
    # Nodes announce their addresses, while their certificates have this name.
    serverName: muster.westeurope.redis.azure.net
  # An access key; access key authentication must be enabled. Tokens of Entra ID are not supported.
  password: \${REDIS_ACCESS_KEY}
  # High availability must be enabled: it is the replica.
  replicas: 1
  # Eviction policy: No eviction (an evicted hash is a whole domain). Muster has not been run on this service: look for
  # \`replicated: true\` in the answer to a first claim.
`,
  },
  'azure-cache': {
    title: 'Azure Cache for Redis (Premium, clustered)',
    yaml: `redis:
  # A Premium cache with clustering enabled. Port 6380 leads to the nodes, whose own ports must be reachable as well.
  nodes: [muster.redis.cache.windows.net:6380]
  tls:
    # Nodes announce their addresses, while their certificates have this name.
    serverName: muster.redis.cache.windows.net
  # An access key. Tokens of Entra ID are not supported.
  password: \${REDIS_ACCESS_KEY}
  # Of each shard.
  replicas: 1
  # maxmemory-policy noeviction (an evicted hash is a whole domain). Muster has not been run on this service: look for
  # \`replicated: true\` in the answer to a first claim.
`,
  },
} satisfies Record<string, Part>;
