import type { Protocol } from './protocol.ts';
import { join, lacking, type Vector, withoutTombstone, withVersion } from './vectors.ts';

/** A point in the home's change stream. Marks of one lineage are ordered by position, and lineages by number. */
export interface Mark {
  /** Grows when the home's store lost acknowledged writes. */
  lineage: number;
  /** Entries of the stream up to here. */
  position: number;
  /** What the home held there. Regions read only its digest; the rest is for judging what they claim. */
  truth: Vector;
}

/** What travels on the bus. A heartbeat carries the mark's digest. */
export type Message = { agent: number; version: number } | { heartbeat: Mark };

export interface Proof {
  mark: Mark;
  /** What the home listed of the agents that were lacking; 0 for all others. They are passed over until it is held. */
  needed: Vector;
}

/** What one instance of a region is doing. */
export type Work =
  | { doing: 'nothing' }
  /** Holds the home's list, or its first page. `mark` is that of the first page. */
  | { doing: 'list'; mark: Mark; last: Mark; listed: Vector; pages: number }
  /** Compared, and has not written the proof yet; only if the protocol does not guard proofs. */
  | { doing: 'proof'; proof: Proof; held: Vector; beyond: number }
  /** Sends to the home what is held beyond its list. */
  | { doing: 'push'; held: Vector; beyond: number };

export interface Home {
  lineage: number;
  /** What was held after each entry of the stream; the first is before all entries. */
  history: readonly Vector[];
  /** Entries that the relay has published. */
  published: number;
  /** Entries that a replica holds. */
  acknowledged: number;
}

export interface Reader {
  held: Vector;
  /** On its way here, oldest first. */
  bus: readonly Message[];
  /** What entered here and was published, and is still on its way to the home. */
  published: Vector;
  /** The latest heartbeat that was applied. */
  applied?: Mark | undefined;
  proof?: Proof | undefined;
  /** Whether a digest differed since the last proof. */
  suspects: boolean;
  instances: readonly Work[];
}

export interface State {
  home: Home;
  readers: readonly Reader[];
  /** The newest version of each agent that ever came to be, wherever it is held. */
  made: Vector;
  faultsLeft: number;
  learnsLeft: number;
}

/** How much may happen in an exploration. */
export interface Scope {
  readers: number;
  /** Instances of each reader that compare and pull at the same time. */
  instances: number;
  /** Changes of agents, in all. */
  changes: number;
  faults: number;
  /** Whether changes may also enter at a reader. */
  enters: boolean;
  /** How often a reader learns of an agent over HTTP ahead of the bus. */
  learns: number;
  /** Messages that are on their way to a reader at most. */
  room: number;
  /** `proven`: nobody holds anything, and all is proven. `new`: the home holds agents that were published before the readers began. */
  start: 'proven' | 'new';
}

const IDLE: Work = { doing: 'nothing' };

export function startOf({ readers, instances, start, faults, learns }: Scope): State {
  const isNew = start === 'new';
  const first: Vector = isNew ? withVersion(withVersion(0, 0, 1), 1, 1) : 0;
  const mark: Mark = { lineage: 1, position: 0, truth: 0 };
  const reader: Reader = {
    held: 0,
    bus: [],
    published: 0,
    ...(!isNew && { applied: mark, proof: { mark, needed: 0 } }),
    suspects: false,
    instances: Array.from({ length: instances }, () => IDLE),
  };
  return {
    home: { lineage: 1, history: [first], published: 0, acknowledged: 0 },
    readers: Array.from({ length: readers }, () => reader),
    made: first,
    faultsLeft: faults,
    learnsLeft: learns,
  };
}

export const heldBy = ({ history }: Home): Vector => history[history.length - 1] as Vector;

export const markOf = (home: Home): Mark => ({
  lineage: home.lineage,
  position: home.history.length - 1,
  truth: heldBy(home),
});

/** Negative if `a` is earlier than `b`. Truth does not count: nobody but the judge knows it. */
export const compareMarks = (a: Mark, b: Mark): number => a.lineage - b.lineage || a.position - b.position;

/** What a region says of itself: complete as of a mark, but for agents that it passes over. */
interface Claim {
  mark: Mark;
  /** Agents as bits. */
  passedOver: number;
}

/** What the reader claims; nothing while it is incomplete. */
export function claimOf({ held, applied, proof }: Reader, { claims }: Protocol): Claim | undefined {
  if (claims === 'watermark alone') return applied && { mark: applied, passedOver: 0 };
  if (!proof) return undefined;
  const passedOver = lacking(held, proof.needed);
  return { mark: claims === 'watermark' ? (applied ?? proof.mark) : proof.mark, passedOver };
}

/** What is listed of a store, and part of its digest. */
export const counted = (held: Vector, { forgets }: Protocol): Vector => (forgets ? withoutTombstone(held) : held);

/** Whether one of a store's registers is older than before. */
export const isLowered = (before: Vector, after: Vector): boolean => join(before, after) !== after;

/** A text that is the same for equal states only: small numbers, as code units. */
export function keyOf({ home, readers, made, faultsLeft, learnsLeft }: State): string {
  const key = [made, faultsLeft, learnsLeft, home.lineage, home.published, home.acknowledged];
  const addMark = (mark: Mark | undefined): void => {
    if (mark) key.push(mark.lineage, mark.position, mark.truth);
    else key.push(0);
  };
  key.push(home.history.length, ...home.history);
  for (const { held, bus, published, applied, proof, suspects, instances } of readers) {
    key.push(held, published, suspects ? 1 : 0, proof?.needed ?? 0, bus.length);
    addMark(applied);
    addMark(proof?.mark);
    for (const message of bus) {
      if ('heartbeat' in message) addMark(message.heartbeat);
      else key.push(CHANGE, message.agent, message.version);
    }
    for (const work of instances) addWork(work, key, addMark);
  }
  return String.fromCharCode(...key);
}

/** Greater than every lineage, with which a heartbeat begins. */
const CHANGE = 99;

function addWork(work: Work, key: number[], addMark: (mark: Mark) => void): void {
  if (work.doing === 'list') {
    key.push(1, work.listed, work.pages);
    addMark(work.mark);
    addMark(work.last);
  } else if (work.doing === 'proof') {
    key.push(2, work.held, work.beyond, work.proof.needed);
    addMark(work.proof.mark);
  } else if (work.doing === 'push') key.push(3, work.held, work.beyond);
  else key.push(0);
}
