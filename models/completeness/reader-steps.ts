import { acknowledged, afterPush, nameOf, positionOf } from './home-steps.ts';
import type { Protocol } from './protocol.ts';
import {
  compareMarks,
  counted,
  heldBy,
  type Mark,
  type Message,
  markOf,
  type Proof,
  type Reader,
  type State,
  type Work,
} from './state.ts';
import type { Step } from './step.ts';
import {
  AGENTS,
  digest,
  hasAgent,
  join,
  joinAgent,
  lacking,
  named,
  only,
  type Vector,
  withVersion,
} from './vectors.ts';

const IDLE: Work = { doing: 'nothing' };

/** What a reader does: it applies messages, asks for lists, compares, pulls and pushes. */
export function readerSteps(state: State, at: number, protocol: Protocol): Step[] {
  const reader = state.readers[at] as Reader;
  return [
    ...applying(state, at, protocol),
    ...pulling(state, at, protocol),
    ...reader.instances.flatMap((work, instance) => instanceSteps(state, at, instance, work, protocol)),
  ];
}

function applying(state: State, at: number, protocol: Protocol): Step[] {
  const reader = state.readers[at] as Reader;
  const [first] = reader.bus;
  if (!first) return [];
  const batch = protocol.cuts ? [first] : reader.bus;
  const rest = reader.bus.slice(batch.length);
  const held = batch.reduce(
    (sum, message) =>
      'heartbeat' in message ? sum : joinAgent(sum, withVersion(0, message.agent, message.version), message.agent),
    reader.held,
  );
  const after = batch.reduce<Reader>(
    (met, message) => ('heartbeat' in message ? afterHeartbeat(met, message.heartbeat, protocol) : met),
    { ...reader, held, bus: rest },
  );
  const text = `${nameOf(at)} applies ${batch.map(textOf).join(', then ')}${told(reader, after)}`;
  return [{ kind: 'work', text, next: withReader(state, at, after) }];
}

const textOf = (message: Message): string =>
  'heartbeat' in message
    ? `the heartbeat for entry ${message.heartbeat.position}`
    : `${AGENTS[message.agent]}${message.version}`;

function told(before: Reader, after: Reader): string {
  if (after.proof !== before.proof) return after.proof ? ': digests agree, complete' : ': digests differ, incomplete';
  return after.suspects && !before.suspects ? ': digests differ, a suspicion' : '';
}

function afterHeartbeat(reader: Reader, mark: Mark, protocol: Protocol): Reader {
  const { proves } = protocol;
  if (reader.applied && compareMarks(mark, reader.applied) < 0) return reader;
  if (digest(counted(reader.held, protocol)) === digest(counted(mark.truth, protocol))) {
    return { ...reader, applied: mark, ...proven(reader, { mark, needed: 0 }) };
  }
  return { ...reader, applied: mark, suspects: true, ...(proves !== 'list' && { proof: undefined }) };
}

/** A proof gives way only to one of the same mark or a later one. */
function proven({ proof }: Reader, newer: Proof): Pick<Reader, 'proof' | 'suspects'> {
  return { proof: proof && compareMarks(newer.mark, proof.mark) < 0 ? proof : newer, suspects: false };
}

/** Pages of what is lacking, from the home, merged like events. */
function pulling(state: State, at: number, { proves }: Protocol): Step[] {
  const reader = state.readers[at] as Reader;
  const there = heldBy(state.home);
  const wanted = proves === 'list' ? lacking(reader.held, reader.proof?.needed ?? 0) : 0;
  const pulls = AGENTS.flatMap((name, agent): Step[] => {
    const held = joinAgent(reader.held, there, agent);
    if (!hasAgent(wanted, agent) || held === reader.held) return [];
    const text = `${nameOf(at)} pulls ${name} from the home`;
    return [{ kind: 'work', text, next: withReader(state, at, { ...reader, held }) }];
  });
  const all = join(reader.held, there);
  if (proves !== 'digest' || !reader.suspects || all === reader.held) return pulls;
  const next = withReader(state, at, { ...reader, held: all });
  return [{ kind: 'work', text: `${nameOf(at)} pulls everything from the home`, next }];
}

