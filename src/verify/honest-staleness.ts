import type { AgentReadLine } from '../ops/history-line.ts';
import { type Checker, Collected } from './checker.ts';
import { PROCESSING_MS, type Surroundings } from './surroundings.ts';

type Facet = 'presence' | 'activity';

interface Change {
  t: number;
  /** Platform time in ms: the version of the change. */
  at: number;
  /** Largest delay until the home receives it, in ms. */
  lagMs: number;
  place: string;
}

/** How long changes are remembered, in ms; the last older one is kept too. No fresh answer is older. */
const REMEMBERED_MS = 10 * 60_000;

/**
 * An answer with `age_ms` at `t` must contain every change that the home should have known by `t − age_ms`. The home gets time to
 * receive a change, see {@link Surroundings.knownBy}; a platform-verified answer gets processing time only.
 */
export function honestStaleness(surroundings: Surroundings): Checker {
  const found = new Collected();
  const changes = new Map<string, Change[]>();

  const judge = (line: AgentReadLine & { place: string }, connection: string, facet: Facet): void => {
    const known = changes.get(keyOf(line.agent, facet)) ?? [];
    const { t, versions, age_ms, vouched_ms, stale } = line;
    const held = Number(versions[facet]?.[0] ?? 0);
    const missed = (isDue: (change: Change) => boolean) => {
      const change = known.findLast(isDue);
      return change && change.at > held ? change : undefined;
    };
    const byPlatform =
      vouched_ms === undefined ? undefined : missed((change) => change.t + PROCESSING_MS <= t - vouched_ms);
    const byHome =
      stale || age_ms === null
        ? undefined
        : missed((change) => surroundings.knownBy(connection, change.t, change.lagMs) <= t - age_ms);
    const change = byPlatform ?? byHome;
    if (!change) return;
    const age = byPlatform ? `platform-verified ${Math.round(vouched_ms ?? 0)} ms ago` : `${age_ms} ms old`;
    const agoMs = Math.round(t - change.t);
    found.add(`${line.region} returned agent ${line.agent}, ${age}, without its ${facet} of ${agoMs} ms ago`, [
      change.place,
      line.place,
    ]);
  };
  return {
    name: 'honest-staleness',
    invariant: 'No answer is older than it says, compared with the platform’s own state.',
    see(line) {
      if (line.op === 'platform' && line.phase === 'changed') {
        const { t, version_at: at, place } = line;
        const lagMs = surroundings.lagMs(line.connection);
        remember(changes, keyOf(line.agent, line.facet), { t, at, lagMs, place });
      }
      if (line.op !== 'agent') return;
      const connection = surroundings.connectionOf(line.agent);
      const isPromise = line.vouched_ms !== undefined || (!line.stale && line.age_ms !== null);
      if (connection === undefined || !isPromise) return;
      found.judged++;
      judge(line, connection, 'presence');
      judge(line, connection, 'activity');
    },
    finish: () => found,
  };
}

function remember(changes: Map<string, Change[]>, key: string, change: Change): void {
  const known = changes.get(key) ?? [];
  changes.set(key, known);
  known.push(change);
  const kept = known.findLastIndex(({ t }) => t < change.t - REMEMBERED_MS);
  if (kept > 0) known.splice(0, kept);
}

function keyOf(agent: string, facet: Facet): string {
  return `${agent}\n${facet}`;
}
