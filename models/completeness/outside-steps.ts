import { appended, nameOf, newVersions } from './home-steps.ts';
import type { Protocol } from './protocol.ts';
import { withReader } from './reader-steps.ts';
import { heldBy, type Reader, type Scope, type State } from './state.ts';
import type { Step } from './step.ts';
import {
  AGENTS,
  FORGOTTEN,
  joinAgent,
  NEWEST,
  type Vector,
  versionOf,
  withoutTombstone,
  withVersion,
} from './vectors.ts';

/** What reaches stores otherwise than by the home's partition: answers, events that enter at readers, and removals. */
export function outsideSteps(state: State, scope: Scope, { forgets }: Protocol): Step[] {
  return [
    ...learning(state),
    ...(scope.enters ? entering(state, scope) : []),
    ...returning(state),
    ...(forgets && !isOlderAround(state) ? removing(state) : []),
  ];
}

/** Whether anything older than the tombstone is held or on its way. Retention is longer than all that can take. */
function isOlderAround({ home, readers }: State): boolean {
  const isOlder = (vector: Vector): boolean => versionOf(vector, FORGOTTEN) === 1;
  return (
    home.history.slice(home.published).some(isOlder) ||
    readers.some(
      ({ held, published, proof, bus, instances }) =>
        [held, published, proof?.needed ?? 0].some(isOlder) ||
        bus.some((message) => 'agent' in message && message.agent === FORGOTTEN && message.version === 1) ||
        instances.some(
          (work) => (work.doing === 'list' && isOlder(work.listed)) || (work.doing === 'push' && isOlder(work.held)),
        ),
    )
  );
}

function removing(state: State): Step[] {
  const step = (who: string, next: State): Step => ({
    kind: 'removal',
    text: `${who} removes the tombstone ${AGENTS[FORGOTTEN]}${NEWEST}`,
    next,
  });
  const there = heldBy(state.home);
  const left = withoutTombstone(there);
  const atHome = left === there ? [] : [step('the home', { ...state, home: appended(state.home, left) })];
  const atReaders = state.readers.flatMap((reader, at) => {
    const held = withoutTombstone(reader.held);
    return held === reader.held ? [] : [step(nameOf(at), withReader(state, at, { ...reader, held }))];
  });
  return [...atHome, ...atReaders];
}

/** A reader learns what the home holds of one agent, by an answer over HTTP. */
function learning(state: State): Step[] {
  if (state.learnsLeft === 0) return [];
  const there = heldBy(state.home);
  return state.readers.flatMap((reader, at) =>
    AGENTS.flatMap((name, agent): Step[] => {
      const held = joinAgent(reader.held, there, agent);
      if (held === reader.held) return [];
      const text = `${nameOf(at)} learns ${name}${versionOf(held, agent)} over HTTP, ahead of the bus`;
      const next = { ...withReader(state, at, { ...reader, held }), learnsLeft: state.learnsLeft - 1 };
      return [{ kind: 'change', text, next }];
    }),
  );
}

/** An event about the home's agents enters at a reader, which applies and publishes it. */
function entering(state: State, scope: Scope): Step[] {
  return newVersions(state, scope).flatMap(({ agent, version, made }) =>
    state.readers.map((reader, at): Step => {
      const taken = (vector: Vector): Vector => withVersion(vector, agent, version);
      const after: Reader = { ...reader, held: taken(reader.held), published: taken(reader.published) };
      const text = `${nameOf(at)} takes in ${AGENTS[agent]}${version} itself, and publishes it`;
      return { kind: 'change', text, next: { ...withReader(state, at, after), made } };
    }),
  );
}

/** The bus brings the home what a reader published. */
function returning(state: State): Step[] {
  return state.readers.flatMap((reader, at) =>
    AGENTS.flatMap((name, agent): Step[] => {
      const version = versionOf(reader.published, agent);
      if (version === 0) return [];
      const before = heldBy(state.home);
      const after = joinAgent(before, reader.published, agent);
      const home = after === before ? state.home : appended(state.home, after);
      const emptied = { ...reader, published: withVersion(reader.published, agent, 0) };
      const text = `the bus brings the home ${name}${version} from ${nameOf(at)}`;
      return [{ kind: 'work', text, next: { ...withReader(state, at, emptied), home } }];
    }),
  );
}
