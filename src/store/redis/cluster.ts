import { type Clock, within } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import { OLDEST } from '../record/layout.ts';
import { domainOf, slotOf } from '../record/record.ts';
import { isNoScript, isPassing, refusalOf } from '../replies.ts';
import { ShardUnavailable } from '../store.ts';
import { Announcements } from './announcements.ts';
import {
  type ClusterSettings,
  closeClient,
  currentNode,
  type Master,
  type Node,
  openClient,
  type RedisClient,
} from './connection.ts';
import { StoreFormats } from './formats.ts';
import { probe } from './probe.ts';
import { type DomainScript, type Script, scripts } from './scripts.ts';
import { type Shard, Shards } from './shards.ts';

/** Default deadline of a command in ms; then the caller gets ShardUnavailable. */
const DEADLINE_MS = 1000;
const RETRY_MS = 15;
/** Retry delay for refusals that last, such as full memory or a wrong password. */
const LASTING_RETRY_AFTER_MS = 5000;

/**
 * A client of the region's Redis Cluster. Within a deadline it retries after MOVED, ASK, TRYAGAIN, NOSCRIPT, lost connections and
 * failovers. A shard whose circuit breaker is open is refused at once.
 */
export class Cluster {
  readonly shards: Shards;
  readonly clock: Clock;
  readonly formats: StoreFormats;
  /** The cluster client, for code that chooses a connection itself or needs no key, and no retries. */
  readonly client: RedisClient;
  /** All clients of this cluster in this instance; each updates its topology after a failover. */
  readonly #clients: RedisClient[];
  readonly #open: () => Promise<RedisClient>;
  readonly #announcements: Announcements;

  private constructor({ client, clients, shards, formats, clock, open, announcements }: Parts) {
    this.formats = formats;
    this.client = client;
    this.#clients = clients;
    this.shards = shards;
    this.clock = clock;
    this.#open = open;
    this.#announcements = announcements;
  }

  /** @throws Error naming the nodes that did not answer */
  static async connect(settings: ClusterSettings, clock: Clock, log: Log): Promise<Cluster> {
    const troubles = new Map<string, string | undefined>();
    const open = (): Promise<RedisClient> =>
      openClient(settings, log, (address, trouble) => troubles.set(address, trouble));
    const client = await open();
    const clients = [client];
    const shards = new Shards({
      masters: () => client.masters.map((master) => ({ address: master.address, ask: () => probe(client, master) })),
      // `every` skips empty entries of the client's array; `includes` does not.
      hasAllSlots: () => clients.every(({ slots }) => !(slots as readonly unknown[]).includes(undefined)),
      rediscover: async (avoid) => {
        await Promise.all(clients.map((each) => each._slots.rediscover(undefined, avoid)));
      },
      troubleAt: (address) => troubles.get(address),
      clock,
      log,
    });
    const masters = (): string[] => shards.all().flatMap(({ address, up }) => (up ? [address] : []));
    const announcements = new Announcements({ settings, masters, log });
    const formats = new StoreFormats();
    const cluster = new Cluster({ client, clients, shards, formats, clock, open, announcements });
    await shards.start();
    await cluster.#loadScripts();
    return cluster;
  }

  /**
   * Opens further connections to the same cluster, for traffic that would delay the rest. They share the circuit breakers: a probe
   * that waits behind a `WAIT` would mistake a slow replica for a dead master.
   * @throws as `connect`
   */
  async alongside(): Promise<Cluster> {
    const client = await this.#open();
    this.#clients.push(client);
    const { shards, formats, clock } = this;
    return new Cluster({
      client,
      clients: this.#clients,
      shards,
      formats,
      clock,
      open: this.#open,
      announcements: this.#announcements,
    });
  }

  /**
   * Sends one command to the master of its key.
   * @throws ShardUnavailable if the master does not answer in time; other errors of Redis unchanged
   */
  async command(key: string, args: string[], deadlineMs = DEADLINE_MS): Promise<unknown> {
    return this.attempt(key, deadlineMs, () => this.client.sendCommand(key, false, args));
  }

  /** Runs a script on the master of its first key. @throws as `command` */
  async run(asked: Script | DomainScript, keys: string[], args: string[], deadlineMs = DEADLINE_MS): Promise<unknown> {
    const key = keys[0] as string;
    const rest = [String(keys.length), ...keys, ...args];
    const call = async (): Promise<unknown> => {
      const { number } = this.formats.known.get(domainOf(key)) ?? OLDEST;
      const script = 'byFormat' in asked ? (asked.byFormat.get(number) as Script) : asked;
      try {
        return await this.client.sendCommand(key, false, ['EVALSHA', script.sha, ...rest]);
      } catch (error) {
        if (!isNoScript(error)) throw error;
        return await this.client.sendCommand(key, false, ['EVAL', script.lua, ...rest]);
      }
    };
    return this.attempt(key, deadlineMs, call);
  }

