import type { Config } from '../../config/schema.ts';
import { domainsOf } from '../../config/topology.ts';
import { type Outbox, OutboxFull, type Unpublished } from '../store.ts';
import type { Written } from '../written.ts';
import { type MemoryRegion, SHARED } from './memory-region.ts';

/** The outbox in memory: the changes of the domains. */
export class MemoryOutbox implements Outbox {
  relayed: ReadonlySet<string> = new Set();
  onAppend: (domain: string) => boolean = () => false;
  readonly #region: MemoryRegion;
  readonly #config: Config;
  readonly #maxWaiting: number;
  readonly #waiting = new Map<string, number>();

  constructor(region: MemoryRegion, config: Config, maxWaiting: number) {
    this.#region = region;
    this.#config = config;
    this.#maxWaiting = maxWaiting;
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

  async waiting(): Promise<ReadonlyMap<string, number>> {
    for (const domain of domainsOf(this.#config)) {
      this.#waiting.set(domain, await this.#region.run(domain, 'waiting', () => this.#region.domain(domain).waiting));
    }
    return new Map(this.#waiting);
  }

  mustHaveRoom(domain: string): void {
    if ((this.#waiting.get(domain) ?? 0) < this.#maxWaiting) return;
    throw new OutboxFull(`${this.#maxWaiting} changes of domain ${domain} wait for the bus`);
  }

  signal(domain: string): void {
    if (this.relayed.has(domain) && this.onAppend(domain)) return;
    for (const listener of this.#region.shared.hearing) listener(domain);
  }

  hear(listener: (domain: string) => void): Promise<void> {
    return this.#region.run(SHARED, 'hear', () => void this.#region.shared.hearing.push(listener));
  }
}
