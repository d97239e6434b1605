import { type Checker, Collected } from './checker.ts';
import type { Surroundings } from './surroundings.ts';

/** Locks are timed by the clock of a shard, in ms. */
const SLACK_MS = 1000;

/** Judges every claim of a history in which callers have stopped: each must end soon, and none may follow. */
export function noLeak(surroundings: Surroundings): Checker {
  const found = new Collected();
  let claims = 0;
  let drained: string | undefined;
  return {
    name: 'no-leak',
    invariant: 'No claim holds an agent for longer than locks last, and none is granted after callers have stopped.',
    see(line, touched) {
      if (line.op === 'world' && line.phase === 'drained') drained = line.place;
      if (line.phase !== 'ok' || !('held_ms' in line)) return;
      const isNew = touched?.step === 'granted';
      if (isNew) claims++;
      const { settings } = surroundings;
      const { agent, fence, held_ms, place } = line;
      const longestMs = isNew ? settings?.held_ms : settings?.confirmed_ms;
      if (longestMs !== undefined && held_ms > longestMs + SLACK_MS) {
        found.add(`a claim on agent ${agent} (fence ${fence}) was promised for ${Math.round(held_ms)} ms`, [place]);
      }
      if (isNew && drained)
        found.add(`agent ${agent} was granted (fence ${fence}) after all callers had stopped`, [drained, place]);
    },
    finish() {
      found.judged = drained ? claims : 0;
      return found;
    },
  };
}
