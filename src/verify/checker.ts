import type { Touched } from './claims.ts';
import type { Heard } from './ledger.ts';
import type { Line } from './read.ts';

export interface Violation {
  /** What happened, for people. */
  what: string;
  /** The lines that prove it, as `file:line`. */
  lines: string[];
}

/** Findings of a checker: all are counted, the first ones are kept. */
export interface Findings {
  /** Number of cases judged; 0: the promise was not judged. */
  judged: number;
  /** Number of cases that broke the promise. */
  total: number;
  violations: Violation[];
}

/** One invariant over a history. */
export interface Checker {
  name: string;
  /** The invariant, in one sentence. */
  invariant: string;
  /**
   * Takes all lines in the order of `t`, each with its effect on the claim it names: according to instances (`touched`), and
   * according to callers (`heard`).
   */
  see(line: Line, touched: Touched | undefined, heard: Heard | undefined): void;
  finish(): Findings;
}

const KEPT = 100;

export class Collected implements Findings {
  judged = 0;
  total = 0;
  readonly violations: Violation[] = [];

  add(what: string, lines: string[]): void {
    this.total++;
    if (this.violations.length < KEPT) this.violations.push({ what, lines });
  }
}
