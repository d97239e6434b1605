import type { Tally } from '../cache/queues.ts';
import type { AgentAnswer, Explanation } from '../contract/agents.ts';

/** Why routing could not do what was asked; the API turns each code into the problem of the same name. */
export type RefusalCode =
  | 'no_agent_available'
  | 'unknown_agent'
  | 'unknown_claim'
  | 'unknown_queue'
  | 'fence_superseded'
  | 'claim_ended'
  | 'not_replicated'
  | 'home_unreachable'
  | 'outcome_unknown';

export class Refusal extends Error {
  override name = 'Refusal';
  readonly code: RefusalCode;
  readonly passedOver: Tally | undefined;
  readonly explanation: Explanation[] | undefined;
  /** The agent it was about, so that the region that asked can correct its copy. */
  readonly agent: AgentAnswer | undefined;

  constructor(
    code: RefusalCode,
    message: string,
    details: { passedOver?: Tally; explanation?: Explanation[] | undefined; agent?: AgentAnswer | undefined } = {},
  ) {
    super(message);
    this.code = code;
    this.passedOver = details.passedOver;
    this.explanation = details.explanation;
    this.agent = details.agent;
  }
}
