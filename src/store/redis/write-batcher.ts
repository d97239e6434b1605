import { setImmediate as turn } from 'node:timers/promises';
import { within } from '../../ops/clock.ts';
import { slotOf } from '../record/record.ts';
import { isNoScript } from '../replies.ts';
import { ShardUnavailable } from '../store.ts';
import { type Durability, Written } from '../written.ts';
import type { Cluster } from './cluster.ts';
import { addressOf, type Node } from './connection.ts';
import type { Script } from './scripts.ts';

interface Item {
  key: string;
  /** The command; a script falls back to its text where the node does not know it. */
  args: string[];
  fallback?: string[];
  /** Monotonic ms at which the caller stops waiting. */
  until: number;
  /** Where an `ASK` sent it; good for one attempt. */
  asking?: string;
  resolve(result: Written<unknown>): void;
  reject(error: Error): void;
}

const MAX_BATCH = 256;
const RETRY_MS = 5;
/** How long a batch waits for a replica that one before has waited for in vain, and how often one waits in full, in ms. */
const LATE_WAIT_MS = 20;
const WAIT_IN_FULL_EVERY_MS = 5000;
/** A `WAIT` that is over takes no longer than this to say so, in ms. */
const ANSWER_MS = 500;

/**
 * Writes that must outlive a master: they travel on connections of their own in batches, one batch at a time per
 * master, and each batch ends in one `WAIT 1`. While a batch is under way the next one gathers, so the wait costs a
 * busy lane nothing and a lone write about 0.1 ms.
 */
export class WriteBatcher {
  readonly #cluster: Cluster;
  readonly #replicaWaitMs: number;
  readonly #hasReplicas: boolean;
  /** By master whose replicas did not acknowledge the last batch: when one last waited for them in full. */
  readonly #late = new Map<string, number>();
  /** By connection, so that no write asks for it twice. */
  readonly #addresses = new WeakMap<Node, string>();
  readonly #gathering = new Map<string, { node: Node; items: Item[]; running: boolean }>();

  /**
   * @param cluster connections that carry nothing else, because `WAIT` blocks the one it is sent on
   * @param replicaWaitMs how long a batch waits for a replica; what is not acknowledged by then says so
   * @param replicas how many the config says that each master has; what is connected says nothing
   */
  constructor(cluster: Cluster, replicaWaitMs: number, replicas: number) {
    this.#cluster = cluster;
    this.#replicaWaitMs = replicaWaitMs;
    this.#hasReplicas = replicas > 0;
  }

  /** @throws ShardUnavailable; any final reply of Redis as it is */
  run(script: Script, keys: string[], args: string[], deadlineMs: number): Promise<Written<unknown>> {
    const rest = [String(keys.length), ...keys, ...args];
    return this.#submit(keys[0] as string, ['EVALSHA', script.sha, ...rest], deadlineMs, ['EVAL', script.lua, ...rest]);
  }

  /** @throws as `run` */
  command(key: string, args: string[], deadlineMs: number): Promise<Written<unknown>> {
    return this.#submit(key, args, deadlineMs);
  }

