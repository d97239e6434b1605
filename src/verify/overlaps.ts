import { isLive, type Span } from './shelf.ts';

/** Two claims that were live at the same time. */
export interface Overlap<Claim extends Span> {
  first: Claim;
  second: Claim;
  /** When the second began, in ms of `t`. */
  at: number;
}

/**
 * Pairs of claims that overlap according to the lines so far. The answer of a release may be written after the next grant, so an
 * overlap is proven only when the first claim ends: if its holder began to give it up before the second was granted, there
 * was none.
 */
export class Overlaps<Claim extends Span> {
  readonly #suspected = new Map<Claim, Overlap<Claim>[]>();
  readonly #onProven: (overlap: Overlap<Claim>) => void;

  constructor(onProven: (overlap: Overlap<Claim>) => void) {
    this.#onProven = onProven;
  }

  /** `second` began at `at`: suspects an overlap with each live claim of `others`, unless `second` was already over when its answer came. */
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
   * Drops pairs whose second claim began after the claim's end. The end may still move to an earlier time, so the other pairs are
   * proven only in `finish`.
   */
  endedAtLatest(claim: Claim): void {
    const { endedAt } = claim;
    const left = (this.#suspected.get(claim) ?? []).filter(({ at }) => endedAt === undefined || endedAt > at);
    if (left.length > 0) this.#suspected.set(claim, left);
    else this.#suspected.delete(claim);
  }

  /** Proves all pairs that are left. */
  finish(): void {
    for (const claim of [...this.#suspected.keys()]) this.ended(claim);
  }
}
