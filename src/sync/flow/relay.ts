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
  /** Leases of the partitions that this instance relays. */
  leases: Leases;
  region: string;
  setAside: Pick<SetAside, 'letter'>;
  log: Log;
  metrics: Metrics;
}

const BATCH = 500;
/** How often each partition is read even without a signal, in case one was lost. */
const LOOK_EVERY_MS = 1000;
/** How long signals for other instances' partitions gather until it looks whether a lease has come. */
const LOOK_SOON_MS = 100;
const MAX_BACKOFF_MS = 2000;
/** How long a stopping relay may go on publishing; the region's next relay publishes the rest. */
const STOP_LIMIT_MS = 5000;

/**
 * Publishes the outbox in order and deletes the entries that the bus confirmed. For each partition:
 *
 *   waiting ──append, or time──► publishing ──confirmed──► deleting ──more──► publishing
 *                                    │ bus unavailable            └──empty──► waiting
 *                                    └──► backing off (to 2 s) ──► publishing
 *
 * An entry that the bus refuses for good becomes a dead letter; other regions never receive it. When a lease changes hands, two
 * relays may publish the same entries. That does no harm, because versions decide.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #running = new Map<number, Promise<void>>();
  readonly #backingOff = new Set<number>();
  /** Partitions with something appended since they were last read. */
  readonly #news = new Set<number>();
  #timer: NodeJS.Timeout | undefined;
  #inherited = new Set<number>();
  /** Cache of `#mine()`: computing it for each append is slow. `#poke` checks again, so a lease that ended since does no harm. */
  #lastMine = new Set<number>();
  /** Partitions that were signalled and were another instance's at the last look. */
  readonly #signalled = new Set<number>();
  #looksSoon: NodeJS.Timeout | undefined;
  #stopped = false;
  #away = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    options.outbox.onAppend = (partition) => this.#told(partition);
  }

  /** @throws ShardUnavailable */
  async start(): Promise<void> {
    await this.#options.outbox.hear((partition) => this.#heard(partition));
    this.#timer = setInterval(() => this.#pokeAll(), LOOK_EVERY_MS);
    this.#pokeAll();
  }

  /**
   * Publishes what it can, then stops; the region's next relay publishes the rest.
   * @param inherited partitions to publish in addition, because no other instance is left to do so
   */
  async stop(inherited: Iterable<number> = []): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#looksSoon);
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

  /** The partitions that this instance may publish now. */
  #mine(): Set<number> {
    this.#lastMine = new Set([...this.#options.leases.held(), ...this.#inherited]);
    return this.#lastMine;
  }

  /** Called after an append: publishes the partition, or signals the instance that relays it. */
  #told(partition: number): void {
    const { outbox, log } = this.#options;
    if (this.#lastMine.has(partition) && this.#poke(partition)) return;
    outbox.announce(partition).catch((error) => log.debug('relay_signal_failed', { err: error }));
  }

  /** Called with another instance's signal, and with its own. A lease that came since the last look is found a moment later. */
  #heard(partition: number): void {
    if (this.#lastMine.has(partition)) {
      this.#poke(partition);
      return;
    }
    this.#signalled.add(partition);
    if (this.#stopped || this.#looksSoon) return;
    this.#looksSoon = setTimeout(() => {
      this.#looksSoon = undefined;
      const mine = this.#mine();
      for (const each of this.#signalled) if (mine.has(each)) this.#poke(each);
      this.#signalled.clear();
    }, LOOK_SOON_MS);
  }

  #pokeAll(): void {
    for (const partition of this.#mine()) this.#poke(partition);
  }

  /** Publishes a partition soon. @returns false if another instance must do it */
  #poke(partition: number): boolean {
    this.#news.add(partition);
    if (this.#stopped || !this.#mine().has(partition)) return false;
    if (this.#running.has(partition) || this.#backingOff.has(partition)) return true;
    const drained = this.#drain(partition).finally(() => {
      this.#running.delete(partition);
      // An entry that was appended after the last read would otherwise wait for the timer.
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

  /** Publishes entries. One that the bus refuses for good becomes a dead letter, and the others are published. */
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

/** Only the last message of a batch carries a position: messages are applied in order. */
function messagesOf(entries: OutboxEntry[], region: string): BusMessage[] {
  return entries.map(({ id, fields }, i) => {
    const message = readFields(fields);
    return i === entries.length - 1 ? withPosition(message, { region, entry: id }) : message;
  });
}
