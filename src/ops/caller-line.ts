import type { Origin } from './line-origin.ts';

/**
 * The lines of a ledger: what callers asked, and what they were answered. Instances never write these lines, so `muster verify`
 * can compare them with the instances' histories. They are in a file of their own, as process `callers`, with the monotonic
 * clock of the same host. `region` is the region that was asked.
 *
 * `since` is the time before the request was sent, `t` the time at which its answer arrived or the caller gave up.
 */

export const CALLER_ASKS = ['claim', 'confirm', 'renew', 'release', 'complete', 'refused'] as const;
export type CallerAsk = (typeof CALLER_ASKS)[number];

interface CallerAsked extends Origin {
  op: 'caller';
  asked: CallerAsk;
  since: number;
  /** The instance that was asked. */
  url: string;
  /** Absent if the caller settles a claim without knowing its call. */
  call?: string;
  queue?: string;
  /** The claim id that was sent or received, and the agent and fence in it. */
  claim?: string;
  agent?: string;
  fence?: number;
  /** The unit of the agent's capacity; absent for voice. */
  unit?: string;
}

/** Source of an answer: the agent's home, another region after the platform confirmed (`verified`), or a `copy` without guarantee. */
export type AnswerMode = 'home' | 'verified' | 'copy';

/** An answer. Fields of the claim are present as far as the answer holds them. */
export interface CallerAnsweredLine extends CallerAsked {
  phase: 'answered';
  /** The HTTP status. */
  status: number;
  /** The problem's code, or the reason of a refusal with status 200; absent on success. */
  code?: string;
  /** The region that granted. */
  home?: string;
  mode?: AnswerMode;
  state?: string;
  /** Remaining time of the claim according to the answer, in ms. */
  held_ms?: number;
  replicated?: boolean;
}

/** No answer in time, or the connection broke. The request may have been carried out, or may be carried out later. */
export interface CallerUnansweredLine extends CallerAsked {
  phase: 'unanswered';
}

/** The interaction is over for that agent, as the person on the line knows: hung up, missed or transferred. */
export interface CallOverLine extends Origin {
  op: 'caller';
  phase: 'over';
  call: string;
  agent: string;
}

export type CallerLine = CallerAnsweredLine | CallerUnansweredLine | CallOverLine;
