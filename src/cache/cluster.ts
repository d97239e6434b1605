import { setTimeout as delay } from 'node:timers/promises';
import { createCluster } from '@redis/client';
import type { Clock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';
import type { TlsTexts } from '../ops/tls.ts';
import { within } from '../ops/within.ts';
import { isPassing, ShardUnavailable } from './errors.ts';
import { type Script, scripts } from './scripts.ts';
import { Shards } from './shards.ts';

export interface ClusterSettings {
  /** `host:port` of some of the nodes. */
  nodes: string[];
  username?: string | undefined;
  password?: string | undefined;
  /** PEM texts; undefined: no TLS. */
  tls?: TlsTexts | undefined;
}

/** How long a caller is kept waiting for a shard before it is told to come back, in ms. */
const DEADLINE_MS = 1000;
const RETRY_MS = 15;
/**
 * A node that takes connections and answers nobody is given up after so long, in ms. A discovery that asked it would else wait
 * for it, and every later one for that discovery, until it is well again. Pings keep idle connections from being taken for such.
 */
const SILENT_MS = 5000;
const PING_EVERY_MS = 2000;
/** Whoever asked has given up by then. */
const CLOSE_LIMIT_MS = DEADLINE_MS;

export type Client = ReturnType<typeof connectCluster>;
export type Node = Awaited<ReturnType<Client['getNodeClientForKey']>>;

/**
 * The region's Redis Cluster. Rides through MOVED, ASK, TRYAGAIN, NOSCRIPT, lost connections and promotions within a
 * deadline; a shard whose breaker is open is refused at once.
 */
export class Cluster {
  readonly shards: Shards;
  readonly clock: Clock;
  readonly #client: Client;
  /** Every client of this cluster in this instance: they follow a promotion together. */
  readonly #clients: Client[];
  readonly #open: () => Promise<Client>;

  private constructor(client: Client, clients: Client[], shards: Shards, clock: Clock, open: () => Promise<Client>) {
    this.#client = client;
    this.#clients = clients;
    this.shards = shards;
    this.clock = clock;
    this.#open = open;
  }

  /** @throws Error saying which nodes did not answer */
  static async connect(settings: ClusterSettings, clock: Clock, log: Log): Promise<Cluster> {
    const open = (): Promise<Client> => openClient(settings, log);
    const client = await open();
    const clients = [client];
    const shards = new Shards({
      masters: () => client.masters.map((master) => ({ address: master.address, ask: () => probe(client, master) })),
      rediscover: async (avoid) => {
        await Promise.all(clients.map((each) => each._slots.rediscover(undefined, avoid)));
      },
      clock,
      log,
    });
    const cluster = new Cluster(client, clients, shards, clock, open);
    await shards.start();
    await cluster.#loadScripts();
    return cluster;
  }

  /**
   * Further connections to the same cluster, for traffic that would hold up the rest. One breaker serves them all: a
   * probe behind a `WAIT` would take a slow replica for a dead master.
   * @throws as `connect`
   */
  async alongside(): Promise<Cluster> {
    const client = await this.#open();
    this.#clients.push(client);
    return new Cluster(client, this.#clients, this.shards, this.clock, this.#open);
  }

  /**
   * Carries out one command on the master of its key.
   * @throws ShardUnavailable when it cannot be reached in time; any final reply of Redis as it is
   */
  async command(key: string, args: string[], deadlineMs = DEADLINE_MS): Promise<unknown> {
    return this.attempt(key, deadlineMs, () => this.#client.sendCommand(key, false, args));
  }

  /** Runs a script on the master of its first key. @throws as `command` */
  async run(script: Script, keys: string[], args: string[], deadlineMs = DEADLINE_MS): Promise<unknown> {
    const key = keys[0] as string;
    const rest = [String(keys.length), ...keys, ...args];
    return this.attempt(key, deadlineMs, async () => {
      try {
        return await this.#client.sendCommand(key, false, ['EVALSHA', script.sha, ...rest]);
      } catch (error) {
        if (!isNoScript(error)) throw error;
        return await this.#client.sendCommand(key, false, ['EVAL', script.lua, ...rest]);
      }
    });
  }

  /** Tells every subscriber in the region; not durable, and nobody may depend on it. */
  async publish(channel: string, message: string): Promise<void> {
    await within(this.#client.publish(channel, message), DEADLINE_MS);
  }

  /** @throws Error when the region cannot be listened to */
  async subscribe(channel: string, listener: (message: string) => void): Promise<void> {
    await within(this.#client.subscribe(channel, listener), DEADLINE_MS);
  }

  /** The connection to the master of a key, for commands that belong together on one connection. */
  node(key: string): Promise<Node> {
    return this.#client.getNodeClientForKey(key);
  }

  /** The connection to a node by its `host:port`, known or newly announced by a redirection. */
  async nodeAt(address: string): Promise<Node> {
    if (!this.#client.nodeByAddress.has(address)) await this.#client._slots.rediscover();
    const node = this.#client.nodeByAddress.get(address);
    if (!node) throw new ShardUnavailable(`the cluster has no node at ${address}`);
    return this.#client.nodeClient(node);
  }

  async rediscover(): Promise<void> {
    await this.#client._slots.rediscover();
  }

  /** Tries until it works, the error is final, the shard's breaker is open, or the time is over. */
  async attempt<T>(key: string, deadlineMs: number, send: () => Promise<T>): Promise<T> {
    const until = this.clock.monotonicMs() + deadlineMs;
    for (;;) {
      await this.refuseIfDown(key);
      try {
        return await within(send(), until - this.clock.monotonicMs());
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (this.clock.monotonicMs() + RETRY_MS >= until) throw unavailable(key, error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async refuseIfDown(key: string): Promise<void> {
    const { address } = await this.#owner(key);
    if (!this.shards.at(address).up) throw new ShardUnavailable(`the shard of ${key} at ${address} is down`);
  }

  async #owner(key: string): Promise<{ address: string }> {
    return { address: addressOf(await this.node(key)) };
  }

  /** Lets what is under way be answered, but waits for no node that answers nobody. */
  async close(): Promise<void> {
    this.shards.stop();
    await closeClient(this.#client);
  }

  /** Scripts are not replicated: a new master learns them by EVAL, the ones there are told in advance. */
  async #loadScripts(): Promise<void> {
    const known = Object.values(scripts);
    await Promise.all(
      this.#client.masters.map(async (master) => {
        const node = await this.#client.nodeClient(master);
        await Promise.all(known.map(({ lua }) => node.sendCommand(['SCRIPT', 'LOAD', lua])));
      }),
    );
  }
}

export function addressOf(node: Node): string {
  const socket = node.options?.socket as { host?: string; port?: number } | undefined;
  return `${socket?.host}:${socket?.port}`;
}

export const isNoScript = (error: unknown): boolean => error instanceof Error && error.message.startsWith('NOSCRIPT');

function unavailable(key: string, cause: unknown): ShardUnavailable {
  if (cause instanceof ShardUnavailable) return cause;
  return new ShardUnavailable(`the shard of ${key} did not answer in time`, 1000, { cause });
}

async function openClient(settings: ClusterSettings, log: Log): Promise<Client> {
  const client = connectCluster(settings);
  client.on('error', (error) => log.debug({ err: error }, 'redis connection'));
  client.on('node-error', (error) => log.debug({ err: error }, 'redis connection'));
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.destroy();
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`no Redis Cluster answers at ${settings.nodes.join(', ')} (${reason})`, { cause: error });
  }
}

/** The client forgets its nodes when it is closed, and a discovery that was under way makes it connect to them again. */
async function closeClient(client: Client): Promise<void> {
  const nodes = client.masters.flatMap((master) => master.client ?? []);
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
    await Promise.race([over, delay(RETRY_MS)]);
  }
  client.destroy();
}

async function probe(client: Client, master: Client['masters'][number]): Promise<[unknown, unknown]> {
  const node = await client.nodeClient(master);
  return Promise.all([node.sendCommand(['ROLE']), node.sendCommand(['TIME'])]);
}

/** The client library as Muster sets it up; not connected yet. */
// Its own timeout only bounds its queue and costs a timer per command; deadlines are kept here instead.
export function connectCluster({ nodes, username, password, tls }: ClusterSettings) {
  const socket = {
    connectTimeout: 500,
    socketTimeout: SILENT_MS,
    reconnectStrategy: () => 100,
    ...(tls && { tls: true as const, ...tls }),
  };
  const credentials = { ...(username && { username }), ...(password && { password }) };
  return createCluster({
    rootNodes: nodes.map((node) => ({ url: `${tls ? 'rediss' : 'redis'}://${node}`, socket, ...credentials })),
    // The types do not know it, but each node's client reads its own commandOptions, too.
    defaults: {
      ...credentials,
      socket,
      disableOfflineQueue: true,
      disableClientInfo: true,
      pingInterval: PING_EVERY_MS,
      ...{ commandOptions: { timeout: 0 } },
    },
    commandOptions: { timeout: 0 },
    topologyRefreshOnReconnectionAttemptStrategy: () => 200,
  });
}
