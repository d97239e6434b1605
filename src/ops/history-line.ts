import type { CallerLine } from './caller-line.ts';
import type { Origin } from './line-origin.ts';
import type { WorldLine } from './world-line.ts';

/** Written when a history is opened: names the region even if it stays silent. */
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

/** Written by the home that granted, and by the region that answered the caller where that is another one. */
export interface ClaimGrantedLine extends ClaimAsked {
  phase: 'ok';
  since: number;
  agent: string;
  fence: number;
  /** The unit of the agent's capacity that the claim takes; absent: the one for voice. */
  unit?: string;
  /** When the lock lapses, in ms by the clock of the shard that granted. */
  until: number;
  /** How long the grant is promised, in ms from `t`. */
  held_ms: number;
  /** The region that granted; under `mode: 'verified'` not the agent's home. */
  home: string;
  replicated?: boolean;
  /** Granted on the platform's word, because the home could not be reached; absent: granted by the home. */
  mode?: 'verified';
}

export interface ClaimRefusedLine extends ClaimAsked {
  phase: 'refused';
  reason: string;
  agent?: string;
  home?: string;
}

/** The outcome could not be learned: the home may have granted. */
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
  /** How long the claim is promised, in ms from `t`. */
  held_ms: number;
  until?: number;
}

/** The holder gives the agent up; or the claim's time is over, or another claim of its call stands in its place. */
export interface EndedLine extends Settle {
  op: 'release' | 'complete' | 'lapse' | 'supersede';
  phase: 'ok';
  since: number;
  /** What became of the claim: `ENDED`, or `WRAP_UP` for a while, which nobody holds. */
  state?: string;
  /** `false`: no replica has acknowledged it, so a failover may take it. Only of what Muster ends by itself. */
  replicated?: false;
  until?: number;
}

/** A settlement that was refused, or of which nobody knows what became of it: `outcome_unknown`. */
export interface SettleRefusedLine extends Settle {
  op: SettleOp;
  phase: 'refused';
  /** When it was asked for, in ms of `t`: from then on its holder does not claim to hold the agent. Only of ends. */
  since?: number;
  reason: string;
}

/**
 * One facet's version. `[at, how little it leaves of the agent, event id]`; a claim's is `[fence, state, until, call, by?]`, and when the agent last completed
 * a claim is a register of its own, `completed: [ms]`. There is `interaction/{call id}` for each interaction, and beside the
 * claim for voice `claim/{unit}` and `completed/{unit}` for each other unit.
 */
export type FacetVersion = (string | number)[];
export type FacetVersions = Record<string, FacetVersion>;

export interface EventAcceptedLine extends Origin {
  op: 'event';
  phase: 'accepted';
  event: string;
  agent: string;
  /** What brought it, e.g. `reconcile`; absent for the ordinary course of things. */
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
  /** `false`: no replica has acknowledged it, so a failover may take it. */
  replicated?: false;
}

/** What a caller was told of an agent, by a lookup or with a claim. */
export interface AgentReadLine extends Origin {
  op: 'agent';
  phase: 'read';
  agent: string;
  home: string;
  /** How old the answer called itself, in ms; null: nothing was ever heard of the home. */
  age_ms: number | null;
  stale: boolean;
  /** The platform itself had confirmed the agent to this region that long ago, in ms. */
  vouched_ms?: number;
  status: string;
  versions: FacetVersions;
}

/** One of two claims that met. */
interface ConflictParty {
  fence: number;
  call: string;
  /** The region that granted it. */
  region: string;
}

/** Two claims on one agent met when the regions did; the home's stands. Only the policy `verify` can bring this about. */
export interface ConflictLine extends Origin {
  op: 'conflict';
  phase: 'reported';
  agent: string;
  kept: ConflictParty;
  lost: ConflictParty;
  /** Whether both held the agent at one moment, as far as their times tell. */
  overlap: 'certain' | 'possible';
}

/** One of two claims that a call had. */
export interface CallParty {
  agent: string;
  fence: number;
  /** The region that granted it. */
  region: string;
  unit?: string;
}

/** A call had two claims, granted by regions or domains that had not heard of each other. */
export interface CallConflictLine extends Origin {
  op: 'call_conflict';
  phase: 'reported';
  call: string;
  kept: CallParty;
  lost: CallParty;
  /** Whether the one that lost was ended, or both are confirmed and stay. */
  outcome: 'ended' | 'both_confirmed';
}

/** The region put aside a message that nobody can read; what can be told of it is told. */
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
