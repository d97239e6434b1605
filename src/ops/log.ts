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

/** A stream of lines to a file descriptor, written asynchronously. */
export type LogStream = ReturnType<typeof pino.destination>;

/** @param fd of a file or a pipe */
export function openStream(fd: number): LogStream {
  return pino.destination({ dest: fd, sync: false, maxLength: MOST_WAITING });
}

/**
 * Creates the log: JSON lines on standard error, because commands print their results on standard output. They are few, and the
 * last one before a crash is the one that matters, so each is written at once.
 */
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
