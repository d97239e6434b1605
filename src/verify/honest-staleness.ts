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

/** Ages in answers are whole ms. */
const ROUNDED_MS = 1;

/**
 * An answer with `age_ms` at `t` must contain every change that the home should have known by `t − age_ms`. The home gets time to
 * receive a change, see {@link Surroundings.knownBy}; a platform-verified answer gets processing time only.
 *
 * The last word about the agent, from the home or the platform, must not be older than the whole answer says, nor than the
 * caller's `max_age_ms` allowed when the request arrived. The answer must contain every change that the home should have known
 * at that limit, whatever ages it tells.
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
    const missedSince = (sinceMs: number) =>
      missed((change) => surroundings.knownBy(connection, change.t, change.lagMs) <= sinceMs);
    const byHome = stale || age_ms === null ? undefined : missedSince(t - age_ms);
    const byAsked = line.asked_ms === undefined ? undefined : missedSince(t - line.asked_ms);
    const limitMs = limitOf(line);
    const byLimit = limitMs === undefined ? undefined : missedSince(t - limitMs);
    const change = byPlatform ?? byHome ?? byAsked ?? byLimit;
    if (!change) return;
    const age = byPlatform
      ? `platform-verified ${Math.round(vouched_ms ?? 0)} ms ago`
      : byHome
        ? `${age_ms} ms old`
        : byAsked
          ? `whose home was asked ${Math.round(line.asked_ms ?? 0)} ms ago`
          : `for a caller who allows ${line.max_age_ms} ms`;
    const agoMs = Math.round(t - change.t);
    found.add(`${line.region} returned agent ${line.agent}, ${age}, without its ${facet} of ${agoMs} ms ago`, [
      change.place,
      line.place,
    ]);
  };

  return {
    name: 'honest-staleness',
    invariant:
      'No answer is older than it says, or than its caller allows, compared with itself and with the platform’s own state.',
    see(line) {
      if (line.op === 'platform' && line.phase === 'changed') {
        const { t, version_at: at, place } = line;
        const lagMs = surroundings.lagMs(line.connection);
        remember(changes, keyOf(line.agent, line.facet), { t, at, lagMs, place });
      }
      if (line.op !== 'agent') return;
      if (compareAges(line, found)) found.judged++;
      const connection = surroundings.connectionOf(line.agent);
      const isPromise =
        [line.vouched_ms, line.asked_ms, line.max_age_ms].some((each) => each !== undefined) ||
        (!line.stale && line.age_ms !== null);
      if (connection === undefined || !isPromise) return;
      found.judged++;
      judge(line, connection, 'presence');
      judge(line, connection, 'activity');
    },
    finish: () => found,
  };
}

/** Compares the ages in an answer with each other. @returns whether there is one of the whole answer */
function compareAges(line: AgentReadLine & { place: string }, found: Collected): boolean {
  if (line.told_ms === undefined) return false;
  const wordMs = wordAgeOf(line);
  const limitMs = limitOf(line);
  const told = `${line.region} returned agent ${line.agent}, whose last word was ${Math.round(wordMs)} ms old,`;
  if (line.told_ms !== null && wordMs > line.told_ms + ROUNDED_MS) {
    found.add(`${told} in an answer that says ${line.told_ms} ms`, [line.place]);
  }
  if (limitMs !== undefined && wordMs > limitMs + ROUNDED_MS) {
    found.add(`${told} to a caller who allows ${line.max_age_ms} ms`, [line.place]);
  }
  return true;
}

/** Age in ms of the last word about the agent when the answer was given; Infinity if there was none. */
function wordAgeOf({ age_ms, vouched_ms, asked_ms }: AgentReadLine): number {
  const none = Number.POSITIVE_INFINITY;
  return Math.min(age_ms ?? none, vouched_ms ?? none, asked_ms ?? none);
}

/** How old that word may be when the answer is given, in ms, if its caller has a limit: that counts when the request arrives. */
function limitOf({ t, since, max_age_ms }: AgentReadLine): number | undefined {
  return max_age_ms === undefined ? undefined : max_age_ms + t - (since ?? t);
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
