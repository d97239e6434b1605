import { join } from 'node:path';
import { clusterRules } from '../../src/store/redis/acl.ts';
import { CLUSTER_BUS_OFFSET, freePort } from '../tools/ports.ts';
import { aclArguments, LOCAL_USER, type RedisAccess, type RedisTlsFiles, tlsArguments } from './access.ts';
import { withAdmin } from './admin.ts';
import { formCluster } from './formation.ts';
import { type Endpoint, migrateSlots } from './migration.ts';
import { RedisServer } from './server.ts';
import { type NodeView, owns, readTopology } from './topology.ts';

export interface RedisClusterOptions {
  /** Each node gets a folder below it. */
  dir: string;
  masters?: number;
  /** One replica for every master; default true. */
  replicas?: boolean;
  nodeTimeoutMs?: number;
  /** Each node listens for TLS, too, and asks clients for their certificates. */
  tls?: RedisTlsFiles;
}

export interface LocalRedisNode extends Endpoint {
  /** `node-1` and so on: its folder. */
  name: string;
  server: RedisServer;
  /** Its TLS port, if it has one. */
  tlsPort: number | undefined;
  frozen: boolean;
}

/**
 * Starts a real Redis Cluster on 127.0.0.1; resolves when every node says `cluster_state:ok` and every replica is in
 * step.
 * @throws Error if there is no Redis or the cluster does not form
 */
export async function startRedisCluster({
  dir,
  masters = 3,
  replicas = true,
  nodeTimeoutMs = 5_000,
  tls,
}: RedisClusterOptions): Promise<LocalRedisCluster> {
  const servers: RedisServer[] = [];
  const tlsPorts: (number | undefined)[] = [];
  for (let n = 1; n <= masters * (replicas ? 2 : 1); n++) {
    const [port, tlsPort] = [await freePort(), tls && (await freePort())];
    tlsPorts.push(tlsPort);
    const args = [...nodeArguments(nodeTimeoutMs), ...aclArguments(clusterRules())];
    if (tls && tlsPort) args.push(...tlsArguments(tlsPort, tls), ...amongNodes(port));
    servers.push(new RedisServer(join(dir, `node-${n}`), port, args));
  }
  try {
    await Promise.all(servers.map((server) => server.start()));
    const ids = await formCluster(
      servers.map((server) => server.port),
      masters,
    );
    const nodes = servers.map((server, i) => ({
      name: `node-${i + 1}`,
      id: ids[i] ?? '',
      port: server.port,
      server,
      tlsPort: tlsPorts[i],
      frozen: false,
    }));
    return new LocalRedisCluster(nodes, replicas ? 1 : 0, tls);
  } catch (error) {
    await Promise.all(servers.map((server) => server.kill('SIGKILL')));
    throw error;
  }
}

/** Nodes announce their TLS ports only if they use TLS between themselves, too. */
function amongNodes(port: number): string[] {
  return ['--tls-cluster', 'yes', '--tls-replication', 'yes', '--cluster-port', `${port + CLUSTER_BUS_OFFSET}`];
}

