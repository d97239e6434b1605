import type { Touched } from './claims.ts';
import type { Heard } from './ledger.ts';
import type { Line } from './read.ts';

export interface Violation {
  /** What happened, for people. */
  what: string;
  /** The lines that prove it, as `file:line`. */
  lines: string[];
}

/** What a checker found: all of it counted, the first of it kept. */
export interface Findings {
  /** How many things it could judge; of none it can say nothing. */
  judged: number;
  /** How many of them broke the promise. */
  total: number;
  violations: Violation[];
}

/** One invariant over a history. */
export interface Checker {
  name: string;
  /** The invariant, in one sentence. */
  invariant: string;
  /**
   * Takes all lines in the order of `t`, each with what it did to the claim it names: as instances tell, and as callers
   * were told.
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
