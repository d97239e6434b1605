import type { AgentReadLine } from '../ops/history-line.ts';
import { type Checker, Collected } from './checker.ts';
import { PROCESSING_MS, type Surroundings } from './surroundings.ts';

type Facet = 'presence' | 'activity';

interface Change {
  t: number;
  /** The platform's time of it, in ms: its version. */
  at: number;
  /** How late its home might hear of it, in ms. */
  lagMs: number;
  place: string;
}

/** Older changes than the last one before that are forgotten, in ms: no answer that calls itself fresh is so old. */
const REMEMBERED_MS = 10 * 60_000;

/**
 * An answer that calls itself `age_ms` old at `t` must hold every change that the home should have known by `t − age_ms`.
 * The home is given time to hear of it, see {@link Surroundings.knownBy}. The platform's own word is given none but that
 * of its processing.
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
    const says = byPlatform ? `vouched for ${Math.round(vouched_ms ?? 0)} ms ago` : `${age_ms} ms old`;
    const agoMs = Math.round(t - change.t);
    found.add(`${line.region} told of agent ${line.agent}, ${says}, without its ${facet} of ${agoMs} ms ago`, [
      change.place,
      line.place,
    ]);
  };
  return {
    name: 'honest-staleness',
    invariant: 'No answer is older than it says, held against what the platform knew.',
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
