import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import { type FastifyInstance, fastify } from 'fastify';
import { REQUEST_LIMITS } from '../agent/limits.ts';
import { LONGEST_CLAIM_ID } from '../contract/claim-ids.ts';
import type { ApiContext } from './context.ts';
import { guard } from './hooks/access.ts';
import { recordOperators } from './hooks/audited.ts';
import { keepAnswers } from './hooks/idempotency.ts';
import { limitClients } from './hooks/limits.ts';
import { shedLoad } from './hooks/shedding.ts';
import { requestIdOf, traceRequests } from './hooks/tracing.ts';
import { demandWellFormed } from './hooks/well-formed.ts';
import { matchOperations } from './operations/registered.ts';
import { answerBadPath, answerFailure } from './problems/failures.ts';
import { problemBody, sendProblem } from './problems/send-problem.ts';
import { agentRoutes } from './routes/agents.ts';
import { claimRoutes } from './routes/claims.ts';
import { connectionRoutes } from './routes/connections.ts';
import { documentRoutes } from './routes/documents.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { pushRoutes } from './routes/pushes.ts';
import { regionRoutes } from './routes/regions.ts';
import { routeRoutes } from './routes/route.ts';
import { streamRoutes } from './routes/stream.ts';

export type Server = ReturnType<typeof createServer>;

/** How long a request may take to arrive, in ms. */
const REQUEST_TIMEOUT_MS = 30_000;

/** The HTTP face of a region: every route, and every failure as an RFC 9457 problem. */
export function createServer(context: ApiContext) {
  const server = fastify({
    bodyLimit: REQUEST_LIMITS.body.most,
    requestTimeout: REQUEST_TIMEOUT_MS,
    genReqId: requestIdOf,
    // In UTF-16, of which a code point may take two.
    routerOptions: { maxParamLength: 2 * LONGEST_CLAIM_ID },
    logger: false,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    frameworkErrors: answerBadPath,
    clientErrorHandler: answerBroken,
  }).withTypeProvider<TypeBoxTypeProvider>();
  server.setValidatorCompiler(TypeBoxValidatorCompiler);
  server.setErrorHandler((error, _request, reply) => answerFailure(error as Error, reply, context.region.log));
  server.setNotFoundHandler((request, reply) =>
    sendProblem(reply, 'unknown_route', { detail: `nothing answers ${request.method} ${request.url.split('?')[0]}` }),
  );
  traceRequests(server);
  refuseWhileClosing(server);
  refuseWhileStarting(server, context);
  shedLoad(server, context.region.metrics);
  guard(server, { tokens: context.tokens, ...context.region });
  limitClients(server, context.requestsPerSecond, context.region.metrics);
  recordOperators(server, context.region);
  demandWellFormed(server);
  keepAnswers(server, context.region);
  matchOperations(server);
  eventRoutes(server, context);
  pushRoutes(server, context);
  claimRoutes(server, context);
  routeRoutes(server, context);
  agentRoutes(server, context);
  streamRoutes(server, context);
  regionRoutes(server, context);
  connectionRoutes(server, context);
  healthRoutes(server, context);
  documentRoutes(server);
  return server;
}

/** Requests that still come over open connections while those under way are finished. */
function refuseWhileClosing(server: FastifyInstance): void {
  let isClosing = false;
  server.addHook('preClose', async () => {
    isClosing = true;
  });
  server.addHook('onRequest', async (_request, reply) => {
    if (isClosing) sendProblem(reply, 'draining', { detail: 'this instance takes no new requests' });
  });
}

const READ_SOON_MS = 2000;

/**
 * What the region's store says of agents is as old as the region was away, until their platforms have been read. Who looks
 * whether the instance lives, or how far it is, is answered. For other regions it is as if nobody listened yet.
 */
function refuseWhileStarting(server: FastifyInstance, { isStarting }: ApiContext): void {
  server.addHook('onRequest', async ({ routeOptions: { config } }, reply) => {
    if (!config.access || config.access === 'open' || config.access === 'admin:region' || !isStarting()) return;
    sendProblem(reply, 'starting', {
      detail: 'this instance has not read yet how the agents are; see /readyz',
      retryAfterMs: READ_SOON_MS,
    });
  });
}

/** Answers what came over a connection and cannot be read as a request, and closes it: what follows is no request either. */
function answerBroken({ code }: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  if (code === 'HPE_HEADER_OVERFLOW') write(socket, '431 Request Header Fields Too Large', headTooLarge());
  else write(socket, code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request', []);
}

function write(socket: Socket, status: string, rest: string[]): void {
  const lines = [
    `HTTP/1.1 ${status}`,
    'connection: close',
    ...(rest.length > 0 ? rest : ['content-length: 0', '', '']),
  ];
  socket.end(lines.join('\r\n'));
}

function headTooLarge(): string[] {
  const requestId = randomUUID();
  const detail = 'path, query and headers together are larger than 16 KiB';
  const body = JSON.stringify(problemBody('head_too_large', { detail }, requestId));
  const length = Buffer.byteLength(body);
  return [
    'content-type: application/problem+json',
    `content-length: ${length}`,
    `x-request-id: ${requestId}`,
    '',
    body,
  ];
}
