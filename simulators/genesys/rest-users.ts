import type { FastifyInstance } from 'fastify';
import { listOf, oneOf, type Query } from '../kit/query.ts';
import type { Agents } from './agents.ts';
import { badRequest } from './errors.ts';
import type { Faults } from './faults.ts';
import type { Agent } from './model.ts';
import type { Org } from './org.ts';
import { pageBody, pageOf } from './paging.ts';
import { queueBody } from './rest-routing.ts';
import { routingStatusBody } from './state-body.ts';
import { UNVERIFIED } from './unverified.ts';
import { languageBodies, skillBodies, userBody } from './user-body.ts';

/** The reference lists no permission for these; an official sample asks for this one. */
const USER_VIEW = { config: { permission: 'directory:user:view' } };

/** `/api/v2/users` and the routes below one user, except presence. */
export function userRoutes(api: FastifyInstance, org: Org, agents: Agents, faults: Faults): void {
  const bodyOf = (agent: Agent, query: Query) => userBody(agent, org, expandsOf(query, faults));

  api.get<{ Querystring: Query }>('/users', USER_VIEW, async ({ query, url }) => {
    const page = pageOf(
      chosen(agents, query).filter(({ user }) => faults.lists(user.id)),
      query,
    );
    return pageBody(
      page,
      page.items.map((agent) => bodyOf(agent, query)),
      url,
    );
  });

  api.get<{ Params: { id: string }; Querystring: Query }>('/users/:id', USER_VIEW, async ({ params, query }) =>
    bodyOf(agents.get(params.id), query),
  );

  // For an unknown user the platform answers OFF_QUEUE, not 404.
  api.get<{ Params: { id: string } }>('/users/:id/routingstatus', async ({ params: { id } }) => {
    const agent = agents.find(id);
    return {
      userId: id,
      ...(agent ? routingStatusBody(agent) : { status: 'OFF_QUEUE' }),
      selfUri: `/api/v2/users/${id}/routingstatus`,
    };
  });

  api.get<{ Params: { id: string }; Querystring: Query }>(
    '/users/:id/queues',
    { config: { permission: 'routing:queue:view' } },
    async ({ params, query, url }) => {
      const wanted = oneOf(query.joined) !== 'false';
      const memberships = agents.get(params.id).user.memberships.filter(({ joined }) => joined === wanted);
      const page = pageOf(memberships, query);
      return pageBody(
        page,
        page.items.map(({ queue, joined }) => ({ ...queueBody(queue, org), joined })),
        url,
      );
    },
  );

  for (const [name, bodies] of [
    ['routingskills', skillBodies],
    ['routinglanguages', languageBodies],
  ] as const) {
    api.get<{ Params: { id: string }; Querystring: Query }>(`/users/:id/${name}`, async ({ params, query, url }) => {
      const page = pageOf(bodies(agents.get(params.id)), query);
      return pageBody(page, page.items, url);
    });
  }
}

function chosen(agents: Agents, query: Query): Agent[] {
  const ids = listOf(query.id);
  if (ids.length > UNVERIFIED.maxUserIds) throw badRequest(`At most ${UNVERIFIED.maxUserIds} ids can be given.`);
  const state = oneOf(query.state) ?? 'active';
  const inState = agents.all.filter(({ isDeleted }) => state === 'any' || state === (isDeleted ? 'deleted' : 'active'));
  const listed = ids.length > 0 ? inState.filter(({ user }) => ids.includes(user.id)) : inState;
  const descending = /^desc/i.test(oneOf(query.sortOrder) ?? 'ASC');
  return descending ? listed.toReversed() : listed;
}

/** Expands are best effort: a requested field may be missing. */
function expandsOf(query: Query, { settings }: Faults): string[] {
  return listOf(query.expand).filter((name) => !settings.omitExpands.includes(name));
}