function instanceSteps(state: State, at: number, instance: number, work: Work, protocol: Protocol): Step[] {
  const reader = state.readers[at] as Reader;
  const who = reader.instances.length > 1 ? `${nameOf(at)}, instance ${instance + 1},` : nameOf(at);
  const step = (text: string, next: State, after: Work): Step => {
    const changed = next.readers[at] as Reader;
    const instances = changed.instances.with(instance, after);
    return { kind: 'work', text: `${who} ${text}`, next: withReader(next, at, { ...changed, instances }) };
  };
  switch (work.doing) {
    case 'nothing':
      return protocol.proves !== 'digest' && reader.suspects ? [firstPage(state, protocol, step)] : [];
    case 'list':
      if (work.pages < protocol.pages) return [secondPage(state, work, protocol, step)];
      return protocol.proves === 'list'
        ? comparing(state, at, work, protocol, step)
        : [comparingAtOnce(state, at, work, protocol, step)];
    case 'proof': {
      const next = withReader(state, at, { ...reader, ...proven(reader, work.proof) });
      return [step(`writes its proof of entry ${work.proof.mark.position}`, next, pushing(work, protocol))];
    }
    case 'push': {
      const home = afterPush(state.home, work.held, work.beyond, protocol);
      const answer = protocol.answers ? only(heldBy(home), work.beyond) : 0;
      const text = `sends the home what it holds beyond the list: ${named(work.held, work.beyond)}`;
      const next = withReader({ ...state, home }, at, { ...reader, held: join(reader.held, answer) });
      return [step(text, next, IDLE)];
    }
  }
}

type MakeStep = (text: string, next: State, after: Work) => Step;

function firstPage(state: State, protocol: Protocol, step: MakeStep): Step {
  const { pages, waits } = protocol;
  const mark = markOf(state.home);
  const all = counted(mark.truth, protocol);
  const listed = pages === 1 ? all : only(all, 1);
  const home = waits ? acknowledged(state.home) : state.home;
  const what = pages === 1 ? 'the list' : 'the first page of the list';
  const text = `gets ${what} at ${positionOf(home)}: ${named(listed)}`;
  return step(text, { ...state, home }, { doing: 'list', mark, last: mark, listed, pages: 1 });
}

function secondPage(state: State, work: Extract<Work, { doing: 'list' }>, { waits }: Protocol, step: MakeStep): Step {
  const last = markOf(state.home);
  if (last.lineage !== work.mark.lineage) return step('drops a page of another lineage', state, IDLE);
  const home = waits ? acknowledged(state.home) : state.home;
  const listed = join(work.listed, only(last.truth, ~1));
  const text = `gets the second page at ${positionOf(home)}: the list is ${named(listed)}`;
  return step(text, { ...state, home }, { ...work, last, listed, pages: 2 });
}

/** Compares once everything up to the list's mark was applied here. The wait for it has a deadline. */
function comparing(
  state: State,
  at: number,
  work: Extract<Work, { doing: 'list' }>,
  protocol: Protocol,
  step: MakeStep,
): Step[] {
  const reader = state.readers[at] as Reader;
  const { applied, held } = reader;
  const awaited = protocol.awaitsPage === 'last' ? work.last : work.mark;
  if (applied && applied.lineage > awaited.lineage) return [step('drops a list of an earlier lineage', state, IDLE)];
  if (protocol.awaitsPage !== 'none' && (!applied || compareMarks(applied, awaited) < 0)) {
    return [step('waits no longer with its list', state, IDLE)];
  }
  const proof: Proof = {
    mark: protocol.provesPage === 'last' ? work.last : work.mark,
    needed: only(work.listed, lacking(held, work.listed)),
  };
  const beyond = lacking(work.listed, held) & differing(work.listed, counted(held, protocol));
  const found = proof.needed === 0 ? 'lacks nothing' : `lacks ${named(proof.needed, lacking(0, proof.needed))}`;
  const text = `compares ${named(held)} with the list of entry ${proof.mark.position}: ${found}`;
  if (!protocol.guards) return [step(text, state, { doing: 'proof', proof, held, beyond })];
  const next = withReader(state, at, { ...reader, ...proven(reader, proof) });
  return [step(text, next, pushing({ held, beyond }, protocol))];
}

/** Agents of whom the two are not the same, as bits. */
const differing = (x: Vector, y: Vector): number => lacking(x, y) | lacking(y, x);

/** Compares whatever was applied with a list of any mark; equal ones prove the latest heartbeat. */
function comparingAtOnce(
  state: State,
  at: number,
  work: Extract<Work, { doing: 'list' }>,
  protocol: Protocol,
  step: MakeStep,
): Step {
  const reader = state.readers[at] as Reader;
  const { held, applied } = reader;
  if (held === work.listed && applied) {
    const next = withReader(state, at, { ...reader, proof: { mark: applied, needed: 0 }, suspects: false });
    return step(`finds ${named(held)} equal to the list: complete`, next, IDLE);
  }
  const next = withReader(state, at, { ...reader, held: join(held, work.listed), proof: undefined });
  const text = `finds ${named(held)} unequal to the list ${named(work.listed)}: incomplete, pulls`;
  return step(text, next, pushing({ held, beyond: lacking(work.listed, held) }, protocol));
}

const pushing = ({ held, beyond }: { held: number; beyond: number }, { pushes }: Protocol): Work =>
  beyond === 0 || pushes === 'never' ? IDLE : { doing: 'push', held: only(held, beyond), beyond };

export const withReader = (state: State, at: number, reader: Reader): State => ({
  ...state,
  readers: state.readers.with(at, reader),
});
