import type { FastifyInstance } from 'fastify';
import { notFound } from './errors.ts';
import { guard } from './guard.ts';
import { notificationRoutes } from './rest-notifications.ts';
import { presenceRoutes } from './rest-presence.ts';
import { routingRoutes } from './rest-routing.ts';
import { loginRoute, tokenRoutes } from './rest-tokens.ts';
import { userRoutes } from './rest-users.ts';
import { Topics } from './topics.ts';
import type { World } from './world.ts';

/** What Genesys Cloud itself answers: the login and `/api/v2`. `socketBase` is where channels' sockets connect. */
export function platformRoutes(app: FastifyInstance, world: World, socketBase: () => string): void {
  const { org, agents, life, faults, tokens, channels } = world;
  loginRoute(app, tokens);
  app.register(
    async (api) => {
      api.decorateRequest('token', null);
      api.addHook('onRequest', guard(tokens, faults));
      api.setNotFoundHandler(() => {
        throw notFound('The requested resource');
      });
      tokenRoutes(api, org.division, tokens);
      userRoutes(api, org, agents, faults);
      presenceRoutes(api, org, agents, life);
      routingRoutes(api, org, agents);
      notificationRoutes(api, channels, new Topics(org), socketBase);
    },
    { prefix: '/api/v2' },
  );
}
