import type { Log } from '../ops/log.ts';
import type { FirstReading, PlatformHealth } from '../platforms/platform.ts';

/** How often the log says how far first readings are, in ms. */
export const TELL_READING_MS = 5000;

/** `1,200 of about 3,000 agents read, 40 s so far`. */
export function inWords({ step, agents, about, forMs }: FirstReading): string {
  const whole = (count: number): string => count.toLocaleString('en');
  const of = about === undefined ? '' : ` of about ${whole(about)}`;
  return `${whole(agents)}${of} agents read, ${Math.round(forMs / 1000)} s so far; now ${step}`;
}

/** Says on the log how far the first readings of these connections are. */
export function tellProgress(
  connections: readonly { name: string; title: string }[],
  health: Readonly<Record<string, PlatformHealth>>,
  log: Pick<Log, 'info'>,
): void {
  for (const { name: connection, title } of connections) {
    const { reading, problem } = health[connection] ?? {};
    if (!reading) continue;
    const { step, agents, about, forMs } = reading;
    const detail = `${title} ${connection}: ${inWords(reading)}`;
    log.info('first_reading_progress', { connection, detail, agents, about, step, for_ms: forMs, reason: problem });
  }
}
