import { FaultBox, type FaultTable, type SettingsOf } from '../kit/faults.ts';

/** Faults that last until they are reset. Counters run down to 0. */
export const FAULTS = {
  duplicateRows: { takes: 'probability', default: 0, says: 'a row of /agents/states comes twice' },
  redeliverRows: { takes: 'probability', default: 0, says: 'a row that has not changed is part of a delta' },
  lateRows: { takes: 'probability', default: 0, says: 'a change is seen later by lateMs' },
  lateMs: { takes: 'count', default: 2_000, says: 'how much later' },
  hideRows: { takes: 'probability', default: 0, says: 'a change is seen after hideMs, and by no delta' },
  hideMs: { takes: 'count', default: 5_000, says: 'how long it is hidden' },
  hiddenAgents: { takes: 'count', default: 0, says: 'number of agents that the client may not see' },
  slowAnswers: { takes: 'probability', default: 0, says: 'an answer is held back for slowMs' },
  slowMs: { takes: 'count', default: 2_000, says: 'how long' },
  truncateAnswers: { takes: 'probability', default: 0, says: 'an answer is cut in half' },
  clockSkewMs: { takes: 'milliseconds', default: 0, says: 'how far the platform’s clock is ahead' },
  missingScopes: { takes: 'list', default: [], says: 'RealTimeDataAPI or AdminAPI: 403' },
  refusedRequests: {
    takes: 'list',
    default: [],
    says: 'requests that the role does not allow, e.g. teams/{teamId}/unavailable-codes: 403',
  },
  unauthorizedNext: { takes: 'count', default: 0, says: 'number of requests that are answered with 401' },
  throttleNext: { takes: 'count', default: 0, says: 'number of requests that are answered with 429' },
  retryAfterSeconds: { takes: 'count', default: 0, says: 'Retry-After of every 429; 0 leaves it out' },
  unavailableNext: { takes: 'count', default: 0, says: 'number of requests that are answered with 503' },
  failLoginNext: { takes: 'count', default: 0, says: 'number of token requests that are answered with 503' },
} as const satisfies FaultTable;

export type FaultSettings = SettingsOf<typeof FAULTS>;

export class Faults extends FaultBox<typeof FAULTS> {
  constructor(settings: Partial<FaultSettings>, seed: number) {
    super(FAULTS, settings, seed);
  }
}

/** Actions that happen once, at once. */
export interface FaultActions {
  /** Ends every token before its time. */
  expireTokens: true;
}
