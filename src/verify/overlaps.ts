import { isLive, type Span } from './shelf.ts';

/** Two claims that were live at the same moment. */
export interface Overlap<Claim extends Span> {
  first: Claim;
  second: Claim;
  /** When the second began, in ms of `t`. */
  at: number;
}

/**
 * Pairs of claims that overlap as far as the lines so far tell. A release whose answer is overtaken by the next
 * grant's stands below that grant in the history, so a pair is proven only by the end of its first claim: one that
 * its holder began to give up before the second was granted acquits it.
 */
export class Overlaps<Claim extends Span> {
  readonly #suspected = new Map<Claim, Overlap<Claim>[]>();
  readonly #onProven: (overlap: Overlap<Claim>) => void;

  constructor(onProven: (overlap: Overlap<Claim>) => void) {
    this.#onProven = onProven;
  }

  /** `second` has just begun, at `at`: suspects it with each of `others` that is live, unless its own time was over when its answer came. */
  began(second: Claim, others: readonly Claim[], at: number): void {
    if (!isLive(second, at)) return;
    for (const first of others) {
      if (first === second || !isLive(first, at)) continue;
      const pairs = this.#suspected.get(first) ?? [];
      pairs.push({ first, second, at });
      this.#suspected.set(first, pairs);
    }
  }

  ended(claim: Claim): void {
    for (const pair of this.#suspected.get(claim) ?? []) {
      if (claim.endedAt === undefined || claim.endedAt > pair.at) this.#onProven(pair);
    }
    this.#suspected.delete(claim);
  }

  /**
   * Acquits the pairs that the claim's end came before. Its end may turn out to have come earlier yet, so the others
   * are proven in the end only.
   */
  acquit(claim: Claim): void {
    const { endedAt } = claim;
    const left = (this.#suspected.get(claim) ?? []).filter(({ at }) => endedAt === undefined || endedAt > at);
    if (left.length > 0) this.#suspected.set(claim, left);
    else this.#suspected.delete(claim);
  }

  /** Nobody gave these up in time. */
  finish(): void {
    for (const claim of [...this.#suspected.keys()]) this.ended(claim);
  }
}
