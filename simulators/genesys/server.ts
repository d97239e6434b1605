import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { readBodies } from '../kit/bodies.ts';
import { UnknownUser } from './agents.ts';
import { ApiError, badRequest, errorBody, fromServer, notFound } from './errors.ts';

const MAX_BODY_BYTES = 512_000;

/** The HTTP server of the simulator: every answer has a correlation id, every error the platform's form. */
export function httpServer(): FastifyInstance {
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    genReqId: () => randomUUID(),
    exposeHeadRoutes: false,
    forceCloseConnections: true,
  });
  readBodies(app, (message) => badRequest(message));
  app.addHook('onRequest', async (request, reply) => {
    reply.header('ININ-Correlation-Id', request.id);
  });
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const answer = apiError(error);
    return reply.code(answer.status).headers(answer.headers).send(errorBody(answer, request.id));
  });
  app.setNotFoundHandler(() => {
    throw notFound('The requested resource');
  });
  return app;
}

function apiError(error: FastifyError | ApiError | UnknownUser): ApiError {
  if (error instanceof ApiError) return error;
  return error instanceof UnknownUser ? new ApiError(404, 'not.found', error.message) : fromServer(error);
}
