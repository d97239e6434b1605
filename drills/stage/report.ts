/** What a step saw, as label and value; a list is several lines. For people first, so values are words. */
export type Evidence = Record<string, string | number | boolean | string[]>;

export interface StepReport {
  name: string;
  ok: boolean;
  evidence: Evidence;
  /** When it began, in ms from the beginning of the drill. */
  at_ms: number;
  took_ms: number;
}

/** What callers met, all regions together. */
export interface CallReport {
  connected: number;
  abandoned: number;
  /** Answers that nobody was available; one call may get many. */
  nobody: number;
  /** Answers to come again later, or none at all. */
  unavailable: number;
  /** Claims on agents whose home could not be asked, for whom the platform vouched. */
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
  /** Calls sent to an agent whose work left no room for them, as the platforms count them. */
  double_bookings: number;
  /** Calls sent to an agent who had room and was not there for them, as the platforms count them. */
  refused_calls: number;
  pulse: Pulse;
}

/** Claims granted to the callers of each region, per interval since the beginning of the drill. */
export interface Pulse {
  interval_ms: number;
  granted: Record<string, number[]>;
}

export interface DrillsReport {
  ok: boolean;
  drills: DrillReport[];
}

/** Tells what a step saw. */
export type Say = (label: string, value: Evidence[string]) => void;
