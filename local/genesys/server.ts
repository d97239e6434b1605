import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { UnknownUser } from './agents.ts';
import { ApiError, badRequest, errorBody, fromServer, notFound } from './errors.ts';

const MAX_BODY_BYTES = 512_000;

/** The HTTP server of the simulator: every answer has a correlation id, every error the platform's shape. */
export function httpServer(): FastifyInstance {
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    genReqId: () => randomUUID(),
    exposeHeadRoutes: false,
    forceCloseConnections: true,
  });
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, async (_request: unknown, body: string) =>
    parseJson(body),
  );
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_request: unknown, body: string) => Object.fromEntries(new URLSearchParams(body)),
  );
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

/** An empty body is no body, whatever the headers say. */
function parseJson(body: string): unknown {
  if (body === '') return null;
  try {
    return JSON.parse(body);
  } catch {
    throw badRequest('The body is not valid JSON.');
  }
}

function apiError(error: FastifyError | ApiError | UnknownUser): ApiError {
  if (error instanceof ApiError) return error;
  return error instanceof UnknownUser ? new ApiError(404, 'not.found', error.message) : fromServer(error);
}
