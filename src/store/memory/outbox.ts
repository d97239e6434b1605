import type { Config } from '../../config/schema.ts';
import { type Outbox, type OutboxEntry, OutboxFull, type Place } from '../store.ts';
import type { Written } from '../written.ts';
import { type MemoryRegion, SHARED } from './memory-region.ts';

/** The outbox in memory: a list of entries for each partition. */
export class MemoryOutbox implements Outbox {
  readonly partitions: number;
  onAppend: (partition: number) => void = () => undefined;
  readonly #region: MemoryRegion;
  readonly #replicas: number;
  readonly #maxEntries: number;
  readonly #lengths: number[];

  constructor(region: MemoryRegion, { bus, redis }: Config, maxEntries: number) {
    this.#region = region;
    this.#replicas = redis.replicas;
    this.partitions = bus.partitions;
    this.#maxEntries = maxEntries;
    this.#lengths = new Array<number>(bus.partitions).fill(0);
  }

  async append(partition: number, fields: string[]): Promise<Written<Place>> {
    if ((this.#lengths[partition] ?? 0) >= this.#maxEntries) {
      throw new OutboxFull(`${this.#maxEntries} events of partition ${partition} wait for the bus`);
    }
    const written = await this.#region.write(SHARED, 'append', this.#replicas, () => {
      const entry = `${++this.#region.shared.entries}-0`;
      this.#entries(partition).push({ id: entry, fields: [...fields] });
      return { partition, entry };
    });
    this.onAppend(partition);
    return written;
  }

  oldest(partition: number, count: number): Promise<OutboxEntry[]> {
    return this.#region.run(SHARED, 'oldest', () => structuredClone(this.#entries(partition).slice(0, count)));
  }

  remove(partition: number, ids: string[]): Promise<void> {
    return this.#region.run(SHARED, 'remove', () => {
      const left = this.#entries(partition).filter(({ id }) => !ids.includes(id));
      this.#region.shared.outbox.set(partition, left);
    });
  }

  async lengths(): Promise<number[]> {
    const lengths = await this.#region.run(SHARED, 'lengths', () =>
      this.#lengths.map((_, partition) => this.#entries(partition).length),
    );
    this.#lengths.splice(0, lengths.length, ...lengths);
    return lengths;
  }

  announce(partition: number): Promise<void> {
    return this.#region.run(SHARED, 'announce', () => {
      for (const listener of this.#region.shared.hearing) listener(partition);
    });
  }

  async hear(listener: (partition: number) => void): Promise<void> {
    this.#region.shared.hearing.push(listener);
  }

  #entries(partition: number): OutboxEntry[] {
    const { outbox } = this.#region.shared;
    const known = outbox.get(partition) ?? [];
    outbox.set(partition, known);
    return known;
  }
}
