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

/** Where something was met that could not be handled. */
type Place = 'bus' | 'outbox' | 'connection' | 'reconciler' | 'stream';

/** Something that was set aside. */
export interface Aside {
  place: Place;
  /** More exactly, e.g. `bus partition 3, 1764072000123-7`. */
  from: string;
  /** Whose it was: an agent's id, as a rule. */
  key: string;
  reason: string;
  /** In ms of local wall time. */
  atMs: number;
}

/** What an instance has set aside since it started, for the others of its region. */
interface Note {
  count: number;
  last: Aside;
}

/** What the region has set aside lately. */
export interface AsideReport {
  count: number;
  last?: Aside;
}

/** For so long somebody is told of it, in ms; after that it is in the dead letters alone. */
const TOLD_MS = 3_600_000;
/** How soon the region's other instances know, in ms. */
const SAVE_AFTER_MS = 200;
/** What is shown of a key and a reason, in characters. */
const SHOWN_LENGTH = 300;
/** Things whose like is told once; of more some are told again. */
const KNOWN_LIMIT = 10_000;
const FIELD = 'aside:';

/**
 * Where everything goes that cannot be read or done, for any reason but an outage: a message to the dead letters, with the
 * reason and the stack, and all of it into the counts, the log and what operators look at first. Whoever sets something
 * aside goes on with what stands behind it.
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
   * Puts a message into the dead letters. One that cannot be written there, either, is in the log alone.
   * @param from where exactly it was met
   * @throws what `isOutage` calls an outage: the bus is away, and the message is to be brought again
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

  /** Tells of something of which there is no message to keep. */
  tell(key: string, error: unknown, place: Place, from: string): void {
    const { reason, atMs } = this.#causeOf(error, from);
    this.#tell({ place, from, key, reason, atMs }, error);
  }

  /** Whether the same was set aside before, of the same agent: what is read again and again is kept once. */
  isKnown(key: string, error: unknown): boolean {
    const what = `${key}\n${reasonOf(error)}`;
    if (this.#known.has(what)) return true;
    if (this.#known.size >= KNOWN_LIMIT) this.#known.clear();
    this.#known.add(what);
    return false;
  }

  /** What the region's instances have set aside within the last hour, all together. */
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

  /** With less and less of it: what stands in the way may be how large it is. */
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

/** The kind of an error belongs to its message, but for what says all itself. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof InvalidEvent ? error.message : `${error.name}: ${error.message}`;
}

const shown = (text: string): string => text.slice(0, SHOWN_LENGTH).toWellFormed();