  /** Subscribes to a channel. Resolves when the subscription is active, or the first attempt has failed. */
  async subscribe(channel: string, listener: (message: string) => void): Promise<void> {
    await this.#announcements.listen(channel, listener);
  }

  /**
   * The connection to the master of a key, for commands that must share one connection.
   * @throws ShardUnavailable if there is none within `ms`
   */
  async node(key: string, ms = DEADLINE_MS): Promise<Node> {
    return within(this.client.getNodeClientForKey(key), ms, NO_CONNECTION);
  }

  /** The connection to a node by `host:port`. Reads the topology if the node is unknown. @throws as `node` */
  async nodeAt(address: string, ms = DEADLINE_MS): Promise<Node> {
    if (!this.client.nodeByAddress.has(address)) await this.rediscover(ms);
    const node = this.client.nodeByAddress.get(address);
    if (!node) throw new ShardUnavailable(`the cluster has no node at ${address}`);
    return within(this.client.nodeClient(node), ms, NO_CONNECTION);
  }

  /** Reads the cluster topology. @throws Error if it takes longer than `ms` */
  async rediscover(ms = DEADLINE_MS): Promise<void> {
    await within(this.client._slots.rediscover(), ms);
  }

  /** Retries until the work succeeds, the error is final, the circuit breaker is open, or the deadline has passed. */
  async attempt<T>(key: string, deadlineMs: number, send: () => Promise<T>): Promise<T> {
    const until = this.clock.monotonicMs() + deadlineMs;
    for (;;) {
      this.#refuseIfDown(key);
      try {
        return await within(send(), until - this.clock.monotonicMs());
      } catch (error) {
        this.formats.learn(key, error);
        const isLate = this.clock.monotonicMs() + RETRY_MS >= until;
        if (isLate || !this.mayPass(key, error)) throw this.givenUp(key, error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** Whether a retry can succeed. Not if the shard is known to refuse writes, because that has lasted for a while. */
  mayPass(key: string, error: unknown): boolean {
    if (!isPassing(error)) return false;
    return refusalOf(error) === undefined || this.shardOf(key)?.refuses === undefined;
  }

  /** Converts the last error of a command for the caller. A refused write becomes ShardUnavailable, an outage. */
  givenUp(key: string, error: unknown): Error {
    if (error instanceof ShardUnavailable) return error;
    const refusal = refusalOf(error);
    if (refusal) {
      const address = this.#masterOf(key)?.address;
      if (refusal.lasts && address !== undefined) this.shards.refused(address, refusal);
      const retryAfterMs = refusal.lasts ? LASTING_RETRY_AFTER_MS : undefined;
      return new ShardUnavailable(`the shard of ${key} refuses: ${refusal.code}`, retryAfterMs, { cause: error });
    }
    if (!isPassing(error)) return error instanceof Error ? error : new Error(String(error));
    return new ShardUnavailable(`the shard of ${key} did not answer in time`, 1000, { cause: error });
  }

  /** The shard of a key; undefined if no master has its slot. */
  shardOf(key: string): Shard | undefined {
    const master = this.#masterOf(key);
    return master && this.shards.at(master.address);
  }

  #masterOf(key: string): Master | undefined {
    return this.client.slots[slotOf(key)]?.master;
  }

  #refuseIfDown(key: string): void {
    const shard = this.shardOf(key);
    if (shard?.up === false) throw new ShardUnavailable(`the shard of ${key} at ${shard.address} is down`);
  }

  /** Waits for running commands, but not for nodes that do not answer. */
  async close(): Promise<void> {
    this.shards.stop();
    this.#announcements.stop();
    await closeClient(this.client);
  }

  /** Loads all scripts on all masters. Scripts are not replicated: a new master receives them by EVAL. */
  async #loadScripts(): Promise<void> {
    const known = Object.values(scripts).flatMap((each) => ('byFormat' in each ? [...each.byFormat.values()] : [each]));
    const told = this.client.masters.map(async (master) => {
      if (!this.shards.at(master.address).up) return;
      const node = await currentNode(this.client, master);
      await Promise.all(known.map(({ lua }) => node.sendCommand(['SCRIPT', 'LOAD', lua])));
    });
    await within(Promise.allSettled(told), DEADLINE_MS).catch(() => undefined);
  }
}

const NO_CONNECTION = 'no connection in time';

interface Parts {
  client: RedisClient;
  clients: RedisClient[];
  shards: Shards;
  formats: StoreFormats;
  clock: Clock;
  open: () => Promise<RedisClient>;
  announcements: Announcements;
}
