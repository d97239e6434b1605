import { Latencies } from './latencies.ts';

/** Counts of the callers of one region. */
export class Tally {
  /** Claims granted, by whether the agent's home was the region asked. */
  readonly local = new Latencies();
  readonly remote = new Latencies();
  /** Claims granted on the platform's confirmation, because the agent's home could not be reached. */
  verified = 0;
  /** Claims granted, by the agent's home. */
  readonly byHome = new Map<string, number>();
  /** Answers that no agent is available; one call may get many. */
  nobody = 0;
  /** Answers that the region cannot serve the call now, and missing answers. */
  unavailable = 0;
  /** Refusals by the platform: the agent was not free. */
  refusedByPlatform = 0;
  /** Claims that had nearly expired before they could be used. */
  lapsed = 0;
  /** Failed confirmations. An event of the platform confirms as well. */
  unconfirmed = 0;
  connected = 0;
  abandoned = 0;

  get granted(): number {
    return this.local.count + this.remote.count;
  }
}
