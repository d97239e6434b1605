import { type Checker, Collected } from './checker.ts';
import type { Surroundings } from './surroundings.ts';

/** Allowance in ms for a heartbeat under way when a link is cut, and for the time of answers. */
const SLACK_MS = 2000;

/** Judges answers of a region that has been disconnected from an agent's home for longer than `stale_ms`. */
export function staleMarking(surroundings: Surroundings): Checker {
  const found = new Collected();
  return {
    name: 'stale-marking',
    invariant:
      'Agents of a home that a region has not heard from for too long are marked stale, unless platform-verified.',
    see(line) {
      const { settings } = surroundings;
      if (line.op !== 'agent' || !settings) return;
      const { region, agent, age_ms, stale, vouched_ms, t, place } = line;
      const since = surroundings.disconnectedSince(region, surroundings.homeOf(agent) ?? line.home);
      const isDisconnected = since !== undefined && t > since + settings.stale_ms + settings.heartbeat_ms + SLACK_MS;
      const isOld = age_ms !== null && age_ms > settings.stale_ms;
      if (!isDisconnected && !isOld) return;
      found.judged++;
      if (stale || vouched_ms !== undefined) return;
      const why = isDisconnected
        ? `${Math.round(t - since)} ms after it was cut off from ${line.home}`
        : `though ${age_ms} ms old`;
      found.add(`${region} did not mark agent ${agent} as stale ${why}`, [place]);
    },
    finish: () => found,
  };
}
