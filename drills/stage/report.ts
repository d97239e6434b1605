/** The evidence of a step, as label and value; a list is several lines. Values are words, for people. */
export type Evidence = Record<string, string | number | boolean | string[]>;

export interface StepReport {
  name: string;
  ok: boolean;
  evidence: Evidence;
  /** Start, in ms from the start of the drill. */
  at_ms: number;
  took_ms: number;
}

/** Counts of callers, all regions together. */
export interface CallReport {
  connected: number;
  abandoned: number;
  /** Answers that no agent was available; one call may get many. */
  nobody: number;
  /** Answers to try again later, and missing answers. */
  unavailable: number;
  /** Claims on the platform's confirmation, because the agent's home could not be reached. */
  verified: number;
}

export interface DrillReport {
  name: string;
  proves: string;
  ok: boolean;
  took_ms: number;
  steps: StepReport[];
  calls: CallReport;
  /** Agents passed over in claims, by reason. */
  refusals: Record<string, number>;
  /** Calls sent to an agent who had no room for them, as counted by the platforms. */
  double_bookings: number;
  /** Calls sent to an agent who had room but was away, as counted by the platforms. */
  refused_calls: number;
  pulse: Pulse;
}

/** Claims granted to the callers of each region, per interval since the start of the drill. */
export interface Pulse {
  interval_ms: number;
  granted: Record<string, number[]>;
}

export interface DrillsReport {
  ok: boolean;
  drills: DrillReport[];
}

/** Adds evidence to a step. */
export type Say = (label: string, value: Evidence[string]) => void;
