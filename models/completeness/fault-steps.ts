import { nameOf } from './home-steps.ts';
import type { Protocol } from './protocol.ts';
import { withReader } from './reader-steps.ts';
import { type Home, markOf, type Reader, type Scope, type State, type Work } from './state.ts';
import type { Step } from './step.ts';
import { AGENTS, named, type Vector, versionOf, withVersion } from './vectors.ts';

/** What can go wrong, while faults are left. */
export function faultSteps(state: State, scope: Scope, protocol: Protocol): Step[] {
  if (state.faultsLeft === 0) return [];
  const after = { ...state, faultsLeft: state.faultsLeft - 1 };
  return [
    ...homeFaults(after, protocol),
    ...state.readers.flatMap((_, at) => [...busFaults(after, at, scope), ...readerFaults(after, at, protocol)]),
  ];
}

function homeFaults(state: State, { names }: Protocol): Step[] {
  const { home } = state;
  const step = (text: string, entries: number, lineage: number): Step => {
    const cut = cutTo(home, entries, lineage);
    return { kind: 'fault', text: `${text}, left with ${named(markOf(cut).truth)}`, next: { ...state, home: cut } };
  };
  const lost = home.history.length - 1 - home.acknowledged;
  const failover =
    lost > 0
      ? [step(`the home fails over and loses ${lost} that no replica held`, home.acknowledged, home.lineage)]
      : [];
  const older = Array.from({ length: home.acknowledged }, (_, entries) =>
    step(`the home is back with old data, up to entry ${entries}`, entries, names ? home.lineage + 1 : home.lineage),
  );
  return [...failover, ...older];
}

const cutTo = ({ history, published }: Home, entries: number, lineage: number): Home => ({
  lineage,
  history: history.slice(0, entries + 1),
  published: Math.min(published, entries),
  acknowledged: entries,
});

function busFaults(state: State, at: number, { room }: Scope): Step[] {
  const reader = state.readers[at] as Reader;
  const step = (text: string, after: Partial<Reader>): Step => ({
    kind: 'fault',
    text: `the bus ${text}`,
    next: withReader(state, at, { ...reader, ...after }),
  });
  const lostToHome = AGENTS.flatMap((name, agent) => {
    const version = versionOf(reader.published, agent);
    const published = withVersion(reader.published, agent, 0);
    return version === 0 ? [] : [step(`loses ${name}${version} on its way to the home`, { published })];
  });
  const [first, ...rest] = reader.bus;
  if (!first) return lostToHome;
  const what = 'heartbeat' in first ? 'a heartbeat' : `${AGENTS[first.agent]}${first.version}`;
  const lost = [...lostToHome, step(`loses ${what} on its way to ${nameOf(at)}`, { bus: rest })];
  if (reader.bus.length >= room) return lost;
  return [...lost, step(`will bring ${what} twice to ${nameOf(at)}`, { bus: [...reader.bus, first] })];
}

function readerFaults(state: State, at: number, { keeps, guards }: Protocol): Step[] {
  const reader = state.readers[at] as Reader;
  const step = (text: string, after: Reader): Step => ({
    kind: 'fault',
    text: `${nameOf(at)} ${text}`,
    next: withReader(state, at, after),
  });
  // What an instance has compared was held then. A guarded protocol never has such work.
  const stays = ({ doing }: Work): boolean => doing !== 'proof' || !guards;
  const lost = (text: string, held: Vector): Step =>
    step(text, {
      ...reader,
      ...{
        held,
        suspects: keeps === 'memory' && reader.suspects,
        proof: keeps === 'memory' ? reader.proof : undefined,
      },
      instances: reader.instances.map((work): Work => (stays(work) ? work : { doing: 'nothing' })),
    });
  const lowered = AGENTS.flatMap((name, agent) => {
    const version = versionOf(reader.held, agent);
    return version === 0 ? [] : [lost(`loses ${name}${version}`, withVersion(reader.held, agent, version - 1))];
  });
  const crashes = reader.instances.flatMap((work, instance): Step[] =>
    work.doing === 'nothing'
      ? []
      : [
          step(`loses instance ${instance + 1}`, {
            ...reader,
            instances: reader.instances.with(instance, { doing: 'nothing' }),
          }),
        ],
  );
  return [...lowered, ...(reader.held === 0 ? [] : [lost('is emptied', 0)]), ...crashes];
}
