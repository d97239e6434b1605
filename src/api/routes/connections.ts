import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../server.ts';

/** The accounts on platforms: who reads them, how that goes, what the last reconciliation found. */
export function connectionRoutes(server: FastifyInstance, { connections }: ApiContext): void {
  server.get('/v1/connections', { config: { access: 'admin:region' } }, () => connections());
}
