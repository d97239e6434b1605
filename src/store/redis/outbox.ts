import { randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { within } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import { changesKey, RELAY_CHANNEL, storeKey } from '../record/record.ts';
import { MOST_WAITING, type Outbox, type Unpublished, type Waiting } from '../store.ts';
import type { Written } from '../written.ts';
import { type Entry, entryOf } from './changes.ts';
import type { Cluster } from './cluster.ts';
import { scripts } from './scripts.ts';
import type { WriteBatcher } from './write-batcher.ts';

const MAX_KNOWN = 10_000;
const READ_DEADLINE_MS = 2000;
const ANNOUNCE_LIMIT_MS = 1000;

/** The outbox in Redis: the change streams of the domains, and in the same slots how far they are published. */
export class RedisOutbox implements Outbox {
  relayed: ReadonlySet<string> = new Set();
  onAppend: (domain: string) => boolean = () => false;
  counted: ReadonlyMap<string, Waiting> = new Map();
  readonly limit: number;
  readonly #lane: WriteBatcher;
  readonly #cluster: Cluster;
  readonly #log: Log;
  readonly #domains: readonly string[];
  /** Changes that this instance has read lately: positions, and the ids of the stores. A position of two stores is known of one. */
  readonly #known = new LRUCache<string, string>({ max: MAX_KNOWN });

  constructor(lane: WriteBatcher, cluster: Cluster, log: Log, domains: readonly string[], limit = MOST_WAITING) {
    this.limit = limit;
    this.#lane = lane;
    this.#log = log;
    this.#cluster = cluster;
    this.#domains = domains;
  }

  async next(domain: string, published: Unpublished | undefined, most: number): Promise<Written<Unpublished>> {
    const args = [String(most), randomUUID()];
    if (published) args.push(published.from, published.to, String(published.count), published.storeId);
    const keys = [changesKey(domain), storeKey(domain)];
    const written = await this.#lane.run(scripts.unpublished, keys, args, READ_DEADLINE_MS);
    return written.map((reply) => {
      const [storeId, latest, from, to, count, entries] = reply as RawUnpublished;
      for (const [position] of entries) this.#known.set(position, storeId);
      return { storeId, latest, from, to, count, entries: entries.map(entryOf) };
    });
  }

  async storeId(domain: string): Promise<string | undefined> {
    const store = storeKey(domain);
    return ((await this.#cluster.command(store, ['HGET', store, 'id'])) as string | null) ?? undefined;
  }

  async has(domain: string, storeId: string, position: string): Promise<boolean> {
    if (this.#known.get(position) === storeId) return true;
    const [changes, store] = [changesKey(domain), storeKey(domain)];
    const [id, found] = (await Promise.all([
      this.#cluster.command(store, ['HGET', store, 'id']),
      this.#cluster.command(changes, ['XRANGE', changes, position, position]),
    ])) as [string | null, Entry[]];
    return id === storeId && found.length > 0;
  }

  /** Forgets what it knows of the stores: after a failover they may be older. */
  forget(): void {
    this.#known.clear();
  }

  hear(listener: (domain: string) => void): Promise<void> {
    return this.#cluster.subscribe(RELAY_CHANNEL, listener);
  }

  async waiting(): Promise<ReadonlyMap<string, Waiting>> {
    const counted = this.#domains.map(async (domain) => [domain, await this.#countOf(domain)] as const);
    this.counted = new Map(await Promise.all(counted));
    return this.counted;
  }

  async #countOf(domain: string): Promise<Waiting> {
    const store = storeKey(domain);
    const counted = await this.#cluster.run(scripts.waiting, [changesKey(domain), store], []);
    const [count, oldest, leftOut] = counted as [number, string, string];
    const oldestMs = Number(oldest.split('-')[0]);
    const ageMs = count > 0 ? Math.max(0, this.#cluster.shards.nowMs() - oldestMs) : 0;
    return { count, ageMs, leftOut: Number(leftOut) };
  }

  announce(domain: string): void {
    const sent = within(this.#cluster.client.publish(RELAY_CHANNEL, domain), ANNOUNCE_LIMIT_MS);
    sent.catch((error) => this.#log.debug('relay_signal_failed', { err: error, domain }));
  }
}

type RawUnpublished = [storeId: string, latest: string, from: string, to: string, count: number, entries: Entry[]];
