import { InvalidEvent } from '../../agent/event.ts';
import type { Bus, BusMessage } from '../../bus/bus.ts';
import { type Cause, sealLetter } from '../../bus/dead-letter.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { Metrics } from '../../ops/metrics.ts';
import type { Store } from '../../store/store.ts';
import { isOutage } from './outage.ts';

interface SetAsideOptions {
  bus: Pick<Bus, 'deadLetter'>;
  store: Pick<Store, 'notes'>;
  region: string;
  instance: string;
  clock: Clock;
  log: Log;
  metrics: Metrics;
}

/** The part of Muster that met an item it could not handle. */
type Place = 'bus' | 'outbox' | 'connection' | 'reconciler' | 'stream';

/** A set-aside item. */
export interface Aside {
  place: Place;
  /** The exact source, e.g. `bus partition 3, 1764072000123-7`. */
  from: string;
  /** The item's key, usually an agent id. */
  key: string;
  reason: string;
  /** In ms of local wall time. */
  atMs: number;
}

/** The items that an instance has set aside since it started, shared with the other instances of its region. */
interface Note {
  count: number;
  last: Aside;
}

/** The items that the region has set aside in the last hour. */
export interface AsideReport {
  count: number;
  last?: Aside;
}

/** How long an item is reported, in ms. Its dead letter stays longer. */
const TOLD_MS = 3_600_000;
/** Delay before the region's other instances can read the count, in ms. */
const SAVE_AFTER_MS = 200;
/** Length to which keys and reasons are cut for display, in characters. */
const SHOWN_LENGTH = 300;
/** How many items are remembered as reported. Beyond that all are forgotten, and may be reported again. */
const KNOWN_LIMIT = 10_000;
const FIELD = 'aside:';

/**
 * Handles items that cannot be read or processed for any reason but an outage. A message becomes a dead letter, with reason and
 * stack trace. Every item is counted, logged, and shown in `GET /v1/regions`. The caller then continues with the next
 * item.
 */
export class SetAside {
  readonly #options: SetAsideOptions;
  readonly #known = new Set<string>();
  #note: Note | undefined;
  #saving: NodeJS.Timeout | undefined;

  constructor(options: SetAsideOptions) {
    this.#options = options;
  }

  stop(): void {
    clearTimeout(this.#saving);
  }

  /**
   * Writes a dead letter. If the bus refuses it for good, the message is only logged.
   * @param from the exact source of the message
   * @throws an outage (see `isOutage`), if the bus is unavailable: retry later
   */
  async letter(message: BusMessage, error: unknown, place: Place, from: string): Promise<void> {
    const cause = this.#causeOf(error, from);
    try {
      await this.#write(message, cause);
    } catch (failure) {
      if (isOutage(failure)) throw failure;
      const { key, value } = message;
      const lost = { key: shown(key), value: shown(value), reason: cause.reason, err: failure };
      this.#options.log.error('dead_letter_not_written', lost);
    }
    this.#tell({ place, from, key: message.key, reason: cause.reason, atMs: cause.atMs }, error);
  }

  /** Reports an item that has no message to keep. */
  tell(key: string, error: unknown, place: Place, from: string): void {
    const { reason, atMs } = this.#causeOf(error, from);
    this.#tell({ place, from, key, reason, atMs }, error);
  }

  /** Whether the same error was set aside before for the same key. Remembers it: a platform repeats its data with each read. */
  isKnown(key: string, error: unknown): boolean {
    const what = `${key}\n${reasonOf(error)}`;
    if (this.#known.has(what)) return true;
    if (this.#known.size >= KNOWN_LIMIT) this.#known.clear();
    this.#known.add(what);
    return false;
  }

  /** The items that all instances of the region have set aside within the last hour. */
  async lately(): Promise<AsideReport> {
    const { store, region, instance, clock, log } = this.#options;
    const notes = new Map<string, Note>();
    try {
      const fields = await store.notes.read('region', region);
      for (const [field, text] of Object.entries(fields))
        if (field.startsWith(FIELD)) notes.set(field, JSON.parse(text));
    } catch (error) {
      log.debug('set_aside_count_not_read', { err: error });
    }
    if (this.#note) notes.set(`${FIELD}${instance}`, this.#note);
    const told = [...notes.values()].filter(({ last }) => clock.nowMs() - last.atMs < TOLD_MS);
    const [last] = told.map((note) => note.last).sort((one, other) => other.atMs - one.atMs);
    return { count: told.reduce((sum, { count }) => sum + count, 0), ...(last && { last }) };
  }

  /** Writes the whole message, or, if the bus refuses it, a short excerpt: its size or its form may be the reason. */
  async #write(message: BusMessage, cause: Cause): Promise<void> {
    const { bus } = this.#options;
    try {
      await bus.deadLetter(sealLetter(message, cause));
    } catch (failure) {
      if (isOutage(failure)) throw failure;
      const { key, value } = message;
      const whole = JSON.stringify({ key, value }).slice(0, SHOWN_LENGTH);
      await bus.deadLetter(sealLetter({ key: '', headers: {}, value: whole.toWellFormed() }, cause));
    }
  }

  #causeOf(error: unknown, from: string): Cause {
    const { region, clock } = this.#options;
    const isRead = error instanceof Error && !(error instanceof InvalidEvent) && error.stack !== undefined;
    return { reason: reasonOf(error), ...(isRead && { stack: error.stack }), region, from, atMs: clock.nowMs() };
  }

  #tell({ place, from, key, reason, atMs }: Aside, error: unknown): void {
    const { log, metrics } = this.#options;
    metrics.setAside.inc({ place });
    const told = { place, from, key: shown(key), reason: shown(reason) };
    log.warn('set_aside', { ...told, ...(!(error instanceof InvalidEvent) && { err: error }) });
    this.#note = { count: (this.#note?.count ?? 0) + 1, last: { ...told, atMs } };
    this.#saving ??= setTimeout(() => void this.#save(), SAVE_AFTER_MS);
  }

  async #save(): Promise<void> {
    const { store, region, instance, log } = this.#options;
    this.#saving = undefined;
    try {
      await store.notes.write('region', region, { [`${FIELD}${instance}`]: JSON.stringify(this.#note) }, TOLD_MS);
    } catch (error) {
      log.debug('set_aside_count_not_written', { err: error });
    }
  }
}

/** Name and message of an error; InvalidEvent needs no name. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof InvalidEvent ? error.message : `${error.name}: ${error.message}`;
}

const shown = (text: string): string => text.slice(0, SHOWN_LENGTH).toWellFormed();
