import { type Static, Type } from 'typebox';
import { MEDIA } from '../agent/facets.ts';
import { REQUEST_LIMITS } from '../agent/limits.ts';
import { STATUSES, UNIT_NAME } from '../agent/status.ts';
import { closed, WireFacets } from '../agent/wire.ts';
import {
  AnswerAgeMs,
  BudgetMs,
  Count,
  Counts,
  MaxAgeMs,
  MediaType,
  Ms,
  MsSinceEpoch,
  Name,
  OneOf,
  orNull,
  SkillsAsText,
} from './fields.ts';

export const AgentId = Name('`{connection}:{platform user id}`');

const Facets = Type.Object(WireFacets, {
  ...closed,
  $id: 'Facets',
  description: 'The state of the agent by facet, each with its time and the event that it comes from.',
});

export const AgentAnswer = Type.Object(
  {
    agent_id: AgentId,
    status: Type.Enum([...STATUSES], { description: 'Availability for voice.' }),
    reason: Type.Optional(
      Type.String({
        description:
          'Why the agent is not available: `ON_CALL`, `WRAP_UP`, `BREAK`, `NOT_RESPONDING`, `CLAIMED`, `LOGGED_OUT`, `FORGOTTEN` …',
      }),
    ),
    home: Name("The agent's home: the region that ingests the agent's connection and grants claims on the agent."),
    age_ms: orNull(
      Count(
        'Age of the state in ms: changes at the home since then may be missing here; null: nothing is known from the home.',
      ),
    ),
    stale: Type.Boolean({
      description: 'Whether the state is too old to act on and not confirmed by the platform either.',
    }),
    confirmed_ms_ago: Type.Optional(
      Count('Time since the platform itself confirmed the state, in ms; absent if it was not asked.'),
    ),
    name: Type.String({ description: 'The name on the platform; the id if it has none.' }),
    queues: Type.Array(Type.String(), { description: 'Platform queues that the agent is a member of.' }),
    skills: Type.Record(Type.String(), Type.Number(), { description: 'Levels, 0 to 100, by name.' }),
    available_since: Type.Optional(
      MsSinceEpoch('Platform time since which the agent is available, in ms; only if available.'),
    ),
    claimed_for_ms: Type.Optional(
      Count('Remaining time of the claim on the agent unless it is settled, in ms; only if claimed.'),
    ),
    digital_claimed_for_ms: Type.Optional(
      Type.Record(Type.String({ pattern: `^${UNIT_NAME}$` }), Type.Integer({ minimum: 0 }), {
        ...closed,
        description: 'The same for claims of other media types than voice, by unit of capacity.',
      }),
    ),
    room: Type.Optional(
      Counts(
        [...MEDIA],
        'Free capacity: how many more interactions the agent can take now, by media type; only for agents with more than voice.',
      ),
    ),
    facets: Facets,
  },
  { ...closed, $id: 'Agent', description: 'An agent as a region knows it, and how old that is.' },
);
export type AgentAnswer = Static<typeof AgentAnswer>;

export const ForgottenAnswer = Type.Object(
  {
    agent_id: AgentId,
    forgotten_at: MsSinceEpoch('Reports up to this platform time no longer count, in ms.'),
    replicated: Type.Boolean({
      description: 'False if no replica has it: a failover could lose it before the bus has it.',
    }),
  },
  { ...closed, $id: 'ForgottenAgent', description: 'An agent that was forgotten.' },
);
export type ForgottenAnswer = Static<typeof ForgottenAnswer>;

const OBSTACLES = ['busy', 'claimed', 'held', 'skill', 'stale', 'budget', 'unreachable'] as const;

/** Where the last word about an agent comes from. */
const WORDS_OF = ['here', 'home', 'platform'] as const;

export const Explanation = Type.Object(
  {
    agent_id: AgentId,
    obstacle: Type.Optional(
      OneOf([...OBSTACLES], 'Why the agent was passed over; absent if the agent could be taken.'),
    ),
    arrival_ms: Ms('Queue position in ms: the lowest is taken first.'),
    parts: Type.Object(
      {
        available_since: Ms('Platform time since which the agent is available, in ms.'),
        tenure_bonus_ms: Ms('Subtracted for years with the company.'),
        proficiency_bonus_ms: Ms('Subtracted for skill levels.'),
        fairness_penalty_ms: Ms('Added for the duration of the last interaction.'),
      },
      { ...closed, description: 'The parts of the queue position.' },
    ),
    age_ms: Type.Optional(
      orNull(
        Count('Age of the last word about the agent, in ms, which decides whether it is `stale`; null: there is none.'),
      ),
    ),
    word_of: Type.Optional(
      OneOf(
        [...WORDS_OF],
        'Where that word comes from. `here`: the agent is homed here. `home`: from the home, by the bus. `platform`: the platform confirmed the agent.',
      ),
    ),
    age_limit_ms: Type.Optional(
      Count(
        'How old that word may be, in ms: `max_age_ms`, or the limit of the region if that is less; absent for `here`.',
      ),
    ),
  },
  { ...closed, $id: 'Explanation', description: 'Why an agent was taken or passed over.' },
);
export type Explanation = Static<typeof Explanation>;

