import type { Log } from '../ops/log.ts';
import type { FirstReading, PlatformHealth } from '../platforms/platform.ts';

/** How often the progress of first reads is logged, in ms. */
export const TELL_READING_MS = 5000;

/** Progress in words: `1,200 of about 3,000 agents read, 40 s so far; now …`. */
export function inWords({ step, agents, about, forMs }: FirstReading): string {
  const whole = (count: number): string => count.toLocaleString('en');
  const of = about === undefined ? '' : ` of about ${whole(about)}`;
  return `${whole(agents)}${of} agents read, ${Math.round(forMs / 1000)} s so far; now ${step}`;
}

/** Logs the progress of the first reads of these connections. */
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
