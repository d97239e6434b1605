import type { Config } from '../../config/schema.ts';
import { domainsOf } from '../../config/topology.ts';
import { MOST_WAITING, type Outbox, type Unpublished, type Waiting } from '../store.ts';
import type { Written } from '../written.ts';
import { type MemoryRegion, SHARED } from './memory-region.ts';

/** The outbox in memory: the changes of the domains. */
export class MemoryOutbox implements Outbox {
  relayed: ReadonlySet<string> = new Set();
  onAppend: (domain: string) => boolean = () => false;
  readonly limit: number;
  #counted: ReadonlyMap<string, Waiting> = new Map();
  readonly #region: MemoryRegion;
  readonly #config: Config;

  constructor(region: MemoryRegion, config: Config, limit = MOST_WAITING) {
    this.limit = limit;
    this.#region = region;
    this.#config = config;
  }

  get counted(): ReadonlyMap<string, Waiting> {
    return this.#counted;
  }

  next(domain: string, published: Unpublished | undefined, most: number): Promise<Written<Unpublished>> {
    const step = () => structuredClone(this.#region.domain(domain).unpublished(published, most));
    return this.#region.write(domain, 'next', this.#config.redis.replicas, step);
  }

  storeId(domain: string): Promise<string | undefined> {
    return this.#region.run(domain, 'storeId', () => this.#region.domain(domain).storeId);
  }

  has(domain: string, storeId: string, position: string): Promise<boolean> {
    return this.#region.run(domain, 'has', () => this.#region.domain(domain).has(storeId, position));
  }

  hear(listener: (domain: string) => void): Promise<void> {
    return this.#region.run(SHARED, 'hear', () => void this.#region.shared.hearing.push(listener));
  }

  async waiting(): Promise<ReadonlyMap<string, Waiting>> {
    const waiting = new Map<string, Waiting>();
    for (const domain of domainsOf(this.#config)) {
      const count = (): Waiting => this.#region.domain(domain).waiting(this.#region.nowMs());
      waiting.set(domain, await this.#region.run(domain, 'waiting', count));
    }
    this.#counted = waiting;
    return waiting;
  }

  announce(domain: string): void {
    for (const listener of this.#region.shared.hearing) listener(domain);
  }
}