function nodeArguments(nodeTimeoutMs: number): string[] {
  const settings = {
    'cluster-enabled': 'yes',
    'cluster-config-file': 'nodes.conf',
    'cluster-node-timeout': `${nodeTimeoutMs}`,
    'cluster-require-full-coverage': 'no',
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    // Replicas sync at once instead of waiting 5 s for others to join in.
    'repl-diskless-sync-delay': '0',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

/** A running cluster and its controls. */
export class LocalRedisCluster {
  readonly nodes: readonly LocalRedisNode[];
  readonly #replicas: number;
  readonly #tls: RedisTlsFiles | undefined;

  /** @param replicas of each master, at the start */
  constructor(nodes: LocalRedisNode[], replicas: number, tls: RedisTlsFiles | undefined) {
    this.nodes = nodes;
    this.#replicas = replicas;
    this.#tls = tls;
  }

  /** The section `redis` of Muster's configuration for this cluster. */
  get access(): RedisAccess {
    const nodes = this.nodes.map(({ port, tlsPort }) => `127.0.0.1:${tlsPort ?? port}`);
    return { nodes, ...LOCAL_USER, replicas: this.#replicas, ...(this.#tls && { tls: this.#tls }) };
  }

  /** `127.0.0.1:port` of every node. */
  get addresses(): string[] {
    return this.nodes.map((node) => `127.0.0.1:${node.port}`);
  }

  /** Roles and slots now, as the nodes that run see them. */
  topology(): Promise<NodeView[]> {
    return readTopology(this.#answering().map((node) => node.port));
  }

  /** The nodes that own slots now. */
  async masters(): Promise<LocalRedisNode[]> {
    return (await this.topology()).filter((view) => view.slots.length > 0).map((view) => this.#node(view.id));
  }

  /** The replica of a master now, if it has one. */
  async replicaOf(master: LocalRedisNode): Promise<LocalRedisNode | undefined> {
    const replica = (await this.topology()).find((view) => view.masterId === master.id);
    return replica && this.#node(replica.id);
  }

  async slotOf(key: string): Promise<number> {
    const [any] = this.#answering();
    if (!any) throw new Error('No node of the cluster runs.');
    return Number(await withAdmin(any.port, (redis) => redis.run('CLUSTER', 'KEYSLOT', key)));
  }

  /** The master that owns the key's slot now. */
  async masterOf(key: string): Promise<LocalRedisNode> {
    const slot = await this.slotOf(key);
    const owner = (await this.topology()).find((view) => owns(view, slot));
    if (!owner) throw new Error(`No master owns slot ${slot}.`);
    return this.#node(owner.id);
  }

  /** Ends a node's process, by default with SIGKILL. */
  async kill(node: LocalRedisNode, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    await node.server.kill(signal);
    node.frozen = false;
  }

  /** Freezes a node's process: connections stay open and nothing answers. */
  async freeze(node: LocalRedisNode): Promise<void> {
    await node.server.kill('SIGSTOP');
    node.frozen = true;
  }

  async thaw(node: LocalRedisNode): Promise<void> {
    await node.server.kill('SIGCONT');
    node.frozen = false;
  }

  /**
   * Breaks the replication between a master and its replica for good. The nodes still hear each other, so the replica is
   * promoted if its master dies.
   * @returns the replica
   * @throws Error if the master has none
   */
  async cutReplication(master: LocalRedisNode): Promise<LocalRedisNode> {
    const replica = await this.replicaOf(master);
    if (!replica) throw new Error(`${master.name} has no replica.`);
    await presentAs(replica, 'nobody');
    await withAdmin(master.port, (redis) => redis.run('CLIENT', 'KILL', 'TYPE', 'replica'));
    return replica;
  }

  /** Lets a node follow a master again after {@link cutReplication}. */
  async mendReplication(node: LocalRedisNode): Promise<void> {
    await presentAs(node, '');
  }

  /** Starts a node again on its port with its files; it resolves when the node answers, maybe not yet in step. */
  async restart(node: LocalRedisNode): Promise<void> {
    await node.server.restart();
    node.frozen = false;
  }

  /** Moves slots from one master to another while clients go on; see `migrateSlots`. */
  async moveSlots(move: { from: LocalRedisNode; to: LocalRedisNode; slots: number[]; slowMs?: number }): Promise<void> {
    await migrateSlots(move, await this.masters());
  }

  /** Resolves when every process is gone. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.server.stop()));
  }

  #answering(): LocalRedisNode[] {
    return this.nodes.filter((node) => node.server.pid !== undefined && !node.frozen);
  }

  #node(id: string): LocalRedisNode {
    const node = this.nodes.find((one) => one.id === id);
    if (!node) throw new Error(`The cluster has an unknown node: ${id}.`);
    return node;
  }
}

/** Sets the user by which a node authenticates to its master, from its next connection on; '' for the default user. */
async function presentAs({ port }: LocalRedisNode, user: string): Promise<void> {
  await withAdmin(port, async (redis) => {
    await redis.run('CONFIG', 'SET', 'masteruser', user);
    await redis.run('CONFIG', 'SET', 'masterauth', user);
  });
}
