import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';

/** What an operator looks at first: who is fresh, who answers, what waits. */
export function regionRoutes(server: FastifyInstance, { report }: ApiContext): void {
  server.get('/v1/regions', { config: { access: 'admin:region' } }, () => report());
}
