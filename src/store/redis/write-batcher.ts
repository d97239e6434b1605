import { setImmediate as turn } from 'node:timers/promises';
import { within } from '../../ops/clock.ts';
import { type Format, OLDEST } from '../record/layout.ts';
import { domainOf, slotOf } from '../record/record.ts';
import { isNoScript } from '../replies.ts';
import { ShardUnavailable } from '../store.ts';
import { type Durability, Written } from '../written.ts';
import type { Cluster } from './cluster.ts';
import { addressOf, type Node } from './connection.ts';
import type { StoreFormats } from './formats.ts';
import type { DomainScript, Script } from './scripts.ts';

/** Requests that one script call can serve together: how their arguments are composed, and their answers told apart. */
export interface ScriptBatch<Request, Answer> {
  script: DomainScript;
  /** Requests with the same name may share a call. */
  name: string;
  /** A key of the slot that all keys are in. */
  key: string;
  /** Most requests in one call: more would occupy Redis for more than a millisecond. */
  most: number;
  /** @param format the format of the domain's store */
  compose(requests: Request[], format: Format): { keys: string[]; args: string[] };
  /** The answers, in the order of the requests. An `Error` concerns only its own request. */
  read(reply: unknown, requests: Request[]): (Answer | Error)[];
}

interface Item {
  key: string;
  work: Work;
  /** The node does not know the script yet, so its text is sent. */
  isNew?: boolean;
  /** Monotonic ms at which the caller stops waiting. */
  until: number;
  /** Target of an `ASK` redirection, for one attempt. */
  asking?: string;
  resolve(result: Written<unknown>): void;
  reject(error: Error): void;
}

/** A command, a script call, or a request that shares a script call with others. */
type Work = { command: string[] } | ScriptCall | { batch: ScriptBatch<unknown, unknown>; request: unknown };

interface ScriptCall {
  script: Script | DomainScript;
  keys: string[];
  args: string[];
}

/** Items that one command serves. */
interface Parcel {
  items: Item[];
  command: string[];
  /** The result for each item. */
  read(reply: unknown): unknown[];
}

/** Items of a parcel that share a deadline, with their places in the replies. */
interface Sent {
  items: { item: Item; at: number }[];
  replies: Promise<unknown[]>;
}

const MAX_BATCH = 256;
const RETRY_MS = 5;
/** Shortened wait after a batch was not acknowledged, and how often the full wait is tried again, in ms. */
const LATE_WAIT_MS = 20;
const WAIT_IN_FULL_EVERY_MS = 5000;
/** Extra time in ms for the answer to `WAIT`. */
const ANSWER_MS = 500;

/**
 * Sends writes that must survive the loss of a master, in batches on connections of their own. Each master has one batch in
 * flight, and each batch ends in one `WAIT 1`. The next batch gathers meanwhile, so waiting does not reduce throughput under
 * load; a single write takes about 0.1 ms longer.
 */
export class WriteBatcher {
  readonly #cluster: Cluster;
  readonly #replicaWaitMs: number;
  readonly #hasReplicas: boolean;
  /** By master whose replicas did not acknowledge the last batch: monotonic ms of the last full wait. */
  readonly #late = new Map<string, number>();
  /** Cached addresses by connection, since computing one for each write is slow. */
  readonly #addresses = new WeakMap<Node, string>();
  readonly #gathering = new Map<string, { node: Node; items: Item[]; running: boolean }>();

  /**
   * @param cluster connections for this batcher only, because `WAIT` blocks the one that it is sent on
   * @param replicaWaitMs how long a batch waits for a replica; later writes count as not acknowledged
   * @param replicas configured replicas of each master, whether or not they are connected
   */
  constructor(cluster: Cluster, replicaWaitMs: number, replicas: number) {
    this.#cluster = cluster;
    this.#replicaWaitMs = replicaWaitMs;
    this.#hasReplicas = replicas > 0;
  }

  /** Runs a script. @throws ShardUnavailable; other errors of Redis unchanged */
  run(script: Script | DomainScript, keys: string[], args: string[], deadlineMs: number): Promise<Written<unknown>> {
    return this.#submit(keys[0] as string, { script, keys, args }, deadlineMs);
  }

  /** Sends a command. @throws as `run` */
  command(key: string, command: string[], deadlineMs: number): Promise<Written<unknown>> {
    return this.#submit(key, { command }, deadlineMs);
  }

