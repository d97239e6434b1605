import type { Protocol } from './protocol.ts';
import {
  compareMarks,
  counted,
  type Home,
  heldBy,
  type Message,
  markOf,
  type Reader,
  type Scope,
  type State,
} from './state.ts';
import type { Step } from './step.ts';
import { AGENTS, hasAgent, joinAgent, NEWEST, named, type Vector, versionOf, withVersion } from './vectors.ts';

/** What the home does: it takes changes in, publishes them, and sends heartbeats. */
export function homeSteps(state: State, scope: Scope, protocol: Protocol): Step[] {
  return [...changes(state, scope), ...publishing(state, scope), ...heartbeats(state, scope, protocol)];
}

function changes(state: State, scope: Scope): Step[] {
  return newVersions(state, scope).map(({ agent, version, made }): Step => {
    const home = appended(state.home, withVersion(heldBy(state.home), agent, version));
    const text = `the home takes in ${AGENTS[agent]}${version}, as ${positionOf(home)}`;
    return { kind: 'change', text, next: { ...state, home, made } };
  });
}

/** The next version of each agent, while changes are left. */
export function newVersions({ made }: State, { changes: most, start }: Scope) {
  const count = AGENTS.reduce((sum, _, agent) => sum + versionOf(made, agent), 0);
  if (count >= most + (start === 'new' ? AGENTS.length : 0)) return [];
  return AGENTS.flatMap((_, agent) => {
    const version = versionOf(made, agent) + 1;
    return version > NEWEST ? [] : [{ agent, version, made: withVersion(made, agent, version) }];
  });
}

/** The relay publishes the next entry, once a replica holds it. */
function publishing(state: State, { room }: Scope): Step[] {
  const { home, readers } = state;
  if (home.published === home.history.length - 1 || readers.some(({ bus }) => bus.length >= room)) return [];
  const published = home.published + 1;
  const before = home.history[published - 1] as Vector;
  const after = home.history[published] as Vector;
  const agent = AGENTS.findIndex((_, at) => versionOf(before, at) !== versionOf(after, at));
  const version = versionOf(after, agent);
  const next = {
    ...state,
    home: { ...acknowledged(home), published },
    readers: readers.map((reader) => withMessage(reader, { agent, version })),
  };
  return [{ kind: 'work', text: `the home publishes entry ${published}: ${AGENTS[agent]}${version}`, next }];
}

/** A heartbeat follows the entry whose digest it carries. One that would tell no reader anything is not sent. */
function heartbeats(state: State, { room }: Scope, protocol: Protocol): Step[] {
  const { home, readers } = state;
  const mark = markOf(home);
  if (home.published < mark.position || readers.some(({ bus }) => bus.length >= room)) return [];
  const isNews = readers.some(({ bus, applied, proof, suspects, held }) => {
    const last = bus.at(-1);
    if (last) return !('heartbeat' in last) || compareMarks(last.heartbeat, mark) !== 0;
    const isProven =
      proof !== undefined &&
      compareMarks(proof.mark, mark) === 0 &&
      counted(held, protocol) === counted(mark.truth, protocol);
    return !isProven && (!suspects || applied === undefined || compareMarks(applied, mark) !== 0);
  });
  if (!isNews) return [];
  const next = {
    ...state,
    home: acknowledged(home),
    readers: readers.map((reader) => withMessage(reader, { heartbeat: mark })),
  };
  return [{ kind: 'work', text: `the home sends a heartbeat for ${positionOf(home)}: ${named(mark.truth)}`, next }];
}

/** What the home holds after a reader has sent it what it holds beyond the list. */
export function afterPush(home: Home, held: Vector, beyond: number, { pushes }: Protocol): Home {
  return AGENTS.reduce((after, _, agent) => {
    if (!hasAgent(beyond, agent)) return after;
    const current = heldBy(after);
    const merged = joinAgent(current, held, agent);
    const taken = pushes === 'overwritten' ? withVersion(current, agent, versionOf(held, agent)) : merged;
    return taken === current ? after : appended(after, taken);
  }, home);
}

/** Everything written up to now is held by a replica. */
export const acknowledged = (home: Home): Home => ({ ...home, acknowledged: home.history.length - 1 });

export const positionOf = ({ lineage, history }: Home): string =>
  `entry ${history.length - 1}${lineage > 1 ? ` of lineage ${lineage}` : ''}`;

/** With one more entry. */
export const appended = (home: Home, held: Vector): Home => ({ ...home, history: [...home.history, held] });

const withMessage = (reader: Reader, message: Message): Reader => ({ ...reader, bus: [...reader.bus, message] });

export const nameOf = (reader: number): string => `reader ${reader + 1}`;
