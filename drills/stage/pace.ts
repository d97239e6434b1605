/** The intervals a drill runs at, in ms. */
export interface Pace {
  /** In words, for the head of the report. */
  says: string;
  heartbeatMs: number;
  suspectMs: number;
  staleMs: number;
  reconcileMs: number;
  /** How long a claim is held that nobody confirms. */
  heldMs: number;
  /** How long the storm of notifications lasts. */
  stormMs: number;
  /** How long a flapping link stays as it is, and for how long it flaps. */
  flapMs: number;
  flappingMs: number;
}

/** As configured by default. */
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

/** The same relations, for people who wait. */
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