  #submit(key: string, args: string[], deadlineMs: number, fallback?: string[]): Promise<Written<unknown>> {
    return new Promise((resolve, reject) => {
      const until = this.#cluster.clock.monotonicMs() + deadlineMs;
      const item: Item = { key, args, until, resolve, reject, ...(fallback && { fallback }) };
      void this.#board(item);
    });
  }

  /** Puts an item into the batch of the master that holds its key now. */
  async #board(item: Item): Promise<void> {
    try {
      const leftMs = item.until - this.#cluster.clock.monotonicMs();
      const node = item.asking
        ? await this.#cluster.nodeAt(item.asking, leftMs)
        : (this.#connectedTo(item.key) ?? (await this.#cluster.node(item.key, leftMs)));
      let address = this.#addresses.get(node);
      if (address === undefined) {
        address = addressOf(node);
        this.#addresses.set(node, address);
      }
      if (!this.#cluster.shards.at(address).up) {
        throw new ShardUnavailable(`the shard of ${item.key} at ${address} is down`);
      }
      const batch = this.#gathering.get(address) ?? { node, items: [], running: false };
      this.#gathering.set(address, batch);
      batch.node = node;
      batch.items.push(item);
      if (!batch.running) void this.#depart(address);
    } catch (error) {
      this.#again(item, error);
    }
  }

  /** The open connection to the master of a key: a write that has one is on it in this turn of the loop. */
  #connectedTo(key: string): Node | undefined {
    const master = this.#cluster.client.slots[slotOf(key)]?.master;
    return master?.connectPromise ? undefined : master?.client;
  }

  /**
   * Sends one batch after another until nobody is left. Never throws: every item carries its own outcome. Between two
   * batches callers get a turn: those just answered come back with their next write, and would else miss every second
   * batch.
   */
  async #depart(address: string): Promise<void> {
    const batch = this.#gathering.get(address);
    if (!batch) return;
    batch.running = true;
    while (batch.items.length > 0) {
      await this.#send(batch.node, address, batch.items.splice(0, MAX_BATCH));
      await turn();
    }
    this.#gathering.delete(address);
  }

  async #send(node: Node, address: string, items: Item[]): Promise<void> {
    const replies = Promise.allSettled(items.map((item) => this.#sendOne(node, item)));
    const [settled, waited] = await Promise.all([replies, this.#waitForReplica(node, address)]);
    settled.forEach((result, i) => {
      const item = items[i] as Item;
      // A connection lost while waiting may have taken the write with it: it is sent again, to whoever is master then.
      if (result.status === 'rejected') this.#again(item, result.reason);
      else if (waited instanceof Error) this.#again(item, waited);
      else item.resolve(new Written(result.value, waited));
    });
  }

  #sendOne(node: Node, item: Item): Promise<unknown> {
    const remainingMs = item.until - this.#cluster.clock.monotonicMs();
    if (item.asking) void node.sendCommand(['ASKING']).catch(() => undefined); // its failure is the command's, too
    return within(node.sendCommand(item.args), remainingMs);
  }

  /** How durable the batch is, or the error that keeps this from being known. */
  async #waitForReplica(node: Node, address: string): Promise<Durability | Error> {
    if (!this.#hasReplicas) return 'no-replica-configured';
    // None was connected at the last probe: nobody has to wait to hear that.
    if (this.#cluster.shards.at(address).replicas === 0) return 'not-acknowledged';
    const waitMs = this.#waitMs(address);
    try {
      const wait = node.sendCommand(['WAIT', '1', String(waitMs)]);
      const isAcknowledged = Number(await within(wait, waitMs + ANSWER_MS)) >= 1;
      if (isAcknowledged) this.#late.delete(address);
      else if (waitMs === this.#replicaWaitMs) this.#late.set(address, this.#cluster.clock.monotonicMs());
      return isAcknowledged ? 'acknowledged' : 'not-acknowledged';
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Replicas that have kept a batch waiting in vain hold writers up only briefly, until they acknowledge one again. */
  #waitMs(address: string): number {
    const late = this.#late.get(address);
    const isLate = late !== undefined && this.#cluster.clock.monotonicMs() < late + WAIT_IN_FULL_EVERY_MS;
    return isLate ? Math.min(this.#replicaWaitMs, LATE_WAIT_MS) : this.#replicaWaitMs;
  }

  /** Sends an item on after a reply that says "not now" or "not here", while its time lasts. */
  #again(item: Item, error: unknown): void {
    const failure = error instanceof Error ? error : new Error(String(error));
    delete item.asking;
    if (isNoScript(failure) && item.fallback) {
      item.args = item.fallback;
      void this.#board(item);
      return;
    }
    const final = this.#finally(item, failure);
    if (final) {
      item.reject(final);
      return;
    }
    const [code, , address] = failure.message.split(' ');
    if (code === 'ASK' && address) item.asking = address;
    const leftMs = item.until - this.#cluster.clock.monotonicMs();
    const moved = code === 'MOVED' ? this.#cluster.rediscover(leftMs).catch(() => undefined) : Promise.resolve();
    void moved.then(() => setTimeout(() => void this.#board(item), code === 'MOVED' || item.asking ? 0 : RETRY_MS));
  }

  /** The error to give up with; undefined while sending it again can help. */
  #finally(item: Item, failure: Error): Error | undefined {
    const isLate = this.#cluster.clock.monotonicMs() + RETRY_MS >= item.until;
    if (isLate || failure instanceof ShardUnavailable || !this.#cluster.mayPass(item.key, failure))
      return this.#cluster.givenUp(item.key, failure);
    return undefined;
  }
}
