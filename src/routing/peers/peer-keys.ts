import type { Log } from '../../ops/log.ts';

/**
 * Whether another region knows the key that ids of claims are signed with here, as its answers to probes say. Where it does
 * not, no claim that was granted here can be settled there, and nobody hears of it but its callers: so people are told.
 */
export class PeerKeys {
  readonly #region: string;
  readonly #ours: string;
  readonly #log: Log;
  #isStranger = false;

  /**
   * @param region the other one
   * @param ours the fingerprint of the key that signs here
   */
  constructor(region: string, ours: string, log: Log) {
    this.#region = region;
    this.#ours = ours;
    this.#log = log;
  }

  /** @param theirs fingerprints of the keys that it knows; undefined where it does not say */
  heard(theirs: readonly string[] | undefined): void {
    const isStranger = theirs !== undefined && !theirs.includes(this.#ours);
    if (isStranger === this.#isStranger) return;
    this.#isStranger = isStranger;
    const peer = this.#region;
    if (isStranger) this.#log.warn('claim_key_unknown', { peer });
    else this.#log.info('claim_key_known', { peer });
  }

  /** In words; none where all is well. */
  warnings(): string[] {
    if (!this.#isStranger) return [];
    return [
      `${this.#region} does not know the key that ids of claims are signed with here: claims granted here cannot be settled there; see claims.keys in the config of both`,
    ];
  }
}
