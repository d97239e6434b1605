import type { FastifyInstance } from 'fastify';
import { notFound } from './errors.ts';
import { guard } from './guard.ts';
import { conversationRoutes } from './rest-conversations.ts';
import { notificationRoutes } from './rest-notifications.ts';
import { presenceRoutes } from './rest-presence.ts';
import { routingRoutes, utilizationRoutes } from './rest-routing.ts';
import { loginRoute, tokenRoutes } from './rest-tokens.ts';
import { userRoutes } from './rest-users.ts';
import { Topics } from './topics.ts';
import type { World } from './world.ts';

/** Number of characters that distinguish tokens. */
const DISTINCT_LENGTH = 8;

/** The routes of Genesys Cloud: the login and `/api/v2`. */
export function platformRoutes(app: FastifyInstance, world: World): void {
  const { org, agents, life, faults, tokens, channels, witness } = world;
  loginRoute(app, tokens);
  app.register(
    async (api) => {
      api.decorateRequest('token', null);
      api.decorateRequest('isThrottled', false);
      api.addHook('onRequest', guard(tokens, faults));
      api.addHook('onResponse', async ({ token, isThrottled }, { statusCode }) => {
        witness.answered({
          token: token?.value.slice(0, DISTINCT_LENGTH) ?? '',
          status: statusCode,
          forced: isThrottled,
        });
      });
      api.setNotFoundHandler(() => {
        throw notFound('The requested resource');
      });
      tokenRoutes(api, org.division, tokens);
      userRoutes(api, org, agents, faults);
      presenceRoutes(api, org, agents, life);
      routingRoutes(api, org, agents, faults);
      utilizationRoutes(api, agents);
      conversationRoutes(api, world);
      notificationRoutes(api, channels, new Topics(org, faults));
    },
    { prefix: '/api/v2' },
  );
}
