import { type Checker, Collected } from './checker.ts';
import type { Claims } from './claims.ts';

/** Locks are timed by the clock of a shard, in ms. */
const SLACK_MS = 1000;
/** Number of remembered lapses: repeats come soon. */
const REMEMBERED = 10_000;

/**
 * Judges every reported lapse. The holder knows the end of the claim from the answers, so an earlier lapse takes an agent from a
 * holder who relies on it.
 */
export function lapses(claims: Claims): Checker {
  const found = new Collected();
  const reported = new Map<string, string>();
  /** Promised end of each claim. */
  const promised = new Map<string, number>();
  return {
    name: 'lapses',
    invariant: 'A lapse is reported once, and not before the promised end of the claim.',
    see(line) {
      if ('held_ms' in line && line.phase === 'ok') promised.set(keyOf(line), line.t + line.held_ms);
      if (line.op !== 'lapse') return;
      found.judged++;
      const key = keyOf(line);
      const before = reported.get(key);
      const what = `the lapse of agent ${line.agent} (fence ${line.fence})`;
      if (before !== undefined) found.add(`${what} was reported again`, [before, line.place]);
      const leftMs = (promised.get(key) ?? 0) - line.t;
      const place = claims.find(line)?.place ?? line.place;
      if (leftMs > SLACK_MS) found.add(`${what} was reported ${Math.round(leftMs)} ms too early`, [place, line.place]);
      // A lapse that a failover undoes is found and reported again.
      if (line.replicated !== false) keep(reported, key, line.place);
      promised.delete(key);
      if (promised.size > REMEMBERED) promised.delete(promised.keys().next().value as string);
    },
    finish: () => found,
  };
}

const keyOf = ({ agent, fence, unit }: { agent: string; fence: number; unit?: string }): string =>
  [agent, fence, unit].join('\n');

function keep(reported: Map<string, string>, key: string, place: string): void {
  reported.set(key, place);
  if (reported.size > REMEMBERED) reported.delete(reported.keys().next().value as string);
}