export const PassedOver = Type.Object(
  {
    seen: Count('Records that were scanned.'),
    ...Counts([...OBSTACLES], '').properties,
  },
  {
    ...closed,
    $id: 'PassedOver',
    description: 'How many agents were scanned, and how many were passed over for which reason.',
  },
);

/** Whether somebody was left out. */
export const Incomplete = Type.Optional(
  Type.Literal(true, {
    description: 'Time was too short to look at everybody who could qualify. Absent if everybody was looked at.',
  }),
);

export const FindAnswer = Type.Object(
  {
    queue: Name('The queue that was scanned.'),
    agents: Type.Array(AgentAnswer, { description: 'Agents, the best first.' }),
    age_ms: AnswerAgeMs(
      'Age of the answer, in ms: of the oldest last word about its agents; if there are none, of the oldest data of a home whose agents the queue can have.',
    ),
    passed_over: PassedOver,
    incomplete: Incomplete,
    explanation: Type.Optional(Type.Array(Explanation, { description: 'Present if `explain` was set.' })),
  },
  { ...closed, $id: 'FoundAgents', description: 'The best agents of a queue. None of them was claimed.' },
);
export type FindAnswer = Static<typeof FindAnswer>;

export const AgentsAnswer = Type.Object(
  {
    agents: Type.Array(AgentAnswer, { description: 'Agents in the order of their domains and ids.' }),
    next: Type.Optional(
      Type.String({
        description:
          'The `cursor` of the next page; absent on the last page. Pages before the last may be short or empty, too.',
      }),
    ),
  },
  { ...closed, $id: 'Agents', description: 'A page of the agents that a region knows.' },
);
export type AgentsAnswer = Static<typeof AgentsAnswer>;

export const QueueAnswer = Type.Object(
  {
    queue: Name('The name of the queue.'),
    domain: Name('The domain of the queue.'),
    media: Type.Enum([...MEDIA], { description: 'The media type of the counts.' }),
    in_line: Count('Agents that can be claimed now.'),
    taken: Count('Agents that are claimed.'),
    wrap_up: Type.Object(
      {
        rule: OneOf(
          ['none', 'timed', 'manual'],
          '`none`: available at once. `timed`: busy for `seconds`. `manual`: busy until released or idle on the platform.',
        ),
        seconds: Type.Number({ minimum: 0 }),
      },
      { ...closed, description: 'The wrap-up after an interaction.' },
    ),
  },
  { ...closed, $id: 'Queue', description: 'A queue.' },
);
export type QueueAnswer = Static<typeof QueueAnswer>;

export const AvailableQuery = Type.Object(
  {
    queue: Type.Optional(Name('The queue; if left out `global`, the queue of all agents.')),
    skills: Type.Optional(SkillsAsText),
    call_id: Type.Optional(Name('Claims the best agent for this call. The same call gets the same claim.')),
    media: MediaType,
    budget_ms: BudgetMs,
    max_age_ms: MaxAgeMs,
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 50, description: 'Maximum number of agents; 1 if left out.' }),
    ),
    explain: Type.Optional(
      Type.Boolean({ description: 'Whether to explain for each scanned agent why it was taken or passed over.' }),
    ),
  },
  closed,
);
export type AvailableQuery = Static<typeof AvailableQuery>;

export const AgentsQuery = Type.Object(
  {
    status: Type.Optional(Type.Enum([...STATUSES], { description: 'Only agents with this status for voice.' })),
    queue: Type.Optional(Name('Only members of this queue, available or not.')),
    skill: Type.Optional(SkillsAsText),
    home: Type.Optional(Name('Only agents with this home.')),
    stale: Type.Optional(
      Type.Boolean({ description: 'Only agents whose state is stale, or only those whose state is not.' }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 200, description: 'Maximum number of agents; 50 if left out.' }),
    ),
    cursor: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_-]{1,1000}$',
        description: '`next` of the previous page, with the same filters.',
      }),
    ),
  },
  closed,
);
export type AgentsQuery = Static<typeof AgentsQuery>;

export const QueueQuery = Type.Object({ media: MediaType }, closed);
export const AgentQuery = Type.Object({ budget_ms: BudgetMs }, closed);
/** Longest id in a path, in characters. */
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
