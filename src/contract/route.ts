import { type Static, Type } from 'typebox';
import { TEXT_LIMITS } from '../agent/limits.ts';
import { closed } from '../agent/wire.ts';
import { ClaimId, DELIVERED, Deliver } from './claims.ts';
import { Count, MaxAgeMs, MediaType, MOST_MS, Name, OneOf, Skills, SkillsAsText } from './fields.ts';

/** Longest budget of a script's request, in ms. Scripts wait a second or two for an answer; this leaves time for the network. */
export const LONGEST_MS = 2000;
const BudgetMs = Type.Optional(
  Type.Integer({ minimum: 1, maximum: LONGEST_MS, description: 'How long the answer may take, in ms.' }),
);

const routeFields = {
  queue: Name('The queue to take an agent from.'),
  call_id: Name(
    'The id of the interaction. The same call with the same claim request gets the same claim while it lives.',
  ),
  language: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: TEXT_LIMITS.skillName.most,
      description: 'A further required skill at any level, e.g. `spanish`.',
    }),
  ),
  media: MediaType,
  deliver: Type.Optional(Deliver),
  budget_ms: BudgetMs,
  max_age_ms: MaxAgeMs,
};

export const RouteFields = Type.Object(
  { ...routeFields, skills: Type.Optional(Type.Union([SkillsAsText, Skills])) },
  closed,
);
export type RouteFields = Static<typeof RouteFields>;
export const RouteQuery = Type.Object({ ...routeFields, skills: Type.Optional(SkillsAsText) }, closed);

export const SettleFields = Type.Object(
  {
    settlement: OneOf(
      ['confirm', 'renew', 'release', 'refused', 'complete'],
      'What to do. `refused`: release, because the platform refused to send the call to the agent.',
    ),
    claim_id: Type.Optional(ClaimId),
    call_id: Type.Optional(Name('The call, if the script does not know the id of the claim.')),
    queue: Type.Optional(Name('The queue of the claim; makes finding it by `call_id` cheaper.')),
    agent_id: Type.Optional(Name('The agent of the claim; only with `call_id`.')),
    budget_ms: BudgetMs,
  },
  closed,
);
export type SettleFields = Static<typeof SettleFields>;

const Detail = Type.String({ description: 'Explanation for people.' });
const Reason = Type.String({ description: 'The code of the problem that other callers get for it.' });
const ExpiresInMs = Count('How long the claim holds the agent from this answer on, in ms.');

const AgeMs = Count(
  `Age of the answer, in ms, as in the answers of \`POST /v1/claims\`; ${MOST_MS}: as old as that, or nothing is known from a home. 0 if no agent was looked for.`,
  { maximum: MOST_MS },
);

/** Every field is text, a number or a boolean, and always present: the author of a script declares each once. */
export const RouteAnswer = Type.Union(
  [
    Type.Object(
      {
        found: Type.Literal(true),
        agent_id: Name('`{connection}:{platform user id}`'),
        connection: Type.String({ description: "The agent's connection; empty if the agent has none." }),
        user_id: Type.String({ description: "The agent's id on the platform: the target of the script's transfer." }),
        claim_id: ClaimId,
        expires_in_ms: ExpiresInMs,
        replicated: Type.Boolean({ description: 'Whether a replica has acknowledged the claim.' }),
        queue: Name('The queue that was asked for.'),
        age_ms: AgeMs,
        authority: OneOf(
          ['home', 'verified', 'copy'],
          'As `authority.mode` of a claim: `copy` if the call has a claim whose home could not be asked.',
        ),
        delivered: OneOf(
          ['', ...DELIVERED],
          'With `deliver`: the outcome, as in the answer of `POST /v1/claims`; else empty.',
        ),
        verified: Type.Boolean({
          description:
            "Whether the claim was granted on the home's behalf: the home could not be reached, and the platform confirmed the agent.",
        }),
      },
      closed,
    ),
    Type.Object(
      {
        found: Type.Literal(false),
        reason: Reason,
        detail: Detail,
        retry_after_ms: Count('When the call should ask again, in ms. Grows with the number of waiting calls.'),
        age_ms: AgeMs,
        queue: Name('The queue that was asked for; with `call_has_claim`, the queue of that claim.'),
        agent_id: Type.String({ description: 'With `call_has_claim`, the agent of that claim; else empty.' }),
        claim_id: Type.String({ description: 'With `call_has_claim`, the id of that claim; else empty.' }),
      },
      closed,
    ),
  ],
  { $id: 'Route', description: 'A claimed agent for the call, or the reason why there is none now.' },
);
export type RouteAnswer = Static<typeof RouteAnswer>;

export const SettleAnswer = Type.Union(
  [
    Type.Object(
      {
        done: Type.Literal(true),
        state: OneOf(['HELD', 'CONFIRMED', 'WRAP_UP', 'ENDED'], 'State of the claim.'),
        claim_id: ClaimId,
        expires_in_ms: ExpiresInMs,
      },
      closed,
    ),
    Type.Object({ done: Type.Literal(false), reason: Reason, detail: Detail }, closed),
  ],
  { $id: 'Settlement', description: 'The settled claim, or the reason why it was not settled.' },
);
export type SettleAnswer = Static<typeof SettleAnswer>;
