import { type Checker, Collected } from './checker.ts';
import type { Surroundings } from './surroundings.ts';

/** A last heartbeat may be under way when a link is cut, and answers take their time, in ms. */
const SLACK_MS = 2000;

/** Judges answers of a region that has been unable to hear of an agent's home for longer than `stale_ms`. */
export function staleMarking(surroundings: Surroundings): Checker {
  const found = new Collected();
  return {
    name: 'stale-marking',
    invariant: 'What a region cannot have heard of for too long it calls stale, unless the platform vouches for it.',
    see(line) {
      const { settings } = surroundings;
      if (line.op !== 'agent' || !settings) return;
      const { region, agent, age_ms, stale, vouched_ms, t, place } = line;
      const since = surroundings.deafSince(region, surroundings.homeOf(agent) ?? line.home);
      const isDeaf = since !== undefined && t > since + settings.stale_ms + settings.heartbeat_ms + SLACK_MS;
      const isOld = age_ms !== null && age_ms > settings.stale_ms;
      if (!isDeaf && !isOld) return;
      found.judged++;
      if (stale || vouched_ms !== undefined) return;
      const why = isDeaf
        ? `${Math.round(t - since)} ms after it was cut off from ${line.home}`
        : `though ${age_ms} ms old`;
      found.add(`${region} did not call agent ${agent} stale ${why}`, [place]);
    },
    finish: () => found,
  };
}
