import type { AgentAnswer, Explanation } from '../contract/agents.ts';
import type { ClaimAnswer } from '../contract/claims.ts';
import type { Tally } from '../store/queues.ts';

/** Why routing could not serve a request. The API answers with the problem of the same code. */
export type RefusalCode =
  | 'no_agent_available'
  | 'unknown_agent'
  | 'agent_of_platform'
  | 'agent_has_claim'
  | 'unknown_claim'
  | 'unknown_queue'
  | 'fence_superseded'
  | 'claim_ended'
  | 'call_has_claim'
  | 'not_assigned'
  | 'platform_unavailable'
  | 'not_home'
  | 'not_homed_here'
  | 'home_disputed'
  | 'home_unreachable'
  | 'outcome_unknown';

interface RefusalDetails {
  passedOver?: Tally;
  isIncomplete?: true | undefined;
  ageMs?: number | null;
  explanation?: Explanation[] | undefined;
  agent?: AgentAnswer | undefined;
  claim?: ClaimAnswer;
  home?: string;
  retryAfterMs?: number;
}

/** A request that routing could not serve. `message` becomes the problem's `detail`. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly code: RefusalCode;
  /** Scan counts, if a queue was scanned. */
  readonly passedOver: Tally | undefined;
  /** Whether time was too short to look at everybody who could qualify. */
  readonly isIncomplete: true | undefined;
  /** Age of the oldest word that the refusal rests on, in ms; null: there is none from a home. Absent if no queue was scanned. */
  readonly ageMs: number | null | undefined;
  readonly explanation: Explanation[] | undefined;
  /** The agent in question, so that a region that asked can update its copy. */
  readonly agent: AgentAnswer | undefined;
  /** The claim that the call has already. */
  readonly claim: ClaimAnswer | undefined;
  /** The agent's home according to this region; empty if there is none. */
  readonly home: string | undefined;
  /** The retry slot of a call that found no agent: time until it should ask again, in ms. */
  readonly retryAfterMs: number | undefined;

  constructor(code: RefusalCode, message: string, details: RefusalDetails = {}) {
    super(message);
    this.code = code;
    this.passedOver = details.passedOver;
    this.isIncomplete = details.isIncomplete;
    this.ageMs = details.ageMs;
    this.explanation = details.explanation;
    this.agent = details.agent;
    this.claim = details.claim;
    this.home = details.home;
    this.retryAfterMs = details.retryAfterMs;
  }
}
