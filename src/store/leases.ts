import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';

/**
 * Background work that a region's instances share. `relay`: publishing partitions. `alignments`: index checks. `expiry`:
 * forgetting agents. `connections`: reading platforms. `lapses`: ending lapsed claims. `conversions`: writing records in the store's format.
 */
export type LeasedWork = 'relay' | 'alignments' | 'expiry' | 'connections' | 'lapses' | 'conversions';

/** How an instance takes leases. */
export interface LeaseTerms {
  /** Number of leases; they are numbered from 0. */
  count: number;
  /** Unique among all instances that share the leases. */
  instance: string;
  /** Duration of a lease, in ms. Leases of a dead instance end after it. Instances renew them three times in that time. */
  ttlMs: number;
  clock: Clock;
  log: Log;
  /**
   * Resolves when this instance has stopped its work for a lease that it hands back; no other instance gets the lease before.
   * Absent if two instances may briefly work for one lease.
   */
  drain?(number: number): Promise<void>;
}

export interface LeaseOptions extends LeaseTerms {
  work: LeasedWork;
}

/** The holder of a lease. */
export interface LeaseHolder {
  /** Absent for a free lease. */
  instance?: string;
  /** Rest of the lease, in ms; 0 or less for a free one. */
  leftMs: number;
}

/** The leases of one instance for one kind of work. */
export interface Leases {
  start(): void;
  /**
   * The leases that this instance holds now. A lease ends by this instance's monotonic clock, whether the store can be
   * reached or not.
   */
  held(): Set<number>;
  /** Number of live instances at the last renewal, including this one; at least 1. */
  instances(): number;
  /**
   * Announces that this instance will stop: it takes no more leases and no longer counts as live.
   * @returns the number of other live instances
   * @throws errors of the store
   */
  retire(): Promise<number>;
  /** Drains and hands back all leases, so that other instances take over at once. */
  stop(): Promise<void>;
}

/** The leases of one kind of work in the store, shared by all instances. */
export interface LeaseTable {
  /** Marks the instance as live, renews its leases, frees those it hands back, and takes free ones up to its share. */
  renew(renewal: Renewal): Promise<Renewed>;
  /** Frees all leases of the instance and removes it from the live ones. */
  leave(instance: string): Promise<void>;
}

export interface Renewal {
  instance: string;
  ttlMs: number;
  /** Whether the instance retires: it takes no more leases and does not count as live. */
  retires: boolean;
  handedBack: number[];
}

export interface Renewed {
  /** How many leases an instance may hold. */
  share: number;
  /** Number of other live instances. */
  others: number;
  held: number[];
}

const RENEWALS_PER_TTL = 3;

/**
 * Shares leases evenly among the live instances: each holds at most `ceil(count / instances)`. The states of a lease in an
 * instance:
 *
 *   free ──taken──► held ──too many, or stop──► draining ──drained──► free
 *                     └──not renewed in time──► free
 */
export class SharedLeases implements Leases {
  readonly #terms: LeaseTerms;
  readonly #table: LeaseTable;
  /** End of each lease, in monotonic ms, counted from before the request: so it never ends later here than in the store. */
  #untilMs = new Map<number, number>();
  readonly #draining = new Map<number, Promise<void>>();
  readonly #drained = new Set<number>();
  #loop: Promise<void> = Promise.resolve();
  #renewal: Promise<unknown> = Promise.resolve();
  #others = 0;
  #retired = false;
  #stopping = false;
  #failing = false;
  #wake: () => void = () => undefined;

  /** @param table must answer in less than `ttlMs` */
  constructor(terms: LeaseTerms, table: LeaseTable) {
    this.#terms = terms;
    this.#table = table;
  }

  start(): void {
    this.#loop = this.#renewForEver();
  }

  held(): Set<number> {
    const nowMs = this.#terms.clock.monotonicMs();
    const held = new Set<number>();
    for (const [number, untilMs] of this.#untilMs) {
      if (nowMs < untilMs && !this.#draining.has(number) && !this.#drained.has(number)) held.add(number);
    }
    return held;
  }

  instances(): number {
    return 1 + this.#others;
  }

  async retire(): Promise<number> {
    this.#retired = true;
    await this.#renewInTurn();
    return this.#others;
  }

  async stop(): Promise<void> {
    this.#retired = true;
    this.#stopping = true;
    for (const number of this.#untilMs.keys()) this.#handBack(number);
    while (this.#draining.size > 0) await Promise.all(this.#draining.values());
    this.#wake();
    await this.#loop;
    const { instance, log } = this.#terms;
    try {
      await this.#table.leave(instance);
    } catch (error) {
      log.warn('leases_not_released', { err: error });
    }
  }

  /** Renews until stopped; while stopping, until all leases are drained. */
  async #renewForEver(): Promise<void> {
    for (;;) {
      try {
        await this.#renewInTurn();
        if (this.#failing) this.#terms.log.info('lease_renewal_resumed');
        this.#failing = false;
      } catch (error) {
        if (!this.#failing) this.#terms.log.warn('lease_renewal_failed', { err: error });
        this.#failing = true;
      }
      if (this.#stopping && this.#draining.size === 0) return;
      await this.#pause();
    }
  }

  /** Renews after earlier renewals have ended: one that is under way would count a retired instance as live again. */
  #renewInTurn(): Promise<void> {
    const renewed = this.#renewal.then(() => this.#renew());
    this.#renewal = renewed.catch(() => undefined); // the caller gets the error
    return renewed;
  }

  async #renew(): Promise<void> {
    const { instance, ttlMs, clock } = this.#terms;
    const handedBack = [...this.#drained];
    const untilMs = clock.monotonicMs() + ttlMs;
    const renewal = { instance, ttlMs, retires: this.#retired, handedBack };
    const { share, others, held } = await this.#table.renew(renewal);
    this.#others = others;
    for (const number of handedBack) this.#drained.delete(number);
    this.#untilMs = new Map(held.map((number) => [number, untilMs]));
    const surplus = this.#stopping ? held : this.#retired ? [] : [...this.held()].slice(share);
    for (const number of surplus) this.#handBack(number);
  }

  #handBack(number: number): void {
    if (this.#draining.has(number) || this.#drained.has(number)) return;
    const { drain = async () => undefined, log } = this.#terms;
    const drained = drain(number)
      .catch((error) => log.error('lease_drain_failed', { err: error, lease: number }))
      .then(() => {
        this.#draining.delete(number);
        this.#drained.add(number);
        this.#wake();
      });
    this.#draining.set(number, drained);
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#terms.ttlMs / RENEWALS_PER_TTL);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Repeats rounds of work for the leases that this instance holds, until stopped. */
export class LeasedRounds {
  readonly #leases: Leases;
  readonly #everyMs: number;
  readonly #round: (held: Set<number>) => Promise<void>;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /**
   * @param everyMs pause between two rounds, in ms
   * @param round works for the leases that are held when it begins; must not throw
   */
  constructor(leases: Leases, everyMs: number, round: (held: Set<number>) => Promise<void>) {
    this.#leases = leases;
    this.#everyMs = everyMs;
    this.#round = round;
  }

  /** Aborts on stop, so that a long round can end early. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  start(): void {
    this.#leases.start();
    this.#running = this.#run();
  }

  /** Resolves when the last round is over and the leases are handed back. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#leases.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#round(this.#leases.held());
      await sleep(this.#everyMs, undefined, { signal }).catch(() => undefined); // aborted by stop
    }
  }
}
