import type { Clock } from '../../ops/clock.ts';
import { ShardUnavailable } from '../store.ts';
import { type Durability, Written } from '../written.ts';
import { MemoryDomain } from './domain.ts';
import { SharedState } from './shared-state.ts';

/** Decides the order in which concurrent operations continue. */
export interface Scheduler {
  /** Resolves when the operation at this point may continue. @param at e.g. `claim asked` */
  turn(at: string): Promise<void>;
}

interface MemoryRegionOptions {
  /** Decides when locks and leases expire. */
  clock: Clock;
  /** Default: all operations continue at once. */
  scheduler?: Scheduler;
}

/** The part of the store that belongs to no domain: notes, leases, permits, heartbeat sequence. */
export const SHARED = '(shared)';

/**
 * The state that the stores of a region's instances share, without Redis: for tests and simulations. An operation waits, runs
 * in one atomic step, waits again, and returns; the scheduler decides how long it waits.
 */
export class MemoryRegion {
  readonly clock: Clock;
  readonly shared = new SharedState();
  /** Whether the replica acknowledges writes. */
  acknowledges = true;
  /**
   * Domains, or {@link SHARED}, that do not answer: `away` carries nothing out, `mute` carries it out and loses the answer.
   */
  readonly outages = new Map<string, 'away' | 'mute'>();
  readonly #scheduler: Scheduler | undefined;
  readonly #domains = new Map<string, MemoryDomain>();

  constructor({ clock, scheduler }: MemoryRegionOptions) {
    this.clock = clock;
    this.#scheduler = scheduler;
  }

  nowMs(): number {
    return Math.round(this.clock.nowMs());
  }

  /** Runs one operation. @throws ShardUnavailable */
  async run<T>(part: string, name: string, step: () => T, deadlineMs = Number.POSITIVE_INFINITY): Promise<T> {
    const untilMs = this.clock.monotonicMs() + deadlineMs;
    await this.#scheduler?.turn(`${name} asked`);
    if (this.outages.get(part) === 'away') throw new ShardUnavailable(`${part} is away`);
    const answer = step();
    await this.#scheduler?.turn(`${name} answered`);
    if (this.outages.get(part) === 'mute') throw new ShardUnavailable(`${part} does not answer`);
    if (this.clock.monotonicMs() > untilMs) throw new ShardUnavailable(`${part} did not answer in time`);
    return answer;
  }

  /** Runs one operation that writes. @param replicas as configured @throws ShardUnavailable */
  async write<T>(
    part: string,
    name: string,
    replicas: number,
    step: () => T,
    deadlineMs?: number,
  ): Promise<Written<T>> {
    const acknowledged = this.acknowledges ? 'acknowledged' : 'not-acknowledged';
    const durability: Durability = replicas > 0 ? acknowledged : 'no-replica-configured';
    return new Written(await this.run(part, name, step, deadlineMs), durability);
  }

  domain(name: string): MemoryDomain {
    const known = this.#domains.get(name) ?? new MemoryDomain();
    this.#domains.set(name, known);
    return known;
  }
}
