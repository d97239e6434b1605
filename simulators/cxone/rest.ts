import type { FastifyInstance } from 'fastify';
import { RateLimit } from '../kit/limits.ts';
import { CxoneError } from './errors.ts';
import { demandAccept, guard } from './guard.ts';
import { agentRoutes } from './rest-agents.ts';
import { contactRoutes } from './rest-contacts.ts';
import { dictionaryRoutes } from './rest-dictionaries.ts';
import { loginRoutes } from './rest-login.ts';
import { skillActivityRoutes } from './rest-skill-activity.ts';
import { skillRoutes } from './rest-skills.ts';
import { stateRoutes } from './rest-states.ts';
import { teamRoutes } from './rest-teams.ts';
import type { World } from './world.ts';

/** Number of characters at the end that distinguish tokens. */
const DISTINCT_LENGTH = 8;
const JSON_TYPE = 'application/json; charset=utf-8';

/** The routes of CXone: discovery, login, and `/incontactapi/services/v{N}`. */
export function platformRoutes(app: FastifyInstance, world: World, requestsPerMinute: number): void {
  loginRoutes(app, world);
  app.register(
    async (api) => {
      gate(api, world, requestsPerMinute);
      api.setNotFoundHandler(() => {
        throw new CxoneError(404, 'Not Found');
      });
      stateRoutes(api, world);
      contactRoutes(api, world);
      skillActivityRoutes(api, world);
      agentRoutes(api, world);
      skillRoutes(api, world);
      teamRoutes(api, world);
      dictionaryRoutes(api, world);
    },
    { prefix: '/incontactapi/services/:version' },
  );
}

/** Hooks of every request, before and after its route. */
function gate(api: FastifyInstance, world: World, requestsPerMinute: number): void {
  const { faults, witness, clock, timers } = world;
  const wait = (ms: number) => new Promise<void>((over) => timers.after(ms, over));
  api.decorateRequest('accessToken', '');
  api.decorateRequest('isForced', false);
  api.decorateRequest('startedMs', 0);
  api.addHook('onRequest', guard(world, new RateLimit(requestsPerMinute, clock)));
  api.addHook('preHandler', demandAccept(world));
  api.addHook('onSend', async (_request, reply, payload) => {
    if (reply.statusCode === 200) {
      if (!reply.hasHeader('icStatusDescription')) reply.header('icStatusDescription', 'Success');
      reply.type(JSON_TYPE);
    }
    if (faults.strikes('slowAnswers')) await wait(faults.settings.slowMs);
    const isCut = typeof payload === 'string' && faults.strikes('truncateAnswers');
    return isCut ? payload.slice(0, payload.length / 2) : payload;
  });
  api.addHook('onResponse', async ({ accessToken, isForced }, { statusCode }) => {
    witness.answered({ token: accessToken.slice(-DISTINCT_LENGTH), status: statusCode, forced: isForced });
  });
}
