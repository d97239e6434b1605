import { type Static, type TObject, type TSchema, Type } from 'typebox';
import { FACET_NAMES } from '../../agent/facets.ts';
import { closed } from '../../agent/wire.ts';
import { SCOPES } from '../../auth/scopes.ts';
import { AgentAnswer, Explanation, Incomplete, PassedOver } from '../../contract/agents.ts';
import { ClaimAnswer } from '../../contract/claims.ts';
import { AnswerAgeMs, Count, Name } from '../../contract/fields.ts';
import { REQUEST_ID_FORM } from '../operations/headers.ts';
import { PROBLEMS, type ProblemCode } from './problems.ts';

const WrongFields = Type.Array(
  Type.Object(
    {
      field: Type.String({ description: 'A JSON pointer, or the name of a header or a parameter.' }),
      message: Type.String(),
    },
    closed,
  ),
  { description: 'All invalid fields.' },
);

const Missing = Type.Array(
  Type.Object(
    {
      region: Name('The region that has the write.'),
      agent_id: Type.Optional(Name('The agent of the write, if known.')),
      facets: Type.Optional(Type.Array(Type.Enum([...FACET_NAMES]))),
      domain: Type.Optional(Name('The domain of the write, if the agent is not known.')),
      partitions: Type.Optional(Type.Array(Type.Integer({ minimum: 0 }))),
    },
    closed,
  ),
  { description: 'Writes that have not reached this region.' },
);

/** Members of single problems, in addition to those of all problems. */
const PROBLEM_MEMBERS = {
  invalid_request: { errors: WrongFields },
  insufficient_scope: { scope: Type.Enum([...SCOPES], { description: 'The scope that the token lacks.' }) },
  no_agent_available: {
    passed_over: PassedOver,
    incomplete: Incomplete,
    age_ms: AnswerAgeMs(
      'Age of the answer, in ms: of the oldest data of a home whose agents the queue can have; with `agent_id`, of the last word about that agent.',
    ),
    retry_after_ms: Type.Optional(
      Count(
        'When the call should ask again, in ms. Grows with the number of waiting calls. Absent if another region asks for its caller.',
      ),
    ),
    explanation: Type.Optional(Type.Array(Explanation, { description: 'Present if `explain` was set.' })),
    agent: Type.Optional(AgentAnswer),
  },
  call_has_claim: { claim: ClaimAnswer },
  not_home: { home: Type.String({ description: 'The home according to this region; empty if there is none.' }) },
  not_homed_here: { home: Name('The home region.') },
  not_yet_consistent: {
    missing: Missing,
    known: Type.Optional(Type.Unknown({ description: 'The answer without the write, if there is one.' })),
  },
} as const satisfies Partial<Record<ProblemCode, Record<string, TSchema>>>;

type MembersOf<C extends ProblemCode> = C extends keyof typeof PROBLEM_MEMBERS
  ? Static<TObject<(typeof PROBLEM_MEMBERS)[C]>>
  : object;

interface Common<C extends ProblemCode> {
  type: `urn:muster:problem:${C}`;
  title: string;
  status: number;
  code: C;
  detail: string;
  request_id: string;
}

/** The body of a problem; for a union of codes, the union of their problems. */
export type Problem<C extends ProblemCode = ProblemCode> = C extends ProblemCode ? Common<C> & MembersOf<C> : never;

/** The schema of a problem. */
export function problemSchema(code: ProblemCode): TSchema {
  const { status, title, meaning, remedy } = PROBLEMS[code];
  const members: Record<string, TSchema> = { ...(PROBLEM_MEMBERS as Record<string, Record<string, TSchema>>)[code] };
  return Type.Object(
    {
      type: Type.Literal(`urn:muster:problem:${code}`, { description: 'Stable name of the kind of problem.' }),
      title: Type.Literal(title),
      status: Type.Literal(status),
      code: Type.Literal(code, { description: 'Stable code, for programs.' }),
      detail: Type.String({ description: 'What happened in this case, for people.' }),
      request_id: Type.String({
        pattern: REQUEST_ID_FORM,
        description: 'The id of the request, also in `x-request-id` and in the log.',
      }),
      ...members,
    },
    { ...closed, $id: `Problem.${code}`, description: `${meaning} ${remedy}` },
  );
}
