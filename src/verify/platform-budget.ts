import type { PlatformRequestLine } from '../ops/world-line.ts';
import { type Checker, Collected } from './checker.ts';
import type { Surroundings } from './surroundings.ts';

const WINDOW_MS = 60_000;
const TOO_MANY = 429;

/** Counts in sliding windows, which are stricter than a platform's own. Remembers one minute. */
export function platformBudget(surroundings: Surroundings): Checker {
  const found = new Collected();
  const byToken = new Map<string, number[]>();

  const count = (line: PlatformRequestLine & { place: string }, limit: number): void => {
    const { connection, token, t, place } = line;
    const key = `${connection}\n${token}`;
    if (!byToken.has(key)) for (const [old, times] of byToken) if (isOver(times, t)) byToken.delete(old);
    const recent = (byToken.get(key) ?? []).filter((each) => each > t - WINDOW_MS);
    recent.push(t);
    byToken.set(key, recent);
    if (recent.length > limit)
      found.add(`${connection} was asked ${recent.length} times in a minute with one token`, [place]);
  };
  const isOver = (times: number[], t: number) => (times.at(-1) ?? 0) <= t - WINDOW_MS;
  return {
    name: 'platform-budget',
    invariant: 'No platform is asked more often than it allows, per token and minute.',
    see(line) {
      if (line.op !== 'platform' || line.phase !== 'request') return;
      found.judged++;
      if (line.status === TOO_MANY && !line.forced)
        found.add(`${line.connection} refused to be asked so often`, [line.place]);
      if (line.token && surroundings.settings) count(line, surroundings.settings.budget_per_minute);
    },
    finish: () => found,
  };
}
