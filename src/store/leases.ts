import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';

/** Work that the instances of a region share: publishing partitions, checking domains, reading platforms, ending lapsed claims. */
export type LeasedWork = 'relay' | 'alignments' | 'expiry' | 'connections' | 'lapses';

/** How an instance takes part in numbered work. */
export interface LeaseTerms {
  /** The leases are numbered from 0 to `count - 1`. */
  count: number;
  /** Unique among all instances that share the leases. */
  instance: string;
  /** How long a lease outlives an instance that died. Renewed three times in that time. */
  ttlMs: number;
  clock: Clock;
  log: Log;
  /**
   * Resolves when this instance has stopped acting on a number that it hands back; no other gets it before. Left
   * out where two may act on one number for a moment.
   */
  drain?(number: number): Promise<void>;
}

export interface LeaseOptions extends LeaseTerms {
  work: LeasedWork;
}

/** Who holds a number. */
export interface LeaseHolder {
  /** Absent where nobody does. */
  instance?: string;
  /** How long they hold it if they do not renew it, in ms; at most 0 where nobody holds it. */
  leftMs: number;
}

/** An instance's share of numbered work that only one instance at a time should do. */
export interface Leases {
  start(): void;
  /**
   * The numbers this instance may act on now. A number leaves the set by itself when its lease time is over by this
   * instance's own monotonic clock, whether the store can be reached or not.
   */
  held(): Set<number>;
  /** How many instances live, this one included, as known at the last renewal; at least 1. */
  instances(): number;
  /**
   * Says that this instance will stop: it takes nothing more, and no longer counts among those that live. Resolves to
   * how many others do. @throws what the store throws
   */
  retire(): Promise<number>;
  /** Drains and hands back everything, so that others take over at once. */
  stop(): Promise<void>;
}

/** Where the leases of some work lie, which all instances that share them have in common. */
export interface LeaseTable {
  /** Says that the instance lives, renews what it holds, frees what it hands back, and takes free numbers up to its share. */
  renew(renewal: Renewal): Promise<Renewed>;
  /** Frees all that the instance holds, and forgets it. */
  leave(instance: string): Promise<void>;
}

export interface Renewal {
  instance: string;
  ttlMs: number;
  /** It takes nothing more, and does not count among those that live. */
  retires: boolean;
  handedBack: number[];
}

export interface Renewed {
  /** How many numbers an instance may hold. */
  share: number;
  /** How many other instances live. */
  others: number;
  held: number[];
}

const RENEWALS_PER_TTL = 3;

/**
 * Shares `count` leases evenly among the living instances: each holds at most `ceil(count / instances)`. One number's
 * life in an instance:
 *
 *   free ──taken──► held ──too many, or stop──► draining ──drained──► free
 *                     └──not renewed in time──► free
 */
export class SharedLeases implements Leases {
  readonly #terms: LeaseTerms;
  readonly #table: LeaseTable;
  /** When each lease ends, in monotonic ms counted from before it was asked for. */
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

  /** Renews, even while stopping, until nothing is left to drain. */
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

  /** One at a time: one that is still under way would count a retired instance among the living again. */
  #renewInTurn(): Promise<void> {
    const renewed = this.#renewal.then(() => this.#renew());
    this.#renewal = renewed.catch(() => undefined); // whoever asked for it is told
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

/** Repeats rounds of work over the leases that this instance holds, until it is stopped. */
export class LeasedRounds {
  readonly #leases: Leases;
  readonly #everyMs: number;
  readonly #round: (held: Set<number>) => Promise<void>;
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  /**
   * @param everyMs pause between two rounds, in ms
   * @param round works on the numbers that are held as it begins; must not throw
   */
  constructor(leases: Leases, everyMs: number, round: (held: Set<number>) => Promise<void>) {
    this.#leases = leases;
    this.#everyMs = everyMs;
    this.#round = round;
  }

  /** Aborted when the rounds are to stop: a long round ends early. */
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
      await sleep(this.#everyMs, undefined, { signal }).catch(() => undefined); // it is to stop
    }
  }
}
