import { type Static, Type } from 'typebox';
import { END_REASONS } from '../agent/facets.ts';
import { closed } from '../agent/wire.ts';
import { AgentAnswer, AgentId, Explanation } from './agents.ts';
import { LONGEST_CLAIM_ID } from './claim-ids.ts';
import { AnswerAgeMs, BudgetMs, Count, MaxAgeMs, MediaType, MsSinceEpoch, Name, OneOf, Skills } from './fields.ts';

/** The id of a claim. It names the agent, so a settlement can be sent to the right region, and proves that the claim was granted. */
export const ClaimId = Type.String({
  minLength: 1,
  maxLength: LONGEST_CLAIM_ID,
  description: 'The id of the claim. It proves that the claim was granted. Opaque: send it back unchanged.',
});

export const Deliver = OneOf(
  ['assign'],
  '`assign`: Muster asks the platform to assign the conversation to the agent. It must wait in a queue there under the id in `call_id`.',
);

export const DELIVERED = ['accepted', 'unknown', 'by_caller'] as const;
const Delivered = OneOf(
  [...DELIVERED],
  'With `deliver`. `accepted`: the platform accepted the assignment; the claim is kept while it rings there and confirmed when it is answered. `unknown`: the platform may have accepted it, but did not answer in time or refused a repetition; repeat the request with the same `call_id`. `by_caller`: the platform of this agent takes no assignments; send the call there yourself.',
);

export const ClaimAnswer = Type.Object(
  {
    claim_id: ClaimId,
    call_id: Type.String({
      description: 'The call that has the claim; empty if the claim was superseded by another one.',
    }),
    agent_id: AgentId,
    queue: Type.String({ description: 'The queue that was asked for.' }),
    unit: Type.Optional(
      Type.String({
        description: "The unit of the agent's capacity that the claim takes, e.g. `chat-2`; absent: voice.",
      }),
    ),
    state: OneOf(['HELD', 'CONFIRMED', 'WRAP_UP', 'ENDED'], 'State of the claim.'),
    fence: Count('Grows with every claim on the agent. The higher fence wins in every region.', { minimum: 1 }),
    until: MsSinceEpoch('When the claim lapses, by the clock of the shard that granted it, in ms.'),
    expires_in_ms: Count('How long the claim holds the agent from this answer on, in ms; 0 if it no longer does.'),
    end_reason: Type.Optional(OneOf([...END_REASONS], 'Why the claim ended.')),
    replicated: Type.Optional(
      Type.Boolean({
        description: 'False if no replica acknowledged the claim: a failover of its shard could lose it.',
      }),
    ),
    delivered: Type.Optional(Delivered),
    authority: Type.Object(
      {
        region: Name('The region that granted the claim.'),
        mode: OneOf(
          ['home', 'verified', 'copy'],
          "`home`: the agent's home. `verified`: under policy `verify`, a region that could not reach the home. `copy`: this region's copy of a claim whose home could not be asked in time; the home may know otherwise.",
        ),
      },
      closed,
    ),
    age_ms: AnswerAgeMs(
      'Age of the answer, in ms: of the last word about the agent. If the home was asked for the claim, the time since then; 0 if it is this region.',
    ),
    agent: AgentAnswer,
    explanation: Type.Optional(Type.Array(Explanation, { description: 'Present if `explain` was set.' })),
  },
  { ...closed, $id: 'Claim', description: 'The exclusive, time-limited right to send one interaction to one agent.' },
);
export type ClaimAnswer = Static<typeof ClaimAnswer>;

export const ClaimBody = Type.Object(
  {
    queue: Name('The queue to take an agent from.'),
    call_id: Name(
      'The id of the interaction. The same call with the same claim request gets the same claim while it lives; with another one, `call_has_claim`.',
    ),
    media: MediaType,
    skills: Type.Optional(Skills),
    deliver: Type.Optional(Deliver),
    budget_ms: BudgetMs,
    max_age_ms: MaxAgeMs,
    agent_id: Type.Optional(Name('Take only this agent.')),
    explain: Type.Optional(
      Type.Boolean({ description: 'Whether to explain for each scanned agent why it was taken or passed over.' }),
    ),
    proposes: Type.Optional(Name('Only from another region: the agent, homed here, that it proposes for its caller.')),
  },
  closed,
);
export type ClaimBody = Static<typeof ClaimBody>;

export const SettleBody = Type.Object({ budget_ms: BudgetMs }, closed);
export const ReleaseBody = Type.Object(
  {
    budget_ms: BudgetMs,
    refused: Type.Optional(
      Type.Boolean({
        description:
          'Whether the platform refused to send the call to the agent. Muster then asks the platform for the state of the agent.',
      }),
    ),
  },
  closed,
);
export type ReleaseBody = Static<typeof ReleaseBody>;

export const ClaimPath = Type.Object({ id: ClaimId });
