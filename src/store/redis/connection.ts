import { setTimeout as delay } from 'node:timers/promises';
import { createCluster, RedisClient as NodeClient } from '@redis/client';
import { within } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { TlsTexts } from '../../ops/tls.ts';
import { ShardUnavailable } from '../store.ts';

export interface ClusterSettings {
  /** `host:port` of some of the nodes. */
  nodes: string[];
  username?: string | undefined;
  password?: string | undefined;
  /** PEM texts, and the name that certificates must have if not that of the node; undefined: no TLS. */
  tls?: (TlsTexts & { servername?: string }) | undefined;
}

/**
 * A node that takes connections and answers nobody is given up after so long, in ms. A discovery that asked it would else wait
 * for it, and every later one for that discovery, until it is well again. Pings keep idle connections from being taken for such.
 */
const SILENT_MS = 5000;
const PING_EVERY_MS = 2000;
/** A first connection to each master is waited for so long, in ms: the others can be worked with. */
const FIRST_CONNECTION_MS = 2000;
/** Whoever asked has given up by then. */
const CLOSE_LIMIT_MS = 1000;
const LOOK_EVERY_MS = 15;

/** What a node announces that has no hostname, or does not know its address: nobody can connect to that. */
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
 * @param onTrouble hears what goes wrong with connections, by address, and when one is well again
 * @throws Error saying which nodes did not answer
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
 * The connection to a master. Never one to a node that is no longer a part of the topology: nobody would know of it, and end it.
 * @throws Error when it is not, or announces no address
 */
export async function currentNode(client: RedisClient, master: Master): Promise<Node> {
  const isCurrent = (): boolean => client.nodeByAddress.get(master.address) === master;
  if (!isCurrent()) throw new Error(`${master.address} is no master any more`);
  const node = await client.nodeClient(master);
  if (isCurrent()) return node;
  node.destroy();
  throw new Error(`${master.address} is no master any more`);
}

/** Ends every connection. A discovery that was under way may wait for a node meanwhile; it is waited for. */
export async function closeClient(client: RedisClient): Promise<void> {
  const masters = [...client.masters];
  const nodes = masters.flatMap((master) => master.client ?? []);
  // One that is just being made outlives its end: it is ended once more when it is there.
  for (const { connectPromise } of masters)
    connectPromise?.then(
      (node) => node.destroy(),
      () => undefined,
    );
  await within(client.close(), CLOSE_LIMIT_MS).catch(() => undefined);
  for (const node of nodes) node.destroy();
  let isOver = false;
  // Of a closed client, this only waits for one that was under way.
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

/** The client library as Muster sets it up; not connected yet. */
// Its own timeout only bounds its queue and costs a timer per command; deadlines are kept here instead.
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
    // The types do not know it, but each node's client reads its own commandOptions, too.
    defaults: { ...one, socket, ...{ commandOptions: { timeout: 0 } } },
    commandOptions: { timeout: 0 },
    // A discovery that connects waits for every node that it finds, and each later one for it: one node that cannot be
    // reached would keep all others from being found. So nodes are connected to when they are needed.
    minimizeConnections: true,
    nodeAddressMap: refuseNowhere,
    topologyRefreshOnReconnectionAttemptStrategy: () => 200,
  });
}

/** A connection to one node, which gives up when it is lost; not connected yet. */
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

/** Everything else is where it says. @throws ShardUnavailable */
function refuseNowhere(address: string): undefined {
  if (!NOWHERE.test(address)) return undefined;
  throw new ShardUnavailable(
    `a node of the cluster announces no address (${address}): see cluster-announce-hostname and cluster-preferred-endpoint-type`,
  );
}
