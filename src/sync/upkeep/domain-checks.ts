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
  /** How often due domains are looked for, in ms. */
  lookEveryMs: number;
  /** Checks a domain. Must await `pace` after each step, with the number of records read. */
  check(domain: string, pace: (records: number) => Promise<void>): Promise<void>;
  /** Called with the error of a failed check; the next check tries again. */
  failed(domain: string, error: unknown): void;
  /** Pause in ms after a check that took `tookMs`. */
  restMs(tookMs: number): number;
}

const LEASE_TTL_MS = 6000;
/** Limits the load on the store: a domain of a million agents takes some minutes. */
const RECORDS_PER_SECOND = 5000;

/** Ends a check when this instance loses the lease or stops. */
class HandedOver extends Error {}

/** Checks every domain periodically, each on the instance that holds its lease. */
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
      // The previous check may have taken minutes.
      if (!this.#mayCheck(number)) continue;
      if ((this.#dueMs.get(number) ?? 0) <= this.#options.clock.monotonicMs()) await this.#check(number);
    }
  }

  /** Whether this instance holds the domain's lease, and is not stopping. */
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

  /** Delays a check so that it keeps to `RECORDS_PER_SECOND`. */
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
