import { claimsOf, type Facets, interactionsOf, unavailabilityOf } from '../agent/facets.ts';
import type { Outcome } from '../agent/merge.ts';
import type { AgentEvent } from '../agent/wire.ts';
import type { Clock } from './clock.ts';
import type {
  AgentReadLine,
  CallConflictLine,
  ClaimGrantedLine,
  ClaimInvokedLine,
  ClaimRefusedLine,
  ClaimUnknownLine,
  ConflictLine,
  EndedLine,
  EventDeadLetterLine,
  EventHandledLine,
  FacetVersions,
  KeptLine,
  SettleOp,
  SettleRefusedLine,
} from './history-line.ts';
import { Journal } from './journal.ts';
import type { Origin } from './line-origin.ts';
import type { Log } from './log.ts';

/** What the caller tells of a line; the history adds the rest. */
type Told<Line extends Origin> = Omit<Line, keyof Origin | 'op' | 'phase'>;

type CallConflict = Told<CallConflictLine>;
type ClaimInvoked = Told<ClaimInvokedLine>;
type ClaimRefused = Told<ClaimRefusedLine>;
type ClaimUnknown = Told<ClaimUnknownLine>;
type SettleRefused = Told<SettleRefusedLine> & { op: SettleOp };
type EventDeadLettered = Told<EventDeadLetterLine>;
type Conflict = Told<ConflictLine>;

/** What a caller is about to be told of an agent. */
export interface AgentRead {
  agent: string;
  home: string;
  /** As the answer says it, in ms; null: nothing was ever heard of the home. */
  ageMs: number | null;
  stale: boolean;
  /** How long ago the platform itself confirmed the agent to this region, in ms; absent where it did not. */
  vouchedMs?: number | undefined;
  status: string;
  facets: Facets;
}

export interface ClaimGranted extends ClaimInvoked {
  agent: string;
  fence: number;
  /** The unit of the agent's capacity, where it is not the one for voice. */
  unit?: string;
  /** When the lock lapses, in ms by the clock of the shard that granted. */
  untilMs: number;
  /**
   * How long the holder may rely on the grant, in ms from now: the lock's time left when it was asked for, less the
   * time since then. Promising more is a fault that `exclusive` finds.
   */
  heldMs: number;
  /** The region whose record granted. */
  home: string;
  /** False if no replica acknowledged the grant. */
  replicated?: boolean;
  /** Granted on the platform's word, because the agent's home could not be reached; absent: granted by the home. */
  mode?: 'verified' | undefined;
  /** `clock.monotonicMs()` from before the grant was asked for. */
  startedMs: number;
}

interface SettledBase {
  call?: string;
  agent: string;
  fence: number;
  unit?: string;
  untilMs?: number;
  /** `clock.monotonicMs()` from before the settle was asked for. */
  startedMs: number;
}

/** Whoever confirms or renews is promised the agent for `heldMs` from now; see {@link ClaimGranted.heldMs}. */
type Settled = SettledBase &
  (
    | { op: 'confirm' | 'renew'; heldMs: number }
    | { op: 'release' | 'complete' | 'lapse' | 'supersede'; state?: string; mayBeLost?: boolean }
  );

export interface EventHandled {
  outcome: Outcome;
  via: 'local' | 'bus';
  /** `clock.monotonicMs()` from before the event was handed to the store. */
  startedMs: number;
  /** Whether a failover may take what was written: no replica has acknowledged it. */
  mayBeLost?: boolean;
}

/** What one instance did, written so that `muster verify` can tell whether the promises were kept. */
export interface History {
  claimInvoked(claim: ClaimInvoked): void;
  /** Once by the home that granted, and once more by the region that answered the caller where that is another. */
  claimGranted(claim: ClaimGranted): void;
  claimRefused(claim: ClaimRefused): void;
  claimUnknown(claim: ClaimUnknown): void;
  settled(settle: Settled): void;
  settleRefused(settle: SettleRefused): void;
  /** To be called once the event is durable, before the sender is told so. */
  eventAccepted(event: AgentEvent): void;
  /** To be called before the bus is told that the event is done with. */
  eventHandled(event: AgentEvent, handled: EventHandled): void;
  eventDeadLettered(letter: EventDeadLettered): void;
  /** To be called for every agent that a caller is told of, with what they are told. */
  agentRead(read: AgentRead): void;
  /** To be called once for each pair of claims that met. */
  conflict(conflict: Conflict): void;
  /** To be called once for each pair of claims that a call had. */
  callConflict(conflict: CallConflict): void;
  /** Why writing has stopped; undefined while all is well. */
  readonly failed: Error | undefined;
  close(): void;
}

