import type { FastifyInstance, FastifyReply } from 'fastify';
import type { ReconcileAnswer } from '../../contract/operators.ts';
import type { ApiContext } from '../context.ts';
import { sendProblem } from '../problems/send-problem.ts';

/** The accounts on platforms: who reads them, how that goes, what the last reconciliation found; and one more of those. */
export function connectionRoutes(server: FastifyInstance, { region, connections, readNow }: ApiContext): void {
  const config = { access: 'admin:region' } as const;
  server.get('/v1/connections', { config }, () => connections());
  server.post('/v1/connections/:connection/reconcile', { config }, async (request, reply): Promise<unknown> => {
    const { connection: name } = request.params as { connection: string };
    const { connections: all, region: here } = region.config;
    const connection = Object.hasOwn(all, name) ? all[name] : undefined;
    if (!connection || connection.platform === 'events') return refuseUnknown(reply, name);
    const { home } = connection;
    if (home !== here) {
      const detail = `"${name}" is read in ${home}, and this is ${here}`;
      return sendProblem(reply, 'not_homed_here', { detail, more: { home } });
    }
    await readNow(name);
    const answer: ReconcileAnswer = { connection: name, region: here };
    return reply.status(202).send(answer);
  });
}

function refuseUnknown(reply: FastifyReply, name: string): FastifyReply {
  return sendProblem(reply, 'unknown_connection', { detail: `"${name}" is no connection of this config that is read` });
}
