import type { AgentAnswer, Explanation } from '../contract/agents.ts';
import type { ClaimAnswer } from '../contract/claims.ts';
import type { Tally } from '../store/queues.ts';

/** Why routing could not do what was asked; the API turns each code into the problem of the same name. */
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
  explanation?: Explanation[] | undefined;
  agent?: AgentAnswer | undefined;
  claim?: ClaimAnswer;
  home?: string;
  retryAfterMs?: number;
}

export class Refusal extends Error {
  override name = 'Refusal';
  readonly code: RefusalCode;
  readonly passedOver: Tally | undefined;
  readonly explanation: Explanation[] | undefined;
  /** The agent it was about, so that the region that asked can correct its copy. */
  readonly agent: AgentAnswer | undefined;
  /** The claim that the call has. */
  readonly claim: ClaimAnswer | undefined;
  /** The region that is the agent's home, as far as this one knows. */
  readonly home: string | undefined;
  /** Of a call that found nobody: when it should ask again, in ms. */
  readonly retryAfterMs: number | undefined;

  constructor(code: RefusalCode, message: string, details: RefusalDetails = {}) {
    super(message);
    this.code = code;
    this.passedOver = details.passedOver;
    this.explanation = details.explanation;
    this.agent = details.agent;
    this.claim = details.claim;
    this.home = details.home;
    this.retryAfterMs = details.retryAfterMs;
  }
}
