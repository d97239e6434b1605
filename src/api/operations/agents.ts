import { createHash } from 'node:crypto';
import { Type } from 'typebox';
import { REQUEST_LIMITS } from '../../agent/limits.ts';
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
import { tokenOfClaim, tokenOfEvents } from '../../routing/consistency/token.ts';
import { forgetAgent } from '../../routing/forget.ts';
import { find, getAgent } from '../../routing/lookup/find.ts';
import { type Cursor, InvalidCursor, listAgents, readCursor } from '../../routing/lookup/list.ts';
import { CONSISTENCY } from '../../routing/peers/peers.ts';
import { queueNamed } from '../../routing/region.ts';
import { claimFor, recordEvent } from '../hooks/access.ts';
import { answerAfterWrites } from '../hooks/consistency.ts';
import { InvalidRequest } from '../problems/failures.ts';
import { AFTER_WRITES, type Operation, operation } from './operation.ts';

const AFTER = ['muster-consistency'] as const;
const BY = ['muster-answered-by'] as const;

export const agentOperations = {
  findAgents: operation({
    method: 'GET',
    path: '/agents/available',
    tag: 'Agents',
    access: 'read:agent',
    accessWith: { call_id: 'route:agent' },
    work: 'lookup',
    summary: 'Find the best agents of a queue, or claim the best for a call',
    description:
      'Without `call_id` nothing changes. With it, the request is [a claim](#createClaim), for platforms that can only GET.',
    repeatable: 'it changes nothing, or the same call gets the same claim while it lives.',
    query: AvailableQuery,
    headers: AFTER,
    answers: {
      200: {
        description: 'The best agents, none of them claimed; with `call_id`, the claim.',
        schema: Type.Union([FindAnswer, ClaimAnswer]),
        headers: ['muster-consistency', 'muster-answered-by'],
      },
    },
    problems: [...AFTER_WRITES, 'unknown_queue', 'no_agent_available', 'call_has_claim', 'not_replicated'],
    handler: async (request, reply) => {
      const { region } = request.server.context;
      const { queue = 'global', call_id, media = 'voice', budget_ms, limit = 1, explain = false } = request.query;
      const maxAgeMs = request.query.max_age_ms;
      const skills = readSkills(request.query.skills);
      if (!call_id) {
        const answer = (budgetMs: number) => find(region, { queue, media, skills, limit, budgetMs, maxAgeMs, explain });
        return answerAfterWrites(region, request, reply, { answer, path: request.url, budgetMs: budget_ms });
      }
      const answer = (budgetMs: number) =>
        claimFor(region, request, { queue, callId: call_id, media, skills, budgetMs, maxAgeMs, explain });
      const budgetMs = budget_ms ?? region.config.claims.budgetMs;
      const granted = await answerAfterWrites(region, request, reply, { answer, budgetMs });
      reply.header(CONSISTENCY, tokenOfClaim(granted.claim));
      return granted.claim;
    },
  }),
  listAgents: operation({
    method: 'GET',
    path: '/v1/agents',
    tag: 'Agents',
    access: 'read:agent',
    work: 'lookup',
    summary: 'List the agents that the region knows',
    description:
      'Page by page, by cursor. An agent that exists and matches from the first page to the last is listed exactly once, even if ' +
      'others come, go or change meanwhile. No platform is asked: stale agents are marked `stale`.',
    repeatable: 'it changes nothing.',
    query: AgentsQuery,
    headers: AFTER,
    answers: { 200: { description: 'A page of agents.', schema: AgentsAnswer, headers: BY } },
    problems: [...AFTER_WRITES, 'unknown_queue'],
    handler: async (request, reply) => {
      const { region } = request.server.context;
      const { skill, limit = 50, cursor, ...filter } = request.query;
      const from = cursor === undefined ? undefined : cursorIn(cursor);
      const wanted = { ...filter, skills: readSkills(skill, '/skill') };
      const answer = () => listAgents(region, wanted, limit, from);
      return answerAfterWrites(region, request, reply, { answer, path: request.url });
    },
  }),
  getAgent: operation({
    method: 'GET',
    path: '/v1/agents/{id}',
    tag: 'Agents',
    access: 'read:agent',
    work: 'lookup',
    summary: 'Get one agent',
    description:
      'The agent as this region knows it, and how old that may be. If the agent is stale, the platform is asked.',
    repeatable: 'it changes nothing.',
    params: AgentPath,
    query: AgentQuery,
    headers: AFTER,
    unlessKnown: true,
    answers: { 200: { description: 'The agent.', schema: AgentAnswer, headers: [...BY, 'etag'] } },
    problems: [...AFTER_WRITES, 'unknown_agent'],
    handler: async (request, reply) => {
      const { region } = request.server.context;
      const agentId = request.params.id;
      const agent = await answerAfterWrites(region, request, reply, {
        answer: (budgetMs) => getAgent(region, agentId, budgetMs),
        path: request.url,
        about: { agentId, in: (agent) => agent },
        budgetMs: request.query.budget_ms,
      });
      const etag = etagOf(agent);
      reply.header('etag', etag);
      return isKnown(etag, request.headers['if-none-match']) ? reply.status(304).send() : agent;
    },
  }),
  forgetAgent: operation({
    method: 'DELETE',
    path: '/v1/agents/{id}',
    tag: 'Agents',
    access: 'write:agent:status',
    work: 'claim',
    summary: 'Forget an agent that belongs to no platform',
    description:
      'Only at its home, and not while the agent is claimed. Every region removes the agent from all queues and lists. Events from ' +
      'before do not bring the agent back, later ones do.',
    repeatable: 'every region gets the same again.',
    params: AgentPath,
    answers: {
      202: { description: 'The agent was forgotten.', schema: ForgottenAnswer, headers: ['muster-consistency'] },
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
    handler: async (request, reply) => {
      const { region } = request.server.context;
      const accepted = await forgetAgent(region, request.params.id);
      recordEvent(region, request, accepted);
      reply.status(202).header(CONSISTENCY, tokenOfEvents(region.config.region, [accepted]));
      const { event, replicated } = accepted;
      return { agent_id: event.agentId, forgotten_at: event.timestampMs, replicated };
    },
  }),
  getQueue: operation({
    method: 'GET',
    path: '/v1/queues/{id}',
    tag: 'Agents',
    access: 'read:agent',
    work: 'lookup',
    summary: 'Get the number of available agents of a queue',
    repeatable: 'it changes nothing.',
    params: QueuePath,
    query: QueueQuery,
    headers: AFTER,
    answers: { 200: { description: 'The queue.', schema: QueueAnswer, headers: BY } },
    problems: [...AFTER_WRITES, 'unknown_queue'],
    handler: async (request, reply) => {
      const { region } = request.server.context;
      const { media = 'voice' } = request.query;
      const queue = queueNamed(region, request.params.id);
      const answer = async (): Promise<QueueAnswer> => {
        const { inLine, taken } = await region.queues.size(queue.domain, queue.id, media);
        return { queue: queue.id, domain: queue.domain, media, in_line: inLine, taken, wrap_up: queue.wrapUp };
      };
      return answerAfterWrites(region, request, reply, { answer, path: request.url });
    },
  }),
} as const satisfies Record<string, Operation>;

/** @throws InvalidRequest */
function cursorIn(text: string): Cursor {
  try {
    return readCursor(text);
  } catch (error) {
    if (!(error instanceof InvalidCursor)) throw error;
    throw new InvalidRequest([{ field: '/cursor', message: error.message }]);
  }
}

/** Reads required skills from text: `billing,spanish:60` requires billing at any level. @throws InvalidRequest */
export function readSkills(text = '', field = '/skills'): Record<string, number> {
  const parts = text.split(',').filter((each) => each.trim());
  const most = REQUEST_LIMITS.wantedSkills.most;
  if (parts.length > most) throw new InvalidRequest([{ field, message: `may name ${most} skills` }]);
  return Object.fromEntries(
    parts.map((part) => {
      const [name = '', level = '0'] = part.split(':').map((each) => each.trim());
      if (name && /^\d{1,3}$/.test(level) && Number(level) <= 100) return [name, Number(level)];
      const message = `"${part}" is not name or name:level with a level of 0 to 100`;
      throw new InvalidRequest([{ field, message }]);
    }),
  );
}

/** Fields with ages and remaining times. They change all the time, so they are not part of an etag. */
const PASSING = new Set(['age_ms', 'confirmed_ms_ago', 'claimed_for_ms', 'digital_claimed_for_ms', 'remaining_ms']);

/**
 * The etag of an agent's answer. It is weak as in RFC 9110: answers with the same etag may differ in ages. It is computed from
 * the answer alone, so all instances give the same etag.
 */
function etagOf(agent: AgentAnswer): string {
  const text = JSON.stringify(agent, (name, value) => (PASSING.has(name) ? undefined : value));
  return `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}

/** Whether the caller's `if-none-match` names the etag. */
function isKnown(etag: string, ifNoneMatch: string | undefined): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((each) => each.trim());
  return tags.includes('*') || tags.some((each) => opaque(each) === opaque(etag));
}

const opaque = (tag: string): string => tag.replace(/^W\//, '');
