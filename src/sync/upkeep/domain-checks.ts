import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { LeasedWork, Leases } from '../../store/leases.ts';
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
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: DomainChecksOptions) {
    const { store, domains } = options;
    this.#options = options;
    this.#leases = store.leases({ ...options, count: domains.length, ttlMs: LEASE_TTL_MS });
  }

  start(): void {
    this.#leases.start();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#leases.stop();
  }

  async #run(): Promise<void> {
    const { clock, lookEveryMs } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      for (const number of this.#leases.held()) {
        if ((this.#dueMs.get(number) ?? 0) <= clock.monotonicMs()) await this.#check(number);
      }
      await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined); // it is to stop
    }
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
    const { signal } = this.#stopping;
    const startedMs = clock.monotonicMs();
    let read = 0;
    return async (records) => {
      read += records;
      const aheadMs = startedMs + (read / RECORDS_PER_SECOND) * 1000 - clock.monotonicMs();
      if (aheadMs > 0) await sleep(aheadMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted || !this.#leases.held().has(number)) throw new HandedOver();
    };
  }
}
