import type { Bus, Delivery } from '../../../src/bus/bus.ts';

/** What the instances of one region have handled together, in the order in which it happened. */
export class Handled {
  readonly #values = new Map<number, string[]>();

  /** What has been handled of a partition for the first time, in order. */
  of(partition: number): string[] {
    return [...new Set(this.#values.get(partition))];
  }

  /** How often anything of a partition was handled. */
  times(partition: number): number {
    return this.#values.get(partition)?.length ?? 0;
  }

  /** Of all partitions together. */
  get count(): number {
    return [...this.#values.values()].reduce((sum, values) => sum + values.length, 0);
  }

  add = async (partition: number, batch: Pick<Delivery, 'value'>[]): Promise<void> => {
    const values = this.#values.get(partition) ?? [];
    this.#values.set(partition, values);
    values.push(...batch.map(({ value }) => value));
  };
}

/** Publishes numbers to partitions without pause, each until the bus has taken it, as the outbox does. */
export class Publishing {
  /** By partition: how many the bus has said it has taken. */
  readonly taken: number[];
  #stopped = false;
  readonly #done: Promise<unknown>;

  constructor(bus: Bus) {
    this.taken = Array.from({ length: bus.partitions }, () => 0);
    this.#done = Promise.all(this.taken.map((_, partition) => this.#publish(bus, partition)));
  }

  /** Resolves with what each partition holds now. */
  async stop(): Promise<string[][]> {
    this.#stopped = true;
    await this.#done;
    return this.taken.map((count) => Array.from({ length: count }, (_, i) => `${i}`));
  }

  async #publish(bus: Bus, partition: number): Promise<void> {
    while (!this.#stopped) {
      const message = { key: `agent-${partition}`, headers: {}, value: `${this.taken[partition]}` };
      const taken = await bus.publish(partition, [message]).then(
        () => 1,
        () => 0,
      );
      this.taken[partition] = (this.taken[partition] ?? 0) + taken;
      // Some breath for those who read, in the same process.
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }
}
