import { setTimeout as delay } from 'node:timers/promises';
import type { Bus, BusMessage } from '../../bus/bus.ts';
import { readFields, withPosition } from '../../bus/envelope.ts';
import type { Log } from '../../ops/log.ts';
import type { Metrics } from '../../ops/metrics.ts';
import type { Leases } from '../../store/leases.ts';
import type { Outbox, OutboxEntry } from '../../store/store.ts';
import { isOutage } from './outage.ts';
import type { SetAside } from './set-aside.ts';

interface RelayOptions {
  outbox: Outbox;
  bus: Bus;
  /** Which partitions this instance relays. */
  leases: Leases;
  region: string;
  setAside: Pick<SetAside, 'letter'>;
  log: Log;
  metrics: Metrics;
}

const BATCH = 500;
/** How often a partition is looked at without having been told, in case a telling was lost. */
const LOOK_EVERY_MS = 1000;
const MAX_BACKOFF_MS = 2000;
/** A relay that stops publishes for this long at most; the rest waits for the region's next one. */
const STOP_LIMIT_MS = 5000;

/**
 * Publishes the outbox in order and deletes what the bus confirmed. Per partition:
 *
 *   waiting ──append, or time──► publishing ──confirmed──► deleting ──more──► publishing
 *                                    │ bus away                   └──empty──► waiting
 *                                    └──► backing off (to 2 s) ──► publishing
 *
 * What the bus takes never is set aside, alone; it is lost to the other regions, and said so.
 * Two relays of one partition, around a lease's end, publish twice; that is harmless, because versions decide.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #running = new Map<number, Promise<void>>();
  readonly #backingOff = new Set<number>();
  /** Partitions with something appended since they were last read. */
  readonly #news = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  #inherited = new Set<number>();
  /** Those it could publish when it last looked, so that an append costs no look. A lease that ended since is noticed before anything is published. */
  #lastMine = new Set<number>();
  #stopped = false;
  #away = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    options.outbox.onAppend = (partition) => this.#told(partition);
  }

  /** @throws ShardUnavailable */
  async start(): Promise<void> {
    await this.#options.outbox.hear((partition) => {
      if (this.#lastMine.has(partition)) this.#poke(partition);
    });
    this.#timer = setInterval(() => this.#pokeAll(), LOOK_EVERY_MS);
  }

  /**
   * Publishes what it can at once, then stops; what is left waits for the region's next relay.
   * @param inherited partitions to publish besides those it holds, as nobody else will
   */
  async stop(inherited: Iterable<number> = []): Promise<void> {
    clearInterval(this.#timer);
    this.#inherited = new Set(inherited);
    this.#pokeAll();
    const done = new AbortController();
    const late = delay(STOP_LIMIT_MS, undefined, { signal: done.signal }).catch(() => undefined);
    const drained = async (): Promise<void> => {
      while (this.#running.size > 0) await Promise.all(this.#running.values());
    };
    await Promise.race([drained(), late]);
    done.abort();
    this.#stopped = true;
  }

  /** The partitions it may publish now. */
  #mine(): Set<number> {
    this.#lastMine = new Set([...this.#options.leases.held(), ...this.#inherited]);
    return this.#lastMine;
  }

  /** Something was appended here: publish it, or tell the instance whose partition it is. */
  #told(partition: number): void {
    const { outbox, log } = this.#options;
    if (this.#lastMine.has(partition) && this.#poke(partition)) return;
    outbox.announce(partition).catch((error) => log.debug('relay_signal_failed', { err: error }));
  }

  #pokeAll(): void {
    for (const partition of this.#mine()) this.#poke(partition);
  }

  /** Has a partition published soon. @returns false if another instance must do it */
  #poke(partition: number): boolean {
    this.#news.add(partition);
    if (this.#stopped || !this.#mine().has(partition)) return false;
    if (this.#running.has(partition) || this.#backingOff.has(partition)) return true;
    const drained = this.#drain(partition).finally(() => {
      this.#running.delete(partition);
      // What was appended after the last look would otherwise wait for the next.
      if (this.#news.has(partition)) this.#poke(partition);
    });
    this.#running.set(partition, drained);
    return true;
  }

  /** Publishes until the partition's outbox is empty. Never throws. */
  async #drain(partition: number): Promise<void> {
    const { outbox } = this.#options;
    try {
      while (!this.#stopped && this.#mine().has(partition)) {
        this.#news.delete(partition);
        const entries = await outbox.oldest(partition, BATCH);
        if (entries.length === 0) return;
        await this.#publish(partition, entries);
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

  /** An entry that the bus will never take becomes a dead letter; those behind it are published. */
  async #publish(partition: number, entries: OutboxEntry[]): Promise<void> {
    const { bus, region, setAside } = this.#options;
    try {
      await bus.publish(partition, messagesOf(entries, region));
    } catch (error) {
      if (isOutage(error)) throw error;
      const [first, ...more] = entries;
      if (first && more.length === 0)
        return setAside.letter(readFields(first.fields), error, 'outbox', `outbox ${partition}, ${first.id}`);
      for (const entry of entries) await this.#publish(partition, [entry]);
    }
  }

  #confirmed(count: number): void {
    this.#options.metrics.relayed.inc(count);
    if (!this.#away) return;
    this.#away = false;
    this.#options.log.info('bus_write_resumed');
  }

  #backOff(partition: number, error: unknown): void {
    if (!this.#away) this.#options.log.warn('bus_write_failed', { err: error, partition });
    this.#away = true;
    this.#backingOff.add(partition);
    const waitMs = MAX_BACKOFF_MS * (0.25 + 0.75 * Math.random());
    setTimeout(() => {
      this.#backingOff.delete(partition);
      this.#poke(partition);
    }, waitMs).unref();
  }
}

/** What lies in order behind one another needs one position: where the last has been applied, all have. */
function messagesOf(entries: OutboxEntry[], region: string): BusMessage[] {
  return entries.map(({ id, fields }, i) => {
    const message = readFields(fields);
    return i === entries.length - 1 ? withPosition(message, { region, entry: id }) : message;
  });
}
