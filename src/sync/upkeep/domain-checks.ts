import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import { LeasedRounds, type LeasedWork, type Leases } from '../../store/leases.ts';
import type { Store } from '../../store/store.ts';

interface DomainChecksOptions {
  store: Pick<Store, 'leases'>;
  instance: string;
  clock: Clock;
  log: Log;
  domains: string[];
  work: LeasedWork;
  /** How often it is looked for what is due, in ms. */
  lookEveryMs: number;
  /** Goes through a domain; waits for `pace` after every so many records. */
  check(domain: string, pace: (records: number) => Promise<void>): Promise<void>;
  /** What is not done now is done at the next check. */
  failed(domain: string, error: unknown): void;
  /** From the end of a check that took so long to the next one, in ms. */
  restMs(tookMs: number): number;
}

const LEASE_TTL_MS = 6000;
/** A domain of a million agents is looked through in the background of its callers: in some minutes, not at once. */
const RECORDS_PER_SECOND = 5000;

/** Ends a check that is not this instance's any more. */
class HandedOver extends Error {}

/** Looks through every domain again and again, each on the one instance of the region that has its lease. */
export class DomainChecks {
  readonly #options: DomainChecksOptions;
  readonly #leases: Leases;
  /** Monotonic ms from which a domain is checked again. */
  readonly #dueMs = new Map<number, number>();
  readonly #rounds: LeasedRounds;

  constructor(options: DomainChecksOptions) {
    const { store, domains, lookEveryMs } = options;
    this.#options = options;
    this.#leases = store.leases({ ...options, count: domains.length, ttlMs: LEASE_TTL_MS });
    this.#rounds = new LeasedRounds(this.#leases, lookEveryMs, (held) => this.#checkDue(held));
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async #checkDue(held: Set<number>): Promise<void> {
    for (const number of held) {
      // The check before may have taken minutes.
      if (!this.#mayCheck(number)) continue;
      if ((this.#dueMs.get(number) ?? 0) <= this.#options.clock.monotonicMs()) await this.#check(number);
    }
  }

  /** Whether a domain is this instance's now, and the instance goes on. */
  #mayCheck(number: number): boolean {
    return !this.#rounds.stopping.aborted && this.#leases.held().has(number);
  }

  /** Never throws. */
  async #check(number: number): Promise<void> {
    const { clock, domains, check, failed, restMs } = this.#options;
    const domain = domains[number] as string;
    const startedMs = clock.monotonicMs();
    try {
      await check(domain, this.#pacer(number));
    } catch (error) {
      if (error instanceof HandedOver) return;
      failed(domain, error);
    }
    const endedMs = clock.monotonicMs();
    this.#dueMs.set(number, endedMs + restMs(endedMs - startedMs));
  }

  /** Lets as much time pass as the records since the start may take. */
  #pacer(number: number): (records: number) => Promise<void> {
    const { clock } = this.#options;
    const { stopping: signal } = this.#rounds;
    const startedMs = clock.monotonicMs();
    let read = 0;
    return async (records) => {
      read += records;
      const aheadMs = startedMs + (read / RECORDS_PER_SECOND) * 1000 - clock.monotonicMs();
      if (aheadMs > 0) await sleep(aheadMs, undefined, { signal }).catch(() => undefined);
      if (!this.#mayCheck(number)) throw new HandedOver();
    };
  }
}
