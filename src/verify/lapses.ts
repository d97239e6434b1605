import { type Checker, Collected } from './checker.ts';
import type { Claims } from './claims.ts';

/** Locks are timed by the clock of a shard, in ms. */
const SLACK_MS = 1000;
/** Lapses that are remembered: one that is told again is told soon. */
const REMEMBERED = 10_000;

/**
 * Judges every lapse that was told. When a claim's time is over its holder knows by the answers that it was given, so a lapse
 * before that takes an agent from somebody who relies on it.
 */
export function lapses(claims: Claims): Checker {
  const found = new Collected();
  const told = new Map<string, string>();
  /** How long each claim was promised before the line that ends it. */
  const promised = new Map<string, number>();
  return {
    name: 'lapses',
    invariant: 'A lapse is told once, and not before the time that the claim was promised is over.',
    see(line) {
      if ('held_ms' in line && line.phase === 'ok') promised.set(keyOf(line), line.t + line.held_ms);
      if (line.op !== 'lapse') return;
      found.judged++;
      const key = keyOf(line);
      const before = told.get(key);
      const what = `the lapse of agent ${line.agent} (fence ${line.fence})`;
      if (before !== undefined) found.add(`${what} was told again`, [before, line.place]);
      const leftMs = (promised.get(key) ?? 0) - line.t;
      const place = claims.find(line)?.place ?? line.place;
      if (leftMs > SLACK_MS) found.add(`${what} was told ${Math.round(leftMs)} ms too soon`, [place, line.place]);
      // What a failover takes of a lapse is found, and told, again.
      if (line.replicated !== false) keep(told, key, line.place);
      promised.delete(key);
      if (promised.size > REMEMBERED) promised.delete(promised.keys().next().value as string);
    },
    finish: () => found,
  };
}

const keyOf = ({ agent, fence, unit }: { agent: string; fence: number; unit?: string }): string =>
  [agent, fence, unit].join('\n');

function keep(told: Map<string, string>, key: string, place: string): void {
  told.set(key, place);
  if (told.size > REMEMBERED) told.delete(told.keys().next().value as string);
}
