import { Type } from 'typebox';
import {
  AgentAnswer,
  AgentPath,
  AgentQuery,
  AgentsAnswer,
  AgentsQuery,
  AvailableQuery,
  FindAnswer,
  ForgottenAnswer,
  QueueAnswer,
  QueuePath,
  QueueQuery,
} from '../../contract/agents.ts';
import { ClaimAnswer } from '../../contract/claims.ts';
import { AFTER_WRITES, type Operation } from './operation.ts';

const AFTER = ['muster-consistency'] as const;
const BY = ['muster-answered-by'] as const;

export const agentOperations = {
  findAgents: {
    method: 'GET',
    path: '/agents/available',
    tag: 'Agents',
    access: 'read:agent',
    accessWith: { call_id: 'route:agent' },
    summary: 'Look up the best agents of a queue; with a call, claim the best',
    description:
      'Without `call_id` it changes nothing. With it, it is [a claim](#createClaim) for platforms that can only GET.',
    repeatable: 'it changes nothing, or the same call is answered with the same claim while it lives.',
    query: AvailableQuery,
    headers: AFTER,
    answers: {
      200: {
        description: 'The best agents, of whom nobody was taken; with `call_id`, the claim.',
        schema: Type.Union([FindAnswer, ClaimAnswer]),
        headers: ['muster-consistency', 'muster-answered-by'],
      },
    },
    problems: [...AFTER_WRITES, 'unknown_queue', 'no_agent_available', 'call_has_claim', 'not_replicated'],
  },
  listAgents: {
    method: 'GET',
    path: '/v1/agents',
    tag: 'Agents',
    access: 'read:agent',
    summary: 'Go through the agents that the region knows',
    description:
      'Page by page, by cursor. Who is there from the first page to the last, and fits all along, is met exactly once, whatever ' +
      'comes or changes meanwhile. No platform is asked: who is stale says so.',
    repeatable: 'it changes nothing.',
    query: AgentsQuery,
    headers: AFTER,
    answers: { 200: { description: 'A page of agents.', schema: AgentsAnswer, headers: BY } },
    problems: [...AFTER_WRITES, 'unknown_queue'],
  },
  getAgent: {
    method: 'GET',
    path: '/v1/agents/{id}',
    tag: 'Agents',
    access: 'read:agent',
    summary: 'Look at one agent',
    description: 'As this region knows the agent, and how old that may be; of one who is stale the platform is asked.',
    repeatable: 'it changes nothing.',
    params: AgentPath,
    query: AgentQuery,
    headers: AFTER,
    unlessKnown: true,
    answers: { 200: { description: 'The agent.', schema: AgentAnswer, headers: [...BY, 'etag'] } },
    problems: [...AFTER_WRITES, 'unknown_agent'],
  },
  forgetAgent: {
    method: 'DELETE',
    path: '/v1/agents/{id}',
    tag: 'Agents',
    access: 'write:agent:status',
    summary: 'Forget an agent of no platform',
    description:
      'At home only, and not while a claim holds the agent. Every region hears of it: the agent leaves all lines and lists, and ' +
      'no word of before brings them back. One of after does.',
    repeatable: 'everybody is told the same once more.',
    params: AgentPath,
    answers: {
      202: { description: 'The agent is forgotten.', schema: ForgottenAnswer, headers: ['muster-consistency'] },
    },
    problems: [
      'unknown_agent',
      'agent_of_platform',
      'agent_has_claim',
      'not_homed_here',
      'outbox_full',
      'not_replicated',
      'shard_unavailable',
    ],
  },
  getQueue: {
    method: 'GET',
    path: '/v1/queues/{id}',
    tag: 'Agents',
    access: 'read:agent',
    summary: 'See how many agents of a queue can be taken',
    repeatable: 'it changes nothing.',
    params: QueuePath,
    query: QueueQuery,
    headers: AFTER,
    answers: { 200: { description: 'The queue.', schema: QueueAnswer, headers: BY } },
    problems: [...AFTER_WRITES, 'unknown_queue'],
  },
} as const satisfies Record<string, Operation>;
