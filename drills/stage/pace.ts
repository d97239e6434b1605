/** The intervals a drill runs at, in ms. */
export interface Pace {
  /** Description for the head of the report. */
  says: string;
  heartbeatMs: number;
  suspectMs: number;
  staleMs: number;
  reconcileMs: number;
  /** How long an unconfirmed claim is held. */
  heldMs: number;
  /** How long the storm of notifications lasts. */
  stormMs: number;
  /** How long a flapping link keeps a state, and for how long it flaps. */
  flapMs: number;
  flappingMs: number;
}

/** The defaults of the configuration. */
export const REAL: Pace = {
  says: 'real intervals',
  heartbeatMs: 1_000,
  suspectMs: 10_000,
  staleMs: 30_000,
  reconcileMs: 60_000,
  heldMs: 10_000,
  stormMs: 60_000,
  flapMs: 5_000,
  flappingMs: 60_000,
};

/** Shorter intervals in the same ratios. */
export const SHORTENED: Pace = {
  says: 'shortened intervals',
  heartbeatMs: 200,
  suspectMs: 1_500,
  staleMs: 4_000,
  reconcileMs: 5_000,
  heldMs: 3_000,
  stormMs: 15_000,
  flapMs: 1_500,
  flappingMs: 15_000,
};
