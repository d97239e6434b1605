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

/** The fields of a line that the caller supplies; the history adds the rest. */
type Supplied<Line extends Origin> = Omit<Line, keyof Origin | 'op' | 'phase'>;

type CallConflict = Supplied<CallConflictLine>;
type ClaimInvoked = Supplied<ClaimInvokedLine>;
type ClaimRefused = Supplied<ClaimRefusedLine>;
type ClaimUnknown = Supplied<ClaimUnknownLine>;
type SettleRefused = Supplied<SettleRefusedLine> & { op: SettleOp };
type EventDeadLettered = Supplied<EventDeadLetterLine>;
type Conflict = Supplied<ConflictLine>;

/** What an answer as a whole says of its age. */
export interface AgeTold {
  /** Age of the whole answer, in ms; null: unknown. */
  toldMs?: number | null;
  /** Time in ms since the home was asked for a claim: what it answered is in the state. */
  askedMs?: number;
  /** The caller's `max_age_ms`, and since when it counts, in monotonic ms. */
  limit?: { maxAgeMs: number; sinceMs: number };
}

/** The state of an agent that is about to be sent to a caller. */
export interface AgentRead extends AgeTold {
  agent: string;
  home: string;
  /** Age in the answer, in ms; null if nothing was ever received from the home. */
  ageMs: number | null;
  stale: boolean;
  /** Time in ms since the platform confirmed the agent to this region; absent if it did not. */
  vouchedMs?: number | undefined;
  status: string;
  facets: Facets;
}

export interface ClaimGranted extends ClaimInvoked {
  agent: string;
  fence: number;
  /** The unit of the agent's capacity; absent for voice. */
  unit?: string;
  /** When the lock expires, in ms by the clock of the shard that granted. */
  untilMs: number;
  /**
   * How long the holder may rely on the grant, in ms from now: the remaining lock time when it was requested, minus the
   * time since then. A larger value breaks the promise `exclusive`.
   */
  heldMs: number;
  /** The region that granted. */
  home: string;
  /** False if no replica acknowledged the grant. */
  replicated?: boolean;
  /** `verified`: a delegated grant, because the home could not be reached; absent: granted by the home. */
  mode?: 'verified' | undefined;
  /** `clock.monotonicMs()` before the grant was requested. */
  startedMs: number;
}

interface SettledBase {
  call?: string;
  agent: string;
  fence: number;
  unit?: string;
  untilMs?: number;
  /** `clock.monotonicMs()` before the settlement was requested. */
  startedMs: number;
}

/** After confirm and renew the holder may rely on the claim for `heldMs` from now; see {@link ClaimGranted.heldMs}. */
type Settled = SettledBase &
  (
    | { op: 'confirm' | 'renew'; heldMs: number }
    | { op: 'release' | 'complete' | 'lapse' | 'supersede'; state?: string; mayBeLost?: boolean }
  );

export interface EventHandled {
  outcome: Outcome;
  via: 'local' | 'bus';
  /** `clock.monotonicMs()` before the event was handed to the store. */
  startedMs: number;
  /** Whether a failover may lose the write, because no replica has acknowledged it. */
  mayBeLost?: boolean;
}

/** Writes the outcomes of one instance, from which `muster verify` judges the promises. */
export interface History {
  claimInvoked(claim: ClaimInvoked): void;
  /** Call once in the region that granted, and once in the region that answers the caller if it is another one. */
  claimGranted(claim: ClaimGranted): void;
  claimRefused(claim: ClaimRefused): void;
  claimUnknown(claim: ClaimUnknown): void;
  settled(settle: Settled): void;
  settleRefused(settle: SettleRefused): void;
  /** Call when the event is durable, before it is acknowledged to the sender. */
  eventAccepted(event: AgentEvent): void;
  /** Call before the event is committed on the bus. */
  eventHandled(event: AgentEvent, handled: EventHandled): void;
  eventDeadLettered(letter: EventDeadLettered): void;
  /** Call for each agent in an answer, with the state in the answer. */
  agentRead(read: AgentRead): void;
  /** Call once for each claim conflict. */
  conflict(conflict: Conflict): void;
  /** Call once for each pair of claims of one call. */
  callConflict(conflict: CallConflict): void;
  /** The error that stopped writing; undefined while writing works. */
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
 * Opens a history for appending; one file per instance.
 * @throws Error if the file cannot be opened: an instance that is configured to write a history must not run without it
 */
export function openHistory({ file, region, process, clock, log }: HistoryOptions): History {
  const journal = new Journal(file, log);
  // Each method calls `stamp` itself, so that a line has the time at which it is written.
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

function readLine(read: AgentRead): Omit<AgentReadLine, keyof Origin> {
  const { ageMs, vouchedMs, toldMs, askedMs, limit, facets, ...who } = read;
  return {
    op: 'agent',
    phase: 'read',
    ...who,
    age_ms: ageMs,
    ...(vouchedMs !== undefined && { vouched_ms: vouchedMs }),
    ...(askedMs !== undefined && { asked_ms: askedMs }),
    ...(toldMs !== undefined && { told_ms: toldMs }),
    ...(limit && { max_age_ms: limit.maxAgeMs, since: limit.sinceMs }),
    versions: versionsOf(facets),
  };
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
