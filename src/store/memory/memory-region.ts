import type { Clock } from '../../ops/clock.ts';
import { ShardUnavailable } from '../store.ts';
import { type Durability, Written } from '../written.ts';
import { MemoryDomain } from './domain.ts';
import { SharedState } from './shared-state.ts';

/** Decides what goes on next, where several operations are under way. */
export interface Scheduler {
  /** Resolves when whoever is at this point may go on. @param at such as `claim asked` */
  turn(at: string): Promise<void>;
}

interface MemoryRegionOptions {
  /** By this clock locks are judged and leases end. */
  clock: Clock;
  /** Default: everybody goes on at once. */
  scheduler?: Scheduler;
}

/** The part that holds what is of no domain: outbox, notes, leases, permits, beats. */
export const SHARED = '(shared)';

/**
 * What the stores of a region's instances have in common, without Redis: for tests and simulations. An operation reaches it,
 * is carried out in one step, and is answered; before and after that step the scheduler says who goes on.
 */
export class MemoryRegion {
  readonly clock: Clock;
  readonly shared = new SharedState();
  /** Whether the replica acknowledges what is written. */
  acknowledges = true;
  /**
   * Domains, or {@link SHARED}, that do not answer: `away` carries nothing out, `mute` does and loses the answer.
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

  /** Carries out one operation. @throws ShardUnavailable */
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

  /** Carries out one operation that writes. @param replicas as configured */
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
