import { type Static, Type } from 'typebox';
import { MEDIA } from '../agent/facets.ts';
import { REQUEST_LIMITS } from '../agent/limits.ts';
import { STATUSES, UNIT_NAME } from '../agent/status.ts';
import { closed, WireFacets } from '../agent/wire.ts';
import { BudgetMs, Count, Counts, MediaType, Ms, MsSinceEpoch, Name, OneOf, orNull, SkillsAsText } from './fields.ts';

export const AgentId = Name('`{connection}:{platform user id}`');

const Facets = Type.Object(WireFacets, {
  ...closed,
  $id: 'Facets',
  description: 'Everything the region knows of the agent, each part with the time and the event it comes from.',
});

export const AgentAnswer = Type.Object(
  {
    agent_id: AgentId,
    status: Type.Enum([...STATUSES], { description: 'How the agent is for voice.' }),
    reason: Type.Optional(
      Type.String({
        description:
          'Why not available: `ON_CALL`, `WRAP_UP`, `BREAK`, `NOT_RESPONDING`, `CLAIMED`, `LOGGED_OUT`, `FORGOTTEN` …',
      }),
    ),
    home: Name("The region whose word on this agent counts: it ingests the agent's connection and grants the agent."),
    age_ms: orNull(
      Count('So long ago the agent may have changed at home without it being known here, in ms; null: never heard of.'),
    ),
    stale: Type.Boolean({ description: 'Too old to act on, and not vouched for by the platform either.' }),
    confirmed_ms_ago: Type.Optional(
      Count('So long ago the platform itself said how the agent is, in ms; absent where it was not asked.'),
    ),
    name: Type.String({ description: 'As the platform has it; the id where it says none.' }),
    queues: Type.Array(Type.String(), { description: 'Platform queues that the agent has joined.' }),
    skills: Type.Record(Type.String(), Type.Number(), { description: 'Levels, 0 to 100, by name.' }),
    available_since: Type.Optional(
      MsSinceEpoch('Since when the agent is available, platform time in ms; only of those who are.'),
    ),
    claimed_for_ms: Type.Optional(
      Count('How long the claim on the agent lasts unless it is settled, in ms; only of those who are claimed.'),
    ),
    digital_claimed_for_ms: Type.Optional(
      Type.Record(Type.String({ pattern: `^${UNIT_NAME}$` }), Type.Integer({ minimum: 0 }), {
        ...closed,
        description: 'The same by unit of capacity, of claims of other media types than voice.',
      }),
    ),
    room: Type.Optional(
      Counts(
        [...MEDIA],
        'How many more interactions the agent can take now, by media type; only of those who take more than voice.',
      ),
    ),
    facets: Facets,
  },
  { ...closed, $id: 'Agent', description: 'One agent, as a region knows it, with how well it knows.' },
);
export type AgentAnswer = Static<typeof AgentAnswer>;

export const ForgottenAnswer = Type.Object(
  {
    agent_id: AgentId,
    forgotten_at: MsSinceEpoch('What was said up to this platform time does not count any more, in ms.'),
    replicated: Type.Boolean({
      description: 'False if no replica has it: a failover could take it before the bus has it.',
    }),
  },
  { ...closed, $id: 'ForgottenAgent', description: 'An agent who was forgotten.' },
);
export type ForgottenAnswer = Static<typeof ForgottenAnswer>;

const OBSTACLES = ['busy', 'claimed', 'held', 'skill', 'stale', 'budget', 'unreachable'] as const;

export const Explanation = Type.Object(
  {
    agent_id: AgentId,
    obstacle: Type.Optional(OneOf([...OBSTACLES], 'Why the agent was passed over; absent for one who could be taken.')),
    arrival_ms: Ms('The place in line: the earliest is taken first.'),
    parts: Type.Object(
      {
        available_since: Ms('Platform time in ms since which the agent is available.'),
        tenure_bonus_ms: Ms('Off, for the years with the company.'),
        proficiency_bonus_ms: Ms('Off, for skill.'),
        fairness_penalty_ms: Ms('On top, for being asked often.'),
      },
      { ...closed, description: 'What the place in line is made of.' },
    ),
  },
  { ...closed, $id: 'Explanation', description: 'Why an agent was or was not taken.' },
);
export type Explanation = Static<typeof Explanation>;

