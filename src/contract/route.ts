import { type Static, Type } from 'typebox';
import { TEXT_LIMITS } from '../agent/limits.ts';
import { closed } from '../agent/wire.ts';
import { ClaimId, DELIVERED, Deliver } from './claims.ts';
import { Count, MediaType, Name, OneOf, Skills, SkillsAsText } from './fields.ts';

/** A script gives an answer a second or two: the longest budget leaves room for the way there and back, in ms. */
export const LONGEST_MS = 2000;
const BudgetMs = Type.Optional(
  Type.Integer({ minimum: 1, maximum: LONGEST_MS, description: 'How long the answer may take, in ms.' }),
);

const routeFields = {
  queue: Name('Where an agent is asked for.'),
  call_id: Name('The interaction. The same call with the same wish is answered with the same claim while it lives.'),
  language: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: TEXT_LIMITS.skillName.most,
      description: 'One more skill, at any level, e.g. `spanish`.',
    }),
  ),
  media: MediaType,
  deliver: Type.Optional(Deliver),
  budget_ms: BudgetMs,
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
      '`refused` is a release because the platform would not take the call to the agent.',
    ),
    claim_id: Type.Optional(ClaimId),
    call_id: Type.Optional(Name('The call, where its claim is not known any more.')),
    queue: Type.Optional(Name('Where the call was claimed: fewer places to look.')),
    agent_id: Type.Optional(Name('The agent; only with `call_id`.')),
    budget_ms: BudgetMs,
  },
  closed,
);
export type SettleFields = Static<typeof SettleFields>;

const Detail = Type.String({ description: 'What happened, for people.' });
const Reason = Type.String({ description: 'The code of the problem that it is for other callers.' });
const ExpiresInMs = Count('How long the claim holds the agent from this answer on, in ms.');

/** Everything in it is text, a number or a boolean, and always there: a designer declares each field once. */
export const RouteAnswer = Type.Union(
  [
    Type.Object(
      {
        found: Type.Literal(true),
        agent_id: Name('`{connection}:{platform user id}`'),
        connection: Type.String({ description: "The agent's account on the platform; empty for an agent of none." }),
        user_id: Type.String({ description: "The platform's own id of the agent: what a script transfers to." }),
        claim_id: ClaimId,
        expires_in_ms: ExpiresInMs,
        replicated: Type.Boolean({ description: 'Whether a replica has acknowledged the claim.' }),
        queue: Name('Where the agent was asked for.'),
        authority: OneOf(
          ['home', 'verified', 'copy'],
          'Whose word it is: `copy` if the home of a claim that the call has could not be asked.',
        ),
        delivered: OneOf(
          ['', ...DELIVERED],
          'With `deliver`: whether the platform has been told, as in the answer of `POST /v1/claims`; else empty.',
        ),
        verified: Type.Boolean({
          description: "Whether it was granted on the platform's word, its home being silent.",
        }),
      },
      closed,
    ),
    Type.Object(
      {
        found: Type.Literal(false),
        reason: Reason,
        detail: Detail,
        retry_after_ms: Count('When the call should ask again, in ms: later, the more calls wait.'),
        queue: Name('Where the agent was asked for; of `call_has_claim` where the agent of that claim was.'),
        agent_id: Type.String({ description: 'Of `call_has_claim` the agent that the call has; else empty.' }),
        claim_id: Type.String({ description: 'Of `call_has_claim` the claim that the call has; else empty.' }),
      },
      closed,
    ),
  ],
  { $id: 'Route', description: 'An agent for the call, who is held for it; or why there is none now.' },
);
export type RouteAnswer = Static<typeof RouteAnswer>;

export const SettleAnswer = Type.Union(
  [
    Type.Object(
      {
        done: Type.Literal(true),
        state: OneOf(['HELD', 'CONFIRMED', 'WRAP_UP', 'ENDED'], 'Where the claim is in its life now.'),
        claim_id: ClaimId,
        expires_in_ms: ExpiresInMs,
      },
      closed,
    ),
    Type.Object({ done: Type.Literal(false), reason: Reason, detail: Detail }, closed),
  ],
  { $id: 'Settlement', description: 'What became of the claim; or why nothing did.' },
);
export type SettleAnswer = Static<typeof SettleAnswer>;
