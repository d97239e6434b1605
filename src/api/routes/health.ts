import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../server.ts';

/** `/healthz`: the process lives. `/readyz`: it can take work; a stale region elsewhere does not make it unready. */
export function healthRoutes(server: FastifyInstance, { region, obstacles }: ApiContext): void {
  server.get('/healthz', async () => ({ status: 'ok', region: region.config.region }));

  server.get('/readyz', async (_request, reply) => {
    const found = obstacles();
    reply.status(found.length > 0 ? 503 : 200);
    return { status: found.length > 0 ? 'not ready' : 'ready', obstacles: found };
  });

  server.get('/metrics', async (_request, reply) => {
    reply.type(region.metrics.registry.contentType);
    return region.metrics.registry.metrics();
  });
}
