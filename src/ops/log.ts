import { type DestinationStream, type Logger, pino } from 'pino';
import { type EventCodeAt, LOG_EVENTS } from './log-events/catalogue.ts';
import { traceOfLine } from './trace.ts';

/** The fields of a line besides `event` and `msg`. docs/log-events.md names the common ones. */
export type LogFields = { [name: string]: unknown; event?: never; msg?: never };

/** Writes a line with an `event` code of the catalogue, and its message. */
type Write<Level extends string> = (event: EventCodeAt<Level>, fields?: LogFields) => void;

/** The log. Each method accepts the events of its level in the catalogue. */
export interface Log {
  debug: Write<'debug'>;
  info: Write<'info'>;
  warn: Write<'warn'>;
  error: Write<'error'>;
  /** Returns a log that adds these fields to each line. */
  child(fields: LogFields): Log;
}

/** Most bytes that wait for the file or the pipe; further lines are dropped. */
const MOST_WAITING = 16 * 1024 * 1024;

/** Longest time in ms that a gathered line waits for others, while the event loop is not busy. */
const GATHER_MS = 20;

/** Most bytes of lines that are gathered: what a pipe takes in one piece, even if other processes write to it. */
const MOST_GATHERED = 4096;

interface StreamEvents {
  /** One line or more were dropped. */
  drop: [lines: string];
  error: [error: Error];
  /** Everything has been written. */
  drain: [];
}

/**
 * Lines to a file or a pipe, written asynchronously and in order. All are written before the process exits; if it does so during a
 * write, later ones may come first.
 */
export class LineStream {
  readonly #out: ReturnType<typeof pino.destination>;
  #gathered = '';
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #isEnding = false;

  /** @param fd of a file or a pipe; `end` closes it */
  constructor(fd: number) {
    this.#out = pino.destination({ dest: fd, sync: false, maxLength: MOST_WAITING });
  }

  /** Writes a line at once, after the gathered ones. */
  write(line: string): void {
    this.#send();
    this.#out.write(line);
  }

  /** Writes a line together with those of the next 20 ms. A write costs more than making its line: two threads wake up for it. */
  gather(line: string): void {
    const bytes = Buffer.byteLength(line);
    if (this.#bytes + bytes > MOST_GATHERED) this.#send();
    if (this.#isEnding || bytes > MOST_GATHERED) {
      this.#out.write(line);
      return;
    }
    this.#gathered += line;
    this.#bytes += bytes;
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(this.#send, GATHER_MS);
    // Before the listener of pino, which writes what it still has.
    process.prependListener('exit', this.#send);
  }

  on<Event extends keyof StreamEvents>(event: Event, listener: (...about: StreamEvents[Event]) => void): void {
    this.#out.on(event, listener);
  }

  /** Writes what waits, and closes. */
  end(): void {
    this.#isEnding = true;
    this.#send();
    this.#out.end();
  }

  readonly #send = (): void => {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    process.off('exit', this.#send);
    this.#timer = undefined;
    const lines = this.#gathered;
    this.#gathered = '';
    this.#bytes = 0;
    this.#out.write(lines);
  };
}

/**
 * Creates the log: JSON lines on standard error, because commands print their results on standard output. They are few, and the
 * last one before a crash is the one that matters, so each is written at once.
 */
export function createLog(
  level: string,
  region: string,
  instance: string,
  stream: DestinationStream = new LineStream(2),
): Log {
  return logThrough(pino({ level, base: { region, instance }, mixin: traceOfLine }, stream));
}

function logThrough(lines: Logger): Log {
  return {
    debug: (event, fields) => lines.debug({ event, ...fields }, LOG_EVENTS[event].message),
    info: (event, fields) => lines.info({ event, ...fields }, LOG_EVENTS[event].message),
    warn: (event, fields) => lines.warn({ event, ...fields }, LOG_EVENTS[event].message),
    error: (event, fields) => lines.error({ event, ...fields }, LOG_EVENTS[event].message),
    child: (fields) => logThrough(lines.child(fields)),
  };
}
