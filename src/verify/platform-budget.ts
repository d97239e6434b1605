import type { PlatformRequestLine } from '../ops/world-line.ts';
import { type Checker, Collected } from './checker.ts';
import type { Surroundings } from './surroundings.ts';

const WINDOW_MS = 60_000;
const TOO_MANY = 429;

/** Counts in sliding windows of a minute, which are stricter than the platforms' windows. */
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
      found.add(`${connection} got ${recent.length} requests in a minute with one token`, [place]);
  };
  const isOver = (times: number[], t: number) => (times.at(-1) ?? 0) <= t - WINDOW_MS;
  return {
    name: 'platform-budget',
    invariant: 'No platform gets more requests per token and minute than it allows.',
    see(line) {
      if (line.op !== 'platform' || line.phase !== 'request') return;
      found.judged++;
      if (line.status === TOO_MANY && !line.forced)
        found.add(`${line.connection} refused a request for exceeding its limit`, [line.place]);
      if (line.token && surroundings.settings) count(line, surroundings.settings.budget_per_minute);
    },
    finish: () => found,
  };
}
