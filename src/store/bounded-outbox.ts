import { type Outbox, OutboxFull, type Unpublished, type Waiting } from './store.ts';
import type { Written } from './written.ts';

/** Default limit of changes of a domain that wait. It bounds the memory that an outage of the bus can use. */
export const MOST_WAITING = 500_000;

/** What the outbox of every store does: signals, and the limit. */
export abstract class BoundedOutbox implements Outbox {
  relayed: ReadonlySet<string> = new Set();
  onAppend: (domain: string) => boolean = () => false;
  readonly limit: number;
  #waiting: ReadonlyMap<string, Waiting> = new Map();

  constructor(limit = MOST_WAITING) {
    this.limit = limit;
  }

  abstract next(domain: string, published: Unpublished | undefined, most: number): Promise<Written<Unpublished>>;
  abstract has(domain: string, storeId: string, position: string): Promise<boolean>;
  abstract hear(listener: (domain: string) => void): Promise<void>;
  protected abstract count(): Promise<Map<string, Waiting>>;
  /** Signals to the region's other instances. Best effort. */
  protected abstract announce(domain: string): void;

  async waiting(): Promise<ReadonlyMap<string, Waiting>> {
    this.#waiting = await this.count();
    return this.#waiting;
  }

  mustHaveRoom(domain: string): void {
    if ((this.#waiting.get(domain)?.count ?? 0) < this.limit) return;
    throw new OutboxFull(`${this.limit} changes of domain ${domain} wait for the bus`);
  }

  /** Signals may be lost: relays also read their domains every second. */
  signal(domain: string): void {
    if (!this.relayed.has(domain) || !this.onAppend(domain)) this.announce(domain);
  }
}
