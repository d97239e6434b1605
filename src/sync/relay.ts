import type { Bus } from '../bus/bus.ts';
import { sealHeartbeat } from '../bus/envelope.ts';
import type { Leases } from '../cache/leases.ts';
import type { Clock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { Outbox } from './outbox.ts';

interface RelayOptions {
  outbox: Outbox;
  bus: Bus;
  /** Which partitions this instance relays. */
  leases: Leases;
  region: string;
  heartbeatMs: number;
  clock: Clock;
  log: Log;
  metrics: Metrics;
}

const BATCH = 500;
/** How often a partition is looked at when nobody here appended to it: entries of the region's other instances. */
const LOOK_EVERY_MS = 50;
const MAX_BACKOFF_MS = 2000;

/**
 * Publishes the outbox in order and deletes what the bus confirmed. Per partition:
 *
 *   waiting ──append, or time──► publishing ──confirmed──► deleting ──more──► publishing
 *                                    │ bus away                   └──empty──► waiting
 *                                    └──► backing off (to 2 s) ──► publishing
 *
 * Two relays of one partition, around a lease's end, publish twice; that is harmless, because versions decide.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #running = new Map<number, Promise<void>>();
  readonly #backoffMs = new Map<number, number>();
  #timers: NodeJS.Timeout[] = [];
  #stopped = false;
  #away = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    options.outbox.onAppend = (partition) => this.#poke(partition);
  }

  start(): void {
    this.#timers = [
      setInterval(() => this.#pokeAll(), LOOK_EVERY_MS),
      setInterval(() => this.#beat(), this.#options.heartbeatMs),
    ];
    this.#beat();
  }

  /** Publishes what it can at once, then stops; what is left waits for the region's next relay. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#pokeAll();
    await Promise.all(this.#running.values());
    this.#stopped = true;
  }

  #pokeAll(): void {
    for (const partition of this.#options.leases.held()) this.#poke(partition);
  }

  #poke(partition: number): void {
    if (this.#stopped || this.#running.has(partition) || this.#backoffMs.has(partition)) return;
    if (!this.#options.leases.held().has(partition)) return;
    this.#running.set(
      partition,
      this.#drain(partition).finally(() => this.#running.delete(partition)),
    );
  }

  /** Publishes until the partition's outbox is empty. Never throws. */
  async #drain(partition: number): Promise<void> {
    const { outbox, bus, leases } = this.#options;
    try {
      while (leases.held().has(partition)) {
        const entries = await outbox.oldest(partition, BATCH);
        if (entries.length === 0) return;
        await bus.publish(
          partition,
          entries.map((entry) => entry.message),
        );
        await outbox.remove(
          partition,
          entries.map((entry) => entry.id),
        );
        this.#confirmed(entries.length);
        if (entries.length < BATCH) return;
      }
    } catch (error) {
      this.#backOff(partition, error);
    }
  }

  #confirmed(count: number): void {
    this.#options.metrics.relayed.inc(count);
    if (!this.#away) return;
    this.#away = false;
    this.#options.log.info({}, 'the bus takes events again; the outbox is draining');
  }

  #backOff(partition: number, error: unknown): void {
    if (!this.#away)
      this.#options.log.warn({ err: error, partition }, 'cannot relay to the bus; events wait in the outbox');
    this.#away = true;
    const waitMs = this.#backoffMs.get(partition) ?? this.#nextBackoffMs();
    this.#backoffMs.set(partition, waitMs);
    setTimeout(() => {
      this.#backoffMs.delete(partition);
      this.#poke(partition);
    }, waitMs).unref();
  }

  #nextBackoffMs(): number {
    return MAX_BACKOFF_MS * (0.25 + 0.75 * Math.random());
  }

  /** Puts a heartbeat behind everything this region has accepted so far, in every partition it relays. */
  #beat(): void {
    const { outbox, leases, region, clock, log } = this.#options;
    const heartbeat = { region, timestampMs: clock.nowMs() };
    for (const partition of leases.held()) {
      outbox
        .appendTo(partition, sealHeartbeat(heartbeat, partition))
        .catch((error) => log.debug({ err: error, partition }, 'heartbeat not written'));
    }
  }
}
