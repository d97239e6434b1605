import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { readBodies } from '../kit/bodies.ts';
import { CxoneError, errorBody, fromServer } from './errors.ts';
import type { Switches } from './switches.ts';

const MAX_BODY_BYTES = 512_000;
const JSON_TYPE = 'application/json; charset=utf-8';

/** The HTTP server of the simulator. Paths are case-insensitive, as on CXone. */
export function httpServer({ switches }: { switches: Switches }): FastifyInstance {
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    genReqId: () => randomUUID(),
    exposeHeadRoutes: false,
    forceCloseConnections: true,
    routerOptions: { caseSensitive: false },
  });
  readBodies(app, (message) => new CxoneError(400, message));
  app.addHook('onRequest', async (request, reply) => {
    const correlationId = request.headers.correlationid;
    if (correlationId !== undefined) reply.header('CorrelationId', correlationId);
  });
  app.setErrorHandler<FastifyError>((error, _request, reply) => {
    const answer = error instanceof CxoneError ? error : fromServer(error);
    return reply
      .code(answer.status)
      .headers({ ...answer.headers, icStatusDescription: headerText(answer.message), 'content-type': JSON_TYPE })
      .send(errorBody(answer, switches.errorBody));
  });
  app.setNotFoundHandler(() => {
    throw new CxoneError(404, 'Not Found');
  });
  return app;
}

/** Headers take printable ASCII only. */
function headerText(message: string): string {
  return message.replaceAll(/[^\x20-\x7e]/g, '?');
}
