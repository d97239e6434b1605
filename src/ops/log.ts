import { type Logger, pino } from 'pino';

/** What the parts of Muster log through. */
export type Log = Pick<Logger, 'info' | 'warn' | 'error' | 'debug' | 'child'>;

/** Lines on their way to a file. */
export type LogStream = ReturnType<typeof pino.destination>;

/** What waits for a slow reader, in characters; lines that come on top are dropped. */
const MOST_WAITING = 16 * 1024 * 1024;

/** Opens a stream of lines that is written to beside the work. @param fd of a file or a pipe */
export function openStream(fd: number): LogStream {
  return pino.destination({ dest: fd, sync: false, maxLength: MOST_WAITING });
}

/** JSON lines on standard error, so that standard output stays free for answers. */
export function createLog(level: string, region: string, instance: string, stream = openStream(2)): Logger {
  return pino({ level, base: { region, instance } }, stream);
}
