import { setTimeout as delay } from 'node:timers/promises';
import { createCluster, RedisClient as NodeClient } from '@redis/client';
import { within } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { TlsTexts } from '../../ops/tls.ts';
import { ShardUnavailable } from '../store.ts';

export interface ClusterSettings {
  /** `host:port` of nodes to start from. */
  nodes: string[];
  username?: string | undefined;
  password?: string | undefined;
  /** PEM texts, and the expected name in certificates if it is not the node's host; undefined: no TLS. */
  tls?: (TlsTexts & { servername?: string }) | undefined;
}

/**
 * Socket timeout in ms for a node that accepts connections and does not answer. Without it, a topology read would wait for that
 * node, and later reads for the first one. Pings keep idle connections from timing out.
 */
const SILENT_MS = 5000;
const PING_EVERY_MS = 2000;
/** How long the start waits for a connection to each master, in ms; it can work with the others. */
const FIRST_CONNECTION_MS = 2000;
/** How long closing waits for running commands, in ms; their callers have timed out by then. */
const CLOSE_LIMIT_MS = 1000;
const LOOK_EVERY_MS = 15;

/** The address that a node announces if it has no hostname, or does not know its own address. */
const NOWHERE = /^(\?|null|undefined|):\d+$/;

/** Makes clients of one class. `createClient` makes a class of hundreds of commands for each address, 20 ms of work. */
const nodeClient = NodeClient.factory();

export type RedisClient = ReturnType<typeof connectCluster>;
export type Node = Awaited<ReturnType<RedisClient['getNodeClientForKey']>>;
export type Master = RedisClient['masters'][number];

export function addressOf(node: Node): string {
  const socket = node.options?.socket as { host?: string; port?: number } | undefined;
  return `${socket?.host}:${socket?.port}`;
}

/**
 * Connects to the cluster.
 * @param onTrouble called with the last connection error of an address, and with undefined when it is connected again
 * @throws Error naming the nodes that did not answer
 */
export async function openClient(
  settings: ClusterSettings,
  log: Log,
  onTrouble: (address: string, trouble: string | undefined) => void,
): Promise<RedisClient> {
  const client = connectCluster(settings);
  client.on('error', (error) => log.debug('redis_connection_error', { err: error }));
  client.on('node-error', (error, { host, port }) => {
    log.debug('redis_connection_error', { err: error });
    onTrouble(`${host}:${port}`, error.message);
  });
  client.on('node-ready', ({ host, port }) => onTrouble(`${host}:${port}`, undefined));
  try {
    await client.connect();
  } catch (error) {
    client.destroy();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`no Redis Cluster answers at ${settings.nodes.join(', ')} (${reason})`, { cause: error });
  }
  const connected = client.masters.map((master) => currentNode(client, master).catch(() => undefined));
  await within(Promise.all(connected), FIRST_CONNECTION_MS).catch(() => undefined);
  return client;
}

/**
 * The connection to a master. A connection to a node that has left the topology is closed, because the client would leak it.
 * @throws Error if the node is no longer a master, or announces no address
 */
export async function currentNode(client: RedisClient, master: Master): Promise<Node> {
  const isCurrent = (): boolean => client.nodeByAddress.get(master.address) === master;
  if (!isCurrent()) throw new Error(`${master.address} is no longer a master`);
  const node = await client.nodeClient(master);
  if (isCurrent()) return node;
  node.destroy();
  throw new Error(`${master.address} is no longer a master`);
}

/** Closes all connections, also those that a running topology read opens meanwhile. */
export async function closeClient(client: RedisClient): Promise<void> {
  const masters = [...client.masters];
  const nodes = masters.flatMap((master) => master.client ?? []);
  // A connection that is being opened survives `destroy`: destroy it again once it is open.
  for (const { connectPromise } of masters)
    connectPromise?.then(
      (node) => node.destroy(),
      () => undefined,
    );
  await within(client.close(), CLOSE_LIMIT_MS).catch(() => undefined);
  for (const node of nodes) node.destroy();
  let isOver = false;
  // On a closed client this only waits for a topology read that is running.
  const discovery = client._slots.rediscover().catch(() => undefined);
  const over = discovery.then(() => {
    isOver = true;
  });
  while (!isOver) {
    client.destroy();
    await Promise.race([over, delay(LOOK_EVERY_MS)]);
  }
  client.destroy();
}

/** Creates the cluster client, not connected yet. */
// The client's own timeout limits only its queue, and costs a timer per command. Deadlines are kept by `Cluster`.
export function connectCluster(settings: ClusterSettings) {
  const { nodes, tls } = settings;
  const { socket, ...one } = nodeSettings(settings);
  const url = (node: string) => `${tls ? 'rediss' : 'redis'}://${node}`;
  const { username, password } = one;
  return createCluster({
    rootNodes: nodes.map((node) => ({
      url: url(node),
      socket,
      ...(username && { username }),
      ...(password && { password }),
    })),
    // Each node's client reads its own commandOptions, which the types lack.
    defaults: { ...one, socket, ...{ commandOptions: { timeout: 0 } } },
    commandOptions: { timeout: 0 },
    // Connect to nodes on demand. Otherwise a topology read would wait for every node, and one unreachable node would hide the
    // others.
    minimizeConnections: true,
    nodeAddressMap: refuseNowhere,
    topologyRefreshOnReconnectionAttemptStrategy: () => 200,
  });
}

/** Creates a client of one node, not connected yet. It does not reconnect. */
export function connectNode(settings: ClusterSettings, host: string, port: number) {
  const { socket, ...one } = nodeSettings(settings);
  return nodeClient({ ...one, socket: { ...socket, host, port, reconnectStrategy: false } });
}

function nodeSettings({ username, password, tls }: ClusterSettings) {
  const socket = {
    connectTimeout: 500,
    socketTimeout: SILENT_MS,
    reconnectStrategy: () => 100,
    ...(tls && { tls: true as const, ...tls }),
  };
  const credentials = { ...(username && { username }), ...(password && { password }) };
  return { ...credentials, socket, disableOfflineQueue: true, disableClientInfo: true, pingInterval: PING_EVERY_MS };
}

/** Rejects nodes without an address; all others keep theirs. @throws ShardUnavailable */
function refuseNowhere(address: string): undefined {
  if (!NOWHERE.test(address)) return undefined;
  throw new ShardUnavailable(
    `a node of the cluster announces no address (${address}): see cluster-announce-hostname and cluster-preferred-endpoint-type`,
  );
}
