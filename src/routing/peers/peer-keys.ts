import type { Log } from '../../ops/log.ts';

/**
 * Checks whether another region has the key that signs claim ids here, by its answers to probes. If it has not, claims granted
 * here cannot be settled there. Only callers would notice, so this is logged and shown in warnings.
 */
export class PeerKeys {
  readonly #region: string;
  readonly #ours: string;
  readonly #log: Log;
  #isStranger = false;

  /**
   * @param region the other region
   * @param ours fingerprint of this region's signing key
   */
  constructor(region: string, ours: string, log: Log) {
    this.#region = region;
    this.#ours = ours;
    this.#log = log;
  }

  /** Takes an answer to a probe. @param theirs fingerprints of the other region's keys; undefined if the answer has none */
  compare(theirs: readonly string[] | undefined): void {
    const isStranger = theirs !== undefined && !theirs.includes(this.#ours);
    if (isStranger === this.#isStranger) return;
    this.#isStranger = isStranger;
    const peer = this.#region;
    if (isStranger) this.#log.warn('claim_key_unknown', { peer });
    else this.#log.info('claim_key_known', { peer });
  }

  /** Warnings for operators; empty if the key is known there. */
  warnings(): string[] {
    if (!this.#isStranger) return [];
    return [
      `${this.#region} does not know the key that signs claim ids here, so claims granted here cannot be settled there; see claims.keys in the configs of both regions`,
    ];
  }
}
