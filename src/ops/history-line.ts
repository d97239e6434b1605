import type { CallerLine } from './caller-line.ts';
import type { Origin } from './line-origin.ts';
import type { WorldLine } from './world-line.ts';

/** The first line of a history. It names the region even if nothing else is written. */
interface OpenedLine extends Origin {
  op: 'history';
  phase: 'opened';
}

interface ClaimAsked extends Origin {
  op: 'claim';
  call: string;
  queue: string;
}

export interface ClaimInvokedLine extends ClaimAsked {
  phase: 'invoke';
}

/** Written by the region that granted, and again by the region that answered the caller if it is another one. */
export interface ClaimGrantedLine extends ClaimAsked {
  phase: 'ok';
  since: number;
  agent: string;
  fence: number;
  /** The unit of the agent's capacity that the claim takes; absent for voice. */
  unit?: string;
  /** When the lock expires, in ms by the clock of the shard that granted. */
  until: number;
  /** How long the holder may rely on the claim, in ms from `t`. */
  held_ms: number;
  /** The region that granted; under `mode: 'verified'` not the agent's home. */
  home: string;
  replicated?: boolean;
  /** `verified`: a delegated grant, because the home could not be reached; absent: granted by the home. */
  mode?: 'verified';
}

export interface ClaimRefusedLine extends ClaimAsked {
  phase: 'refused';
  reason: string;
  agent?: string;
  home?: string;
}

/** The home did not answer; it may have granted. */
export interface ClaimUnknownLine extends ClaimAsked {
  phase: 'unknown';
  home: string;
  agent?: string;
  reason?: string;
}

export const SETTLE_OPS = ['confirm', 'renew', 'release', 'complete'] as const;
export type SettleOp = (typeof SETTLE_OPS)[number];

interface Settle extends Origin {
  call?: string;
  agent: string;
  fence: number;
  unit?: string;
}

/** The holder keeps the agent. */
export interface KeptLine extends Settle {
  op: 'confirm' | 'renew';
  phase: 'ok';
  since: number;
  /** How long the holder may rely on the claim, in ms from `t`. */
  held_ms: number;
  until?: number;
}

/** The holder ended the claim, the claim expired, or another claim of its call superseded it. */
export interface EndedLine extends Settle {
  op: 'release' | 'complete' | 'lapse' | 'supersede';
  phase: 'ok';
  since: number;
  /** The claim's state: `ENDED`, or `WRAP_UP` for a while, in which it has no holder. */
  state?: string;
  /** `false`: no replica has acknowledged the end, so a failover may lose it. Only for ends that Muster itself decided. */
  replicated?: false;
  until?: number;
}

/** A settlement that was refused, or whose outcome is not known (`outcome_unknown`). */
export interface SettleRefusedLine extends Settle {
  op: SettleOp;
  phase: 'refused';
  /** When it was requested, in ms of `t`; from then on the holder no longer relies on the claim. Only for settlements that end it. */
  since?: number;
  reason: string;
}

/**
 * The version of a facet: `[at, unavailability, event id]`, see `unavailabilityOf`. A claim's version is
 * `[fence, state, until, call, by?]`. The time at which the agent last completed a claim has a version of its own,
 * `completed: [ms]`. Each interaction has `interaction/{call id}`. Units other than voice have `claim/{unit}` and
 * `completed/{unit}`.
 */
export type FacetVersion = (string | number)[];
export type FacetVersions = Record<string, FacetVersion>;

export interface EventAcceptedLine extends Origin {
  op: 'event';
  phase: 'accepted';
  event: string;
  agent: string;
  /** The source, e.g. `reconcile`; absent for ordinary events. */
  source?: string | undefined;
  facets: string[];
  versions: FacetVersions;
}

export interface EventHandledLine extends Origin {
  op: 'event';
  phase: 'applied' | 'duplicate' | 'outdated';
  since: number;
  event: string;
  agent: string;
  versions: FacetVersions;
  /** The region that accepted the event. */
  from: string;
  via: 'local' | 'bus';
  /** `false`: no replica has acknowledged it, so a failover may lose it. */
  replicated?: false;
}

/** The state of an agent in an answer to a lookup or claim. */
export interface AgentReadLine extends Origin {
  op: 'agent';
  phase: 'read';
  agent: string;
  home: string;
  /** Age of the state according to the answer, in ms; null if nothing was ever received from the home. */
  age_ms: number | null;
  stale: boolean;
  /** Time in ms since the platform confirmed the agent to this region. */
  vouched_ms?: number;
  /** Time in ms since the home was asked for the claim that is answered with: the state contains what it answered. */
  asked_ms?: number;
  /** Age of the whole answer according to it, in ms; absent if the answer has none, null if it is unknown. */
  told_ms?: number | null;
  /** The caller's `max_age_ms`; absent if there is none, or if it does not count, as for a claim that the call had already. */
  max_age_ms?: number;
  /** When the request arrived, in ms of `t`; with `max_age_ms`. */
  since?: number;
  status: string;
  versions: FacetVersions;
}

/** One of the claims of a claim conflict. */
interface ConflictParty {
  fence: number;
  call: string;
  /** The region that granted it. */
  region: string;
}

/** A claim conflict: two regions granted one agent. The home's claim stands. Only authority policy `verify` allows conflicts. */
export interface ConflictLine extends Origin {
  op: 'conflict';
  phase: 'reported';
  agent: string;
  kept: ConflictParty;
  lost: ConflictParty;
  /** Whether both claims certainly held the agent at one moment. */
  overlap: 'certain' | 'possible';
}

/** One of two claims of a call. */
export interface CallParty {
  agent: string;
  fence: number;
  /** The region that granted it. */
  region: string;
  unit?: string;
}

/** A call had two claims, granted by regions or domains that did not know of each other's. */
export interface CallConflictLine extends Origin {
  op: 'call_conflict';
  phase: 'reported';
  call: string;
  kept: CallParty;
  lost: CallParty;
  /** `ended`: the losing claim was ended. `both_confirmed`: both are confirmed and stay. */
  outcome: 'ended' | 'both_confirmed';
}

/** The region wrote a dead letter. `event` and `agent` are present if they could be read. */
export interface EventDeadLetterLine extends Origin {
  op: 'event';
  phase: 'dead_letter';
  reason: string;
  event?: string;
  agent?: string;
}

export type HistoryLine =
  | OpenedLine
  | ClaimInvokedLine
  | ClaimGrantedLine
  | ClaimRefusedLine
  | ClaimUnknownLine
  | KeptLine
  | EndedLine
  | SettleRefusedLine
  | EventAcceptedLine
  | EventHandledLine
  | EventDeadLetterLine
  | AgentReadLine
  | ConflictLine
  | CallConflictLine
  | CallerLine
  | WorldLine;