export const PassedOver = Type.Object(
  {
    seen: Count('Records that were looked at.'),
    ...Counts([...OBSTACLES], '').properties,
  },
  {
    ...closed,
    $id: 'PassedOver',
    description: 'How many agents were looked at, and how many were passed over for what.',
  },
);

export const FindAnswer = Type.Object(
  {
    queue: Name('The queue that was looked in.'),
    agents: Type.Array(AgentAnswer, { description: 'The best first.' }),
    passed_over: PassedOver,
    explanation: Type.Optional(Type.Array(Explanation, { description: 'Where it was asked for.' })),
  },
  { ...closed, $id: 'FoundAgents', description: 'The best agents of a queue. Nobody was taken.' },
);
export type FindAnswer = Static<typeof FindAnswer>;

export const AgentsAnswer = Type.Object(
  {
    agents: Type.Array(AgentAnswer, { description: 'In the order of their domains and ids.' }),
    next: Type.Optional(
      Type.String({
        description:
          'The `cursor` of the next page; absent on the last. A page may be short, or empty, and yet not be the last.',
      }),
    ),
  },
  { ...closed, $id: 'Agents', description: 'Some of the agents that a region knows.' },
);
export type AgentsAnswer = Static<typeof AgentsAnswer>;

export const QueueAnswer = Type.Object(
  {
    queue: Name('Its name.'),
    domain: Name('The pool of agents that it belongs to.'),
    media: Type.Enum([...MEDIA], { description: 'The media type that was asked about.' }),
    in_line: Count('Agents who can be taken now.'),
    taken: Count('Agents who are claimed.'),
    wrap_up: Type.Object(
      {
        rule: OneOf(
          ['none', 'timed', 'manual'],
          '`none`: free at once. `timed`: busy for `seconds`. `manual`: busy until released or idle on the platform.',
        ),
        seconds: Type.Number({ minimum: 0 }),
      },
      { ...closed, description: 'What follows an interaction.' },
    ),
  },
  { ...closed, $id: 'Queue', description: 'One queue.' },
);
export type QueueAnswer = Static<typeof QueueAnswer>;

export const AvailableQuery = Type.Object(
  {
    queue: Type.Optional(Name('The queue; `global`, everybody, if left out.')),
    skills: Type.Optional(SkillsAsText),
    call_id: Type.Optional(
      Name('With it the agent is claimed for the call, and the same call is answered with the same claim.'),
    ),
    media: MediaType,
    budget_ms: BudgetMs,
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 50, description: 'How many; 1 if left out.' })),
    explain: Type.Optional(Type.Boolean({ description: 'Whether to say of each who was looked at why.' })),
  },
  closed,
);
export type AvailableQuery = Static<typeof AvailableQuery>;

export const AgentsQuery = Type.Object(
  {
    status: Type.Optional(Type.Enum([...STATUSES], { description: 'Only who is so, for voice.' })),
    queue: Type.Optional(Name('Only who is in this queue, whether they can be taken now or not.')),
    skill: Type.Optional(SkillsAsText),
    home: Type.Optional(Name('Only agents of this home.')),
    stale: Type.Optional(Type.Boolean({ description: 'Only who is too old to act on, or only who is not.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, description: 'How many; 50 if left out.' })),
    cursor: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_-]{1,1000}$',
        description: 'The `next` of the page before, with the same filters.',
      }),
    ),
  },
  closed,
);
export type AgentsQuery = Static<typeof AgentsQuery>;

export const QueueQuery = Type.Object({ media: MediaType }, closed);
export const AgentQuery = Type.Object({ budget_ms: BudgetMs }, closed);
/** A longer one is a path of no route. */
const LONGEST_IN_PATH = REQUEST_LIMITS.idInPath.most;
export const AgentPath = Type.Object({
  id: Type.String({ minLength: 1, maxLength: LONGEST_IN_PATH, description: '`{connection}:{platform user id}`' }),
});
export const QueuePath = Type.Object({
  id: Type.String({
    minLength: 1,
    maxLength: LONGEST_IN_PATH,
    description: 'A virtual queue of the config, `{connection}:{platform queue id}`, or `global`.',
  }),
});
