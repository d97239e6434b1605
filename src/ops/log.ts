import { type Logger, pino } from 'pino';

/** What the parts of Muster log through. */
export type Log = Pick<Logger, 'info' | 'warn' | 'error' | 'debug' | 'child'>;

/** JSON lines on standard error, so that standard output stays free for answers. */
export function createLog(level: string, region: string, instance: string): Logger {
  return pino({ level, base: { region, instance } }, pino.destination({ dest: 2, sync: false }));
}