interface HistoryOptions {
  file: string;
  region: string;
  /** Instance id. */
  process: string;
  clock: Clock;
  log: Pick<Log, 'error'>;
}

/**
 * Appends to a history; one file per instance.
 * @throws Error if the file cannot be opened: whoever asked for a history should not run without one
 */
export function openHistory({ file, region, process, clock, log }: HistoryOptions): History {
  const journal = new Journal(file, log);
  // `stamp` is called in each method, not ahead of it: the line is written at the moment it tells of.
  const stamp = (): Origin => ({ t: clock.monotonicMs(), at: clock.nowMs(), region, process });
  journal.append({ ...stamp(), op: 'history', phase: 'opened' });
  return {
    claimInvoked: (claim) => journal.append({ ...stamp(), op: 'claim', phase: 'invoke', ...claim }),
    claimGranted: (claim) => journal.append({ ...stamp(), ...grantedLine(claim) }),
    claimRefused: (claim) => journal.append({ ...stamp(), op: 'claim', phase: 'refused', ...claim }),
    claimUnknown: (claim) => journal.append({ ...stamp(), op: 'claim', phase: 'unknown', ...claim }),
    settled: (settle) => journal.append({ ...stamp(), ...settledLine(settle) }),
    settleRefused: ({ op, ...settle }) => journal.append({ ...stamp(), op, phase: 'refused', ...settle }),
    eventAccepted: ({ eventId, agentId, source, facets }) => {
      const versions = versionsOf(facets);
      const line = { event: eventId, agent: agentId, source, facets: Object.keys(facets), versions };
      journal.append({ ...stamp(), op: 'event', phase: 'accepted', ...line });
    },
    eventHandled: (event, handled) => journal.append({ ...stamp(), ...handledLine(event, handled) }),
    eventDeadLettered: (letter) => journal.append({ ...stamp(), op: 'event', phase: 'dead_letter', ...letter }),
    agentRead: (read) => journal.append({ ...stamp(), ...readLine(read) }),
    conflict: (conflict) => journal.append({ ...stamp(), op: 'conflict', phase: 'reported', ...conflict }),
    callConflict: (conflict) => journal.append({ ...stamp(), op: 'call_conflict', phase: 'reported', ...conflict }),
    get failed() {
      return journal.failed;
    },
    close: () => journal.close(),
  };
}

function grantedLine({ startedMs, untilMs, heldMs, ...claim }: ClaimGranted): Omit<ClaimGrantedLine, keyof Origin> {
  return { op: 'claim', phase: 'ok', since: startedMs, until: untilMs, held_ms: heldMs, ...claim };
}

function settledLine(settle: Settled): Omit<KeptLine, keyof Origin> | Omit<EndedLine, keyof Origin> {
  const { call, agent, fence, unit, untilMs: until, startedMs: since } = settle;
  const common = { phase: 'ok', since, call, agent, fence, ...(unit && { unit }), until } as const;
  if ('heldMs' in settle) return { op: settle.op, ...common, held_ms: settle.heldMs };
  return { op: settle.op, ...common, state: settle.state, ...(settle.mayBeLost && { replicated: false }) };
}

function handledLine(event: AgentEvent, handled: EventHandled): Omit<EventHandledLine, keyof Origin> {
  const { outcome: phase, via, startedMs: since, mayBeLost } = handled;
  const { eventId, agentId, region: from } = event;
  const common = { op: 'event', phase, since, event: eventId, agent: agentId, from, via } as const;
  return { ...common, versions: versionsOf(event.facets), ...(mayBeLost && { replicated: false }) };
}

function readLine({ ageMs, vouchedMs, facets, ...read }: AgentRead): Omit<AgentReadLine, keyof Origin> {
  const vouched = vouchedMs === undefined ? {} : { vouched_ms: vouchedMs };
  return { op: 'agent', phase: 'read', ...read, age_ms: ageMs, ...vouched, versions: versionsOf(facets) };
}

function versionsOf(facets: Facets): FacetVersions {
  const versions: FacetVersions = {};
  for (const name of ['forgotten', 'profile', 'presence', 'activity'] as const) {
    const facet = facets[name];
    if (facet) versions[name] = [facet.at, unavailabilityOf(facet), facet.id];
  }
  for (const one of interactionsOf(facets))
    versions[`interaction/${one.callId}`] = [one.at, unavailabilityOf(one), one.id];
  for (const { unit, fence, state, untilMs, callId, completedAtMs, by } of claimsOf(facets)) {
    const of = unit === undefined ? '' : `/${unit}`;
    versions[`claim${of}`] = [fence, state, untilMs, callId, ...(by === undefined ? [] : [by])];
    if (completedAtMs > 0) versions[`completed${of}`] = [completedAtMs];
  }
  return versions;
}