  /** Adds a request to the next script call of its kind. @throws as `run`; the error of one request concerns no other */
  join<Request, Answer>(
    batch: ScriptBatch<Request, Answer>,
    request: Request,
    deadlineMs: number,
  ): Promise<Written<Answer>> {
    const work = { batch: batch as ScriptBatch<unknown, unknown>, request };
    return this.#submit(batch.key, work, deadlineMs) as Promise<Written<Answer>>;
  }

  #submit(key: string, work: Work, deadlineMs: number): Promise<Written<unknown>> {
    return new Promise((resolve, reject) => {
      const until = this.#cluster.clock.monotonicMs() + deadlineMs;
      void this.#enqueue({ key, work, until, resolve, reject });
    });
  }

  /** Adds an item to the batch of the master that currently holds its key. */
  async #enqueue(item: Item): Promise<void> {
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
      if (!batch.running) void this.#flush(address);
    } catch (error) {
      this.#retry(item, error);
    }
  }

  /** The open connection to the master of a key, if any. A write that has one is sent in the same tick. */
  #connectedTo(key: string): Node | undefined {
    const master = this.#cluster.client.slots[slotOf(key)]?.master;
    return master?.connectPromise ? undefined : master?.client;
  }

  /**
   * Sends batches until none is left. Never throws: every item carries its own outcome. Yields between batches, so that callers
   * who were just answered can add their next write to the next batch.
   */
  async #flush(address: string): Promise<void> {
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
    const sent = parcelsOf(items, this.#cluster.formats).flatMap((parcel) => this.#sendParcel(node, parcel));
    const results = Promise.allSettled(sent.map(({ replies }) => replies));
    const [settled, waited] = await Promise.all([results, this.#waitForReplica(node, address)]);
    for (const [i, result] of settled.entries()) {
      for (const { item, at } of sent[i]?.items ?? []) {
        const reply = result.status === 'rejected' ? failureOf(result.reason) : result.value[at];
        // A write may be lost with its connection: send it again, to the current master.
        if (reply instanceof Error) this.#retry(item, reply);
        else if (waited instanceof Error) this.#retry(item, waited);
        else item.resolve(new Written(reply, waited));
      }
    }
  }

  /** Sends a parcel. Items with about the same deadline share a timer. */
  #sendParcel(node: Node, { items, command, read }: Parcel): Sent[] {
    if (items[0]?.asking) void node.sendCommand(['ASKING']).catch(() => undefined); // the command fails, too
    const replies = node.sendCommand(command).then(read);
    const nowMs = this.#cluster.clock.monotonicMs();
    const byDeadline = Map.groupBy(items.entries(), ([, { until }]) => Math.ceil(until / RETRY_MS));
    return [...byDeadline].map(([deadline, each]) => ({
      items: each.map(([at, item]) => ({ item, at })),
      replies: within(replies, deadline * RETRY_MS - nowMs),
    }));
  }

  /** Whether a replica acknowledged the batch, or the error if that is not known. */
  async #waitForReplica(node: Node, address: string): Promise<Durability | Error> {
    if (!this.#hasReplicas) return 'no-replica-configured';
    // No replica was connected at the last probe: do not wait.
    if (this.#cluster.shards.at(address).replicas === 0) return 'not-acknowledged';
    const waitMs = this.#waitMs(address);
    try {
      const wait = node.sendCommand(['WAIT', '1', String(waitMs)]);
      const isAcknowledged = Number(await within(wait, waitMs + ANSWER_MS)) >= 1;
      if (isAcknowledged) this.#late.delete(address);
      else if (waitMs === this.#replicaWaitMs) this.#late.set(address, this.#cluster.clock.monotonicMs());
      return isAcknowledged ? 'acknowledged' : 'not-acknowledged';
    } catch (error) {
      return failureOf(error);
    }
  }

  /** The wait for a replica in ms; short after an unacknowledged batch, until one is acknowledged again. */
  #waitMs(address: string): number {
    const late = this.#late.get(address);
    const isLate = late !== undefined && this.#cluster.clock.monotonicMs() < late + WAIT_IN_FULL_EVERY_MS;
    return isLate ? Math.min(this.#replicaWaitMs, LATE_WAIT_MS) : this.#replicaWaitMs;
  }

  /** Sends an item again after a redirection or a temporary error, until its deadline. */
  #retry(item: Item, error: unknown): void {
    const failure = failureOf(error);
    delete item.asking;
    try {
      this.#cluster.formats.learn(item.key, failure);
    } catch (unknownFormat) {
      item.reject(unknownFormat as Error);
      return;
    }
    if (isNoScript(failure) && !item.isNew) {
      item.isNew = true;
      void this.#enqueue(item);
      return;
    }
    const final = this.#finalError(item, failure);
    if (final) {
      item.reject(final);
      return;
    }
    const [code, , address] = failure.message.split(' ');
    if (code === 'ASK' && address) item.asking = address;
    const leftMs = item.until - this.#cluster.clock.monotonicMs();
    const moved = code === 'MOVED' ? this.#cluster.rediscover(leftMs).catch(() => undefined) : Promise.resolve();
    void moved.then(() => setTimeout(() => void this.#enqueue(item), code === 'MOVED' || item.asking ? 0 : RETRY_MS));
  }

  /** The final error of an item; undefined if a retry can succeed. */
  #finalError(item: Item, failure: Error): Error | undefined {
    const isLate = this.#cluster.clock.monotonicMs() + RETRY_MS >= item.until;
    if (isLate || failure instanceof ShardUnavailable || !this.#cluster.mayPass(item.key, failure))
      return this.#cluster.givenUp(item.key, failure);
    return undefined;
  }
}

const failureOf = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

/** Sorts items into commands: those that may share a script call do. */
function parcelsOf(items: Item[], formats: StoreFormats): Parcel[] {
  const parcels: Parcel[] = [];
  const open = new Map<string, Item[]>();
  for (const item of items) {
    const { work, isNew = false } = item;
    if (!('batch' in work)) {
      const command = 'command' in work ? work.command : callOf(work, isNew, formats);
      parcels.push({ items: [item], command, read: (reply) => [reply] });
      continue;
    }
    const kind = `${work.batch.name} ${isNew} ${item.asking ?? ''}`;
    const gathered = open.get(kind) ?? [];
    gathered.push(item);
    open.set(kind, gathered);
  }
  for (const gathered of open.values()) parcels.push(...sharedParcels(gathered, formats));
  return parcels;
}

/** Script calls for requests of one kind. */
function sharedParcels(items: Item[], formats: StoreFormats): Parcel[] {
  const { batch } = (items[0] as Item).work as { batch: ScriptBatch<unknown, unknown> };
  const parcels: Parcel[] = [];
  for (let from = 0; from < items.length; from += batch.most) {
    const some = items.slice(from, from + batch.most);
    const requests = some.map(({ work }) => (work as { request: unknown }).request);
    const call = { script: batch.script, ...batch.compose(requests, formats.known.get(domainOf(batch.key)) ?? OLDEST) };
    const command = callOf(call, some[0]?.isNew ?? false, formats);
    parcels.push({ items: some, command, read: (reply) => batch.read(reply, requests) });
  }
  return parcels;
}

/** @param isNew whether the node may not know the script */
function callOf({ script: asked, keys, args }: ScriptCall, isNew: boolean, formats: StoreFormats): string[] {
  const { number } = formats.known.get(domainOf(keys[0] as string)) ?? OLDEST;
  const script = 'byFormat' in asked ? (asked.byFormat.get(number) as Script) : asked;
  return [...(isNew ? ['EVAL', script.lua] : ['EVALSHA', script.sha]), String(keys.length), ...keys, ...args];
}

/** Texts that are referred to by number, counted from 1. */
export class Numbered {
  readonly all: string[] = [];
  readonly #numbers = new Map<string, number>();

  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.all.push(text));
    return this.all.length;
  }
}

/** The error of Redis before 7 begins with the place in the script. */
const PLACE_IN_SCRIPT = /^@?user_script:\s*\d+:\s*(?:@user_script:\s*\d+:\s*)?-?/;

/** The error of a request that failed alone, as its script answers it; undefined if it did not. */
export function failureIn(answer: readonly unknown[] | undefined): Error | undefined {
  const [kind, message] = answer ?? ['failed', 'ERR a script left a request without an answer'];
  return kind === 'failed' ? new Error(String(message).replace(PLACE_IN_SCRIPT, '')) : undefined;
}
