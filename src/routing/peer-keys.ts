/**
 * Whether another region knows the key that ids of claims are signed with here, as its answers to probes say. Where it does
 * not, no claim that was granted here can be settled there, and nobody hears of it but its callers.
 */
export class PeerKeys {
  #isStranger = false;

  /**
   * @param theirs fingerprints of the keys that it knows; undefined where it does not say
   * @param ours that of the key that signs here
   * @returns whether it has just been found not to know it, or to know it again; undefined if nothing has changed
   */
  heard(theirs: readonly string[] | undefined, ours: string): 'strange' | 'known' | undefined {
    const isStranger = theirs !== undefined && !theirs.includes(ours);
    if (isStranger === this.#isStranger) return undefined;
    this.#isStranger = isStranger;
    return isStranger ? 'strange' : 'known';
  }

  get isStranger(): boolean {
    return this.#isStranger;
  }
}

/** In words. */
export const keyWarning = (region: string): string =>
  `${region} does not know the key that ids of claims are signed with here: claims granted here cannot be settled there; see claims.keys in the config of both`;
