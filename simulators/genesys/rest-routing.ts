import type { FastifyInstance } from 'fastify';
import { listOf, oneOf, type Query } from '../kit/query.ts';
import type { Agents } from './agents.ts';
import { forbidden, notFound } from './errors.ts';
import type { Faults } from './faults.ts';
import type { Agent } from './model.ts';
import type { Membership, Org, Queue, Skill } from './org.ts';
import { memberPageBody, pageBody, pageOf } from './paging.ts';
import { routingStatusBody } from './state-body.ts';
import { memberUserBody } from './user-body.ts';
import { utilizationBody } from './utilization.ts';

const MAX_MEMBERS_PAGE = 100;
const QUEUE_PERMISSION = 'routing:queue:view';
const QUEUE_VIEW = { config: { permission: QUEUE_PERMISSION } };
const UTILIZATION_VIEW = { config: { permission: 'routing:utilization:view' } };

/** `/api/v2/routing`: queues, their members, skills, utilization. `/routing/users` by itself does not exist. */
export function routingRoutes(api: FastifyInstance, org: Org, agents: Agents, faults: Faults): void {
  const coveredQueue = (id: string): Queue => {
    const queue = queueOf(org, id);
    if (!faults.covers(id)) throw forbidden(QUEUE_PERMISSION);
    return queue;
  };

  api.get<{ Querystring: Query }>('/routing/queues', QUEUE_VIEW, async ({ query, url }) => {
    const page = pageOf(
      chosenQueues(org, query).filter(({ id }) => faults.lists(id)),
      query,
    );
    return pageBody(
      page,
      page.items.map((queue) => queueBody(queue, org)),
      url,
    );
  });

  api.get<{ Params: { id: string } }>('/routing/queues/:id', QUEUE_VIEW, async ({ params }) =>
    queueBody(coveredQueue(params.id), org),
  );

  api.get<{ Params: { id: string }; Querystring: Query }>(
    '/routing/queues/:id/members',
    QUEUE_VIEW,
    async ({ params, query, url }) => {
      const page = pageOf(chosenMembers(coveredQueue(params.id), query), query, MAX_MEMBERS_PAGE);
      const expands = listOf(query.expand);
      const entities = page.items.map((member) => memberBody(member, agents.get(member.user.id), expands));
      return memberPageBody(page, entities, url);
    },
  );

  api.get<{ Querystring: Query }>(
    '/routing/skills',
    { config: { permission: 'routing:skill:view' } },
    async ({ query, url }) => {
      const page = pageOf(org.skills, query);
      return pageBody(page, page.items.map(skillBody), url);
    },
  );
}

/** Utilization: the organisation's setting, and the one that applies to an agent. */
export function utilizationRoutes(api: FastifyInstance, agents: Agents): void {
  api.get('/routing/utilization', UTILIZATION_VIEW, async () => utilizationBody(agents.utilization, 'Organization'));

  api.get<{ Params: { id: string } }>('/routing/users/:id/utilization', UTILIZATION_VIEW, async ({ params }) => {
    const { of, level } = agents.get(params.id).utilization;
    return utilizationBody(of, level);
  });
}

function chosenQueues(org: Org, query: Query): Queue[] {
  const ids = listOf(query.id);
  const name = oneOf(query.name)?.toLowerCase();
  return org.queues.filter(
    (queue) => (ids.length === 0 || ids.includes(queue.id)) && (!name || queue.name.toLowerCase().includes(name)),
  );
}

function chosenMembers(queue: Queue, query: Query): Membership[] {
  const wanted = oneOf(query.joined);
  return wanted === undefined ? queue.members : queue.members.filter(({ joined }) => String(joined) === wanted);
}

function queueOf(org: Org, id: string): Queue {
  const queue = org.queues.find((candidate) => candidate.id === id);
  if (!queue) throw notFound(`The queue ${id}`);
  return queue;
}

export function queueBody({ id, name, members }: Queue, { division }: Org): object {
  return {
    id,
    name,
    division,
    memberCount: members.length,
    userMemberCount: members.length,
    joinedMemberCount: members.filter(({ joined }) => joined).length,
    skillEvaluationMethod: 'BEST',
    acwSettings: { wrapupPrompt: 'MANDATORY_TIMEOUT', timeoutMs: 30_000 },
    selfUri: `/api/v2/routing/queues/${id}`,
  };
}

function memberBody({ queue, joined }: Membership, agent: Agent, expands: string[]): object {
  const { id, name } = agent.user;
  return {
    id,
    name,
    user: memberUserBody(agent, expands),
    ringNumber: 1,
    joined,
    memberBy: 'user',
    routingStatus: expands.includes('routingStatus') ? { userId: id, ...routingStatusBody(agent) } : undefined,
    selfUri: `/api/v2/routing/queues/${queue.id}/members/${id}`,
  };
}

function skillBody({ id, name }: Skill): object {
  return { id, name, state: 'active', version: '1', selfUri: `/api/v2/routing/skills/${id}` };
}
