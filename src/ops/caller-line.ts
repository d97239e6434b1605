import type { Origin } from './line-origin.ts';

/**
 * The lines that callers write: what they asked for, and what they were told. No instance writes any of them, so they
 * are what the instances' own histories are held against. They stand in a file of their own, as process `callers`, by
 * the monotonic clock of the same host; `region` is the one that was asked.
 *
 * `since` is from before the request was sent, `t` when its answer had arrived or was given up.
 */

export const CALLER_ASKS = ['claim', 'confirm', 'renew', 'release', 'complete', 'refused'] as const;
export type CallerAsk = (typeof CALLER_ASKS)[number];

interface CallerAsked extends Origin {
  op: 'caller';
  asked: CallerAsk;
  since: number;
  /** The instance that was asked. */
  url: string;
  /** Absent where whoever settles a claim does not know its call. */
  call?: string;
  queue?: string;
  /** The claim that is meant, or was given: its id, and what the id names. */
  claim?: string;
  agent?: string;
  fence?: number;
  /** The unit of the agent's capacity; absent: the one for voice. */
  unit?: string;
}

/** Whose word an answer is: the agent's home's, a region's in its stead, or a copy's, which promises nothing. */
export type AnswerMode = 'home' | 'verified' | 'copy';

/** An answer. The fields of a claim are there as far as the answer told them. */
export interface CallerAnsweredLine extends CallerAsked {
  phase: 'answered';
  /** The HTTP status. */
  status: number;
  /** The code of the problem, or the reason of a flat answer that says no under a 200; absent: it was done. */
  code?: string;
  /** The region that granted. */
  home?: string;
  mode?: AnswerMode;
  state?: string;
  /** How long the answer promised the agent, in ms. */
  held_ms?: number;
  replicated?: boolean;
}

/** Nobody answered in time, or the connection broke: whatever was asked may have been done, or be done yet. */
export interface CallerUnansweredLine extends CallerAsked {
  phase: 'unanswered';
}

/** The interaction is over for that agent, as whoever is on the line knows: hung up, missed, passed on. */
export interface CallOverLine extends Origin {
  op: 'caller';
  phase: 'over';
  call: string;
  agent: string;
}

export type CallerLine = CallerAnsweredLine | CallerUnansweredLine | CallOverLine;
