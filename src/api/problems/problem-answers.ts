import { type Static, type TObject, type TSchema, Type } from 'typebox';
import { FACET_NAMES } from '../../agent/facets.ts';
import { closed } from '../../agent/wire.ts';
import { SCOPES } from '../../auth/scopes.ts';
import { AgentAnswer, Explanation, PassedOver } from '../../contract/agents.ts';
import { ClaimAnswer } from '../../contract/claims.ts';
import { Count, Name } from '../../contract/fields.ts';
import { REQUEST_ID_FORM } from '../operations/headers.ts';
import { PROBLEMS, type ProblemCode } from './problems.ts';

const WrongFields = Type.Array(
  Type.Object(
    {
      field: Type.String({ description: "A JSON pointer, or a header's or a parameter's name." }),
      message: Type.String(),
    },
    closed,
  ),
  { description: 'Every field that is wrong.' },
);

const Missing = Type.Array(
  Type.Object(
    {
      region: Name('The region that has the write.'),
      agent_id: Type.Optional(Name('The agent it is about, where that is known.')),
      facets: Type.Optional(Type.Array(Type.Enum([...FACET_NAMES]))),
      partitions: Type.Optional(Type.Array(Type.Integer({ minimum: 0 }))),
    },
    closed,
  ),
  { description: 'What has not arrived here.' },
);

/** What a problem says besides what all of them say. */
const PROBLEM_MEMBERS = {
  invalid_request: { errors: WrongFields },
  insufficient_scope: { scope: Type.Enum([...SCOPES], { description: 'What the token would have to grant.' }) },
  no_agent_available: {
    passed_over: PassedOver,
    retry_after_ms: Type.Optional(
      Count(
        'When the call should ask again, in ms: later, the more calls wait. Absent where another region asks for its caller.',
      ),
    ),
    explanation: Type.Optional(Type.Array(Explanation, { description: 'Where it was asked for.' })),
    agent: Type.Optional(AgentAnswer),
  },
  call_has_claim: { claim: ClaimAnswer },
  not_home: { home: Type.String({ description: 'The home, as far as this region knows; empty: nobody.' }) },
  not_homed_here: { home: Name('The region that reads it.') },
  not_yet_consistent: {
    missing: Missing,
    known: Type.Optional(Type.Unknown({ description: 'The answer without it, if there is any.' })),
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

/** A problem as it is answered; of a union of codes the union of their problems. */
export type Problem<C extends ProblemCode = ProblemCode> = C extends ProblemCode ? Common<C> & MembersOf<C> : never;

/** The schema of a problem. */
export function problemSchema(code: ProblemCode): TSchema {
  const { status, title, meaning, remedy } = PROBLEMS[code];
  const members: Record<string, TSchema> = { ...(PROBLEM_MEMBERS as Record<string, Record<string, TSchema>>)[code] };
  return Type.Object(
    {
      type: Type.Literal(`urn:muster:problem:${code}`, { description: 'Names the kind of problem, for good.' }),
      title: Type.Literal(title),
      status: Type.Literal(status),
      code: Type.Literal(code, { description: 'What programs should look at.' }),
      detail: Type.String({ description: 'What happened this time, for people.' }),
      request_id: Type.String({ pattern: REQUEST_ID_FORM, description: 'Also in `x-request-id`, and in the log.' }),
      ...members,
    },
    { ...closed, $id: `Problem.${code}`, description: `${meaning} ${remedy}` },
  );
}
