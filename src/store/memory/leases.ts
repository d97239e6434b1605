import type { LeaseHolder, LeaseTable, Renewal, Renewed } from '../leases.ts';
import { type MemoryRegion, SHARED } from './memory-region.ts';
import type { LeasesState } from './shared-state.ts';

/** The `count` leases of one kind of work. */
export class MemoryLeaseTable implements LeaseTable {
  readonly #region: MemoryRegion;
  readonly #work: string;
  readonly #count: number;

  constructor(region: MemoryRegion, work: string, count: number) {
    this.#region = region;
    this.#work = work;
    this.#count = count;
  }

  renew({ instance, ttlMs, retires, handedBack }: Renewal): Promise<Renewed> {
    return this.#region.run(SHARED, 'renew', () => {
      const { instances, holders } = this.#valid();
      const untilMs = this.#region.nowMs() + ttlMs;
      instances.delete(instance);
      const others = instances.size;
      if (!retires) instances.set(instance, untilMs);
      const share = Math.ceil(this.#count / (others + 1));
      for (const number of handedBack) if (holders.get(number)?.instance === instance) holders.delete(number);
      const numbers = [...Array(this.#count).keys()];
      const held = numbers.filter((number) => holders.get(number)?.instance === instance);
      const free = retires ? [] : numbers.filter((number) => !holders.has(number));
      held.push(...free.slice(0, Math.max(0, share - held.length)));
      for (const number of held) holders.set(number, { instance, untilMs });
      return { share, others, held };
    });
  }

  leave(instance: string): Promise<void> {
    return this.#region.run(SHARED, 'leave', () => {
      const { instances, holders } = this.#valid();
      instances.delete(instance);
      for (const [number, holder] of holders) if (holder.instance === instance) holders.delete(number);
    });
  }

  instances(): Promise<string[]> {
    return this.#region.run(SHARED, 'instances', () => [...this.#valid().instances.keys()].sort());
  }

  holders(): Promise<LeaseHolder[]> {
    return this.#region.run(SHARED, 'holders', () => {
      const { holders } = this.#valid();
      return Array.from({ length: this.#count }, (_, number) => {
        const { instance, untilMs = 0 } = holders.get(number) ?? {};
        return instance === undefined ? { leftMs: 0 } : { instance, leftMs: untilMs - this.#region.nowMs() };
      });
    });
  }

  /** The state without expired entries. */
  #valid(): LeasesState {
    const { leases } = this.#region.shared;
    const nowMs = this.#region.nowMs();
    const state = leases.get(this.#work) ?? { instances: new Map(), holders: new Map() };
    leases.set(this.#work, state);
    for (const [instance, untilMs] of state.instances) if (untilMs <= nowMs) state.instances.delete(instance);
    for (const [number, { untilMs }] of state.holders) if (untilMs <= nowMs) state.holders.delete(number);
    return state;
  }
}
