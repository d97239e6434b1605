import { Latencies } from './latencies.ts';

/** What the callers of one region met. */
export class Tally {
  /** Claims granted, by whether the agent's home was the region asked. */
  readonly local = new Latencies();
  readonly remote = new Latencies();
  /** Those of the claims granted for whom the platform vouched, because the agent's home could not be asked. */
  verified = 0;
  /** Claims granted, by the agent's home. */
  readonly byHome = new Map<string, number>();
  /** Answers that nobody was available; one call may get many. */
  nobody = 0;
  /** Answers that the region could not serve the call now, or none at all. */
  unavailable = 0;
  /** The platform said that the agent was not free after all. */
  refusedByPlatform = 0;
  /** Claims that had nearly run out before they could be used. */
  lapsed = 0;
  /** Confirmations that did not succeed; the platform's own word confirms as well. */
  unconfirmed = 0;
  connected = 0;
  abandoned = 0;

  get granted(): number {
    return this.local.count + this.remote.count;
  }
}
