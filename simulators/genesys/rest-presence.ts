import type { FastifyInstance } from 'fastify';
import { listOf, type Query } from '../kit/query.ts';
import type { Agents } from './agents.ts';
import { badRequest, notFound } from './errors.ts';
import type { GenesysLife } from './life.ts';
import type { Org } from './org.ts';
import type { PresenceDefinition } from './presences.ts';
import { restPresence } from './state-body.ts';

const MAX_BULK_IDS = 50;

interface PresencePatch {
  presenceDefinition?: { id?: string };
}

/** Presence of users, and the organisation's presence definitions. */
export function presenceRoutes(api: FastifyInstance, org: Org, agents: Agents, life: GenesysLife): void {
  api.get<{ Querystring: Query }>('/users/presences/purecloud/bulk', async ({ query }) => {
    const ids = listOf(query.id);
    if (ids.length === 0 || ids.length > MAX_BULK_IDS) throw badRequest(`From 1 to ${MAX_BULK_IDS} ids must be given.`);
    const found = ids.map((id) => agents.find(id)).filter((agent) => agent !== undefined);
    return found.map((agent) => ({ userId: agent.user.id, ...restPresence(agent) }));
  });

  api.get<{ Params: { id: string; source: string } }>('/users/:id/presences/:source', async ({ params }) => {
    checkSource(params.source);
    return restPresence(agents.get(params.id));
  });

  api.patch<{ Params: { id: string; source: string }; Body: PresencePatch | null }>(
    '/users/:id/presences/:source',
    async ({ params, body }) => {
      checkSource(params.source);
      const agent = agents.get(params.id);
      const definition = org.presences.find(({ id }) => id === body?.presenceDefinition?.id);
      if (!definition) throw badRequest('presenceDefinition.id must name a presence definition.');
      life.leaveAlone(agent);
      agents.setPresence(agent, definition);
      return restPresence(agent);
    },
  );

  api.get('/presence/definitions', { config: { permission: 'presence:presenceDefinition:view' } }, async ({ url }) => ({
    entities: org.presences.map(definitionBody),
    total: org.presences.length,
    selfUri: url,
  }));
}

function checkSource(source: string): void {
  if (source.toLowerCase() !== 'purecloud') throw notFound(`The presence source ${source}`);
}

function definitionBody({ id, label, systemPresence, builtIn }: PresenceDefinition): object {
  return {
    id,
    name: label,
    type: builtIn ? 'System' : 'User',
    primary: builtIn,
    languageLabels: { en_US: label },
    systemPresence,
    deactivated: false,
    selfUri: `/api/v2/presence/definitions/${id}`,
  };
}
