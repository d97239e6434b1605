import { type DestinationStream, type Logger, pino } from 'pino';
import { type EventCodeAt, LOG_EVENTS } from './log-events/catalogue.ts';
import { traceOfLine } from './trace.ts';

/** What a line says besides its event: see docs/log-events.md for the names. */
export type LogFields = { [name: string]: unknown; event?: never; msg?: never };

/** Writes a line of an event of the catalogue, with its `event` code and its message. */
type Write<Level extends string> = (event: EventCodeAt<Level>, fields?: LogFields) => void;

/** What the parts of Muster log through. Each method takes the events that the catalogue gives its level. */
export interface Log {
  debug: Write<'debug'>;
  info: Write<'info'>;
  warn: Write<'warn'>;
  error: Write<'error'>;
  /** A log whose lines all carry these fields. */
  child(fields: LogFields): Log;
}

/** Lines on their way to a file. */
export type LogStream = ReturnType<typeof pino.destination>;

/** What waits for a slow reader, in characters; lines that come on top are dropped. */
const MOST_WAITING = 16 * 1024 * 1024;

/** Opens a stream of lines that is written to beside the work. @param fd of a file or a pipe */
export function openStream(fd: number): LogStream {
  return pino.destination({ dest: fd, sync: false, maxLength: MOST_WAITING });
}

/** JSON lines on standard error, so that standard output stays free for answers. */
export function createLog(
  level: string,
  region: string,
  instance: string,
  stream: DestinationStream = openStream(2),
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
