import type { FastifyInstance } from 'fastify';
import type { Query } from '../kit/query.ts';
import { AGENT_STATES, CONTACT_STATES, MEDIA_TYPES } from './dictionaries.ts';
import { iso } from './listing.ts';
import { Parameters } from './query.ts';
import type { World } from './world.ts';

const ADMIN = { config: { scope: 'AdminAPI' } } as const;

const API_INFO = ['/agents/states', '/agents/skills', '/contacts/active', '/skills/activity'];

/** Dictionaries of ids, the server's time, and the business unit. */
export function dictionaryRoutes(api: FastifyInstance, { org, clock }: World): void {
  api.get('/agents-states', ADMIN, async () => ({
    agentStates: Object.entries(AGENT_STATES).map(([id, agentStateName]) => ({
      agentStateId: Number(id),
      agentStateName,
    })),
  }));

  api.get('/contact-state-descriptions', ADMIN, async () => ({
    contactStateDescriptions: Object.values(CONTACT_STATES).map(({ id, name, category }) => ({
      ContactStateId: id,
      ContactStateDescription: name,
      ContactStateCategory: category,
    })),
  }));

  api.get('/media-types', ADMIN, async () => ({
    mediaTypes: Object.entries(MEDIA_TYPES).map(([id, mediaTypeName]) => ({ mediaTypeId: Number(id), mediaTypeName })),
  }));

  api.get('/server-time', async () => ({ ServerTime: iso(clock.nowMs()) }));

  api.get('/business-unit', ADMIN, async () => ({
    businessUnits: [
      {
        businessUnitId: org.businessUnitId,
        tenantId: org.tenantId,
        defaultTimeZone: '(GMT) UTC',
        isMultiContactHandling: true,
        phoneTimeout: 45,
        concurrentAgentLimit: org.employees.length,
        apiPublishedLimit: 0,
        features: [],
        timeZones: [],
      },
    ],
  }));

  api.get<{ Querystring: Query }>('/apiversion', async ({ query }) => {
    const search = new Parameters(query).text('searchUriText')?.toLowerCase() ?? '';
    const found = API_INFO.filter((uri) => uri.includes(search));
    return { apiInfo: found.map((uri) => ({ uri, version: 'v34.0', verb: 'GET' })) };
  });
}
