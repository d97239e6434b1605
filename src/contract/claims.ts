import { type Static, Type } from 'typebox';
import { END_REASONS } from '../agent/facets.ts';
import { closed } from '../agent/wire.ts';
import { AgentAnswer, AgentId, Explanation } from './agents.ts';
import { LONGEST_CLAIM_ID } from './claim-ids.ts';
import { BudgetMs, Count, MediaType, MsSinceEpoch, Name, OneOf, Skills } from './fields.ts';

/** Names its agent, so whoever holds it can be sent to the right region, and proves that it was granted. */
export const ClaimId = Type.String({
  minLength: 1,
  maxLength: LONGEST_CLAIM_ID,
  description: 'Proves that the claim was granted; opaque to callers, who send it back as it is.',
});

export const Deliver = OneOf(
  ['assign'],
  'Muster has the platform assign the conversation, which waits in a queue there under `call_id`, to the agent.',
);

export const DELIVERED = ['accepted', 'unknown', 'by_caller'] as const;
const Delivered = OneOf(
  [...DELIVERED],
  'With `deliver`: `accepted` if the platform has taken the order; the claim goes on once it rings there, and is confirmed when it is answered. `unknown` if it may have: it did not answer in time, or would not be told again. Ask again, with the same `call_id`. `by_caller` if the platform of this agent cannot be told: send the call there.',
);

export const ClaimAnswer = Type.Object(
  {
    claim_id: ClaimId,
    call_id: Type.String({ description: 'The call that has it; empty for a claim that somebody else has superseded.' }),
    agent_id: AgentId,
    queue: Type.String({ description: 'Where the agent was asked for.' }),
    unit: Type.Optional(
      Type.String({ description: "The unit of the agent's capacity that it takes, e.g. `chat-2`; absent: voice." }),
    ),
    state: OneOf(['HELD', 'CONFIRMED', 'WRAP_UP', 'ENDED'], 'Where it is in its life.'),
    fence: Count('Grows with every claim on the agent: the higher one wins, everywhere.', { minimum: 1 }),
    until: MsSinceEpoch('When it lapses, by the clock of the shard that granted it, in ms.'),
    expires_in_ms: Count('How long it holds the agent from this answer on, in ms; 0 when it holds nobody any more.'),
    end_reason: Type.Optional(OneOf([...END_REASONS], 'Why nobody holds the agent by it any more.')),
    replicated: Type.Optional(
      Type.Boolean({ description: 'False if no replica acknowledged it: a failover of its shard could forget it.' }),
    ),
    delivered: Type.Optional(Delivered),
    authority: Type.Object(
      {
        region: Name('Who granted it.'),
        mode: OneOf(
          ['home', 'verified', 'copy'],
          "The agent's home; under policy `verify` a region that could not reach it (`verified`); or what this region knows of a claim whose home it could not ask in time (`copy`): the home may say otherwise.",
        ),
      },
      closed,
    ),
    agent: AgentAnswer,
    explanation: Type.Optional(Type.Array(Explanation, { description: 'Where it was asked for.' })),
  },
  { ...closed, $id: 'Claim', description: 'The exclusive right, for a time, to send one interaction to one agent.' },
);
export type ClaimAnswer = Static<typeof ClaimAnswer>;

export const ClaimBody = Type.Object(
  {
    queue: Name('Where an agent is asked for.'),
    call_id: Name(
      'The interaction. The same call with the same wish is answered with the same claim while it lives; with another, `call_has_claim`.',
    ),
    media: MediaType,
    skills: Type.Optional(Skills),
    deliver: Type.Optional(Deliver),
    budget_ms: BudgetMs,
    agent_id: Type.Optional(Name('Only this agent will do.')),
    explain: Type.Optional(Type.Boolean({ description: 'Whether to say of each who was looked at why.' })),
    proposes: Type.Optional(Name('Only from another region: the agent of its home whom it proposes for its caller.')),
  },
  closed,
);
export type ClaimBody = Static<typeof ClaimBody>;

export const SettleBody = Type.Object({ budget_ms: BudgetMs }, closed);
export const ReleaseBody = Type.Object(
  {
    budget_ms: BudgetMs,
    refused: Type.Optional(
      Type.Boolean({ description: 'The platform would not take the call to the agent: it is asked how the agent is.' }),
    ),
  },
  closed,
);
export type ReleaseBody = Static<typeof ReleaseBody>;

export const ClaimPath = Type.Object({ id: ClaimId });
