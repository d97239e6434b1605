import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { type FastifyInstance, fastify } from 'fastify';
import { REQUEST_LIMITS } from '../agent/limits.ts';
import { LONGEST_CLAIM_ID } from '../contract/claim-ids.ts';
import type { ApiContext, HandlerContext } from './context.ts';
import { guard, recordOperators } from './hooks/access.ts';
import {
  compileValidator,
  demandWellFormed,
  keepAnswers,
  limitClients,
  readRegions,
  rejectWhileClosing,
  rejectWhileStarting,
  requestIdOf,
  shedLoad,
  traceRequests,
} from './hooks/admission.ts';
import { renderDocument } from './openapi/document.ts';
import type { Operation } from './operations/operation.ts';
import { operationList } from './operations/operations.ts';
import type { Page } from './page/html.ts';
import { renderPage } from './page/page.ts';
import { answerBadPath, answerFailure } from './problems/failures.ts';
import { problemBody, sendProblem } from './problems/send-problem.ts';
import { OpenStreams } from './stream/open-streams.ts';

export type Server = FastifyInstance;

/** How long a request may take to arrive, in ms. */
const REQUEST_TIMEOUT_MS = 30_000;

/** The HTTP server of a region: a route for every operation, and an RFC 9457 problem for every failure. */
export function createServer(context: ApiContext): Server {
  const server = fastify({
    bodyLimit: REQUEST_LIMITS.body.most,
    requestTimeout: REQUEST_TIMEOUT_MS,
    genReqId: requestIdOf,
    // The limit counts UTF-16 code units; a code point has up to two.
    routerOptions: { maxParamLength: 2 * LONGEST_CLAIM_ID },
    logger: false,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    frameworkErrors: answerBadPath,
    clientErrorHandler: answerBroken,
  });
  server.setValidatorCompiler(compileValidator);
  server.setErrorHandler((error, _request, reply) => answerFailure(error as Error, reply, context.region.log));
  server.setNotFoundHandler((request, reply) =>
    sendProblem(reply, 'unknown_route', { detail: `no route for ${request.method} ${request.url.split('?')[0]}` }),
  );
  traceRequests(server);
  rejectWhileClosing(server);
  rejectWhileStarting(server, context.start);
  shedLoad(server, context.region.metrics);
  guard(server, { tokens: context.tokens, ...context.region });
  limitClients(server, context.requestsPerSecond, context.region.metrics);
  recordOperators(server, context.region);
  demandWellFormed(server);
  readRegions(server);
  keepAnswers(server, context.region);
  const streams = new OpenStreams(context.region.metrics);
  server.addHook('preClose', async () => streams.close());
  server.decorate('context', { ...context, streams, documents: openDocuments() });
  for (const [, operation] of operationList()) mount(server, operation);
  return server;
}

/** Adds the route of an operation. If its body needs special parsers, they apply to this route only. */
function mount(server: FastifyInstance, operation: Operation): void {
  const parsers = operation.body?.parsers;
  if (!parsers) {
    addRoute(server, operation);
    return;
  }
  server.register(async (scope) => {
    parsers(scope);
    addRoute(scope, operation);
  });
}

function addRoute(scope: FastifyInstance, operation: Operation): void {
  const {
    method,
    path,
    params,
    query,
    body,
    validatedBy,
    validatesPath,
    noHead = false,
    onRequest,
    handler,
  } = operation;
  const isChecked = validatedBy !== 'handler';
  scope.route({
    method,
    url: path.replaceAll(/\{(\w+)\}/g, ':$1'),
    config: { operation },
    exposeHeadRoute: method === 'GET' && !noHead,
    schema: {
      ...(validatesPath && { params }),
      ...(isChecked && query && { querystring: query }),
      ...(isChecked && body && { body: body.schema }),
    },
    ...(onRequest && { onRequest: async (request, reply) => onRequest(request, reply) }),
    handler,
  });
}

/** The documents of the API, each rendered on its first request. */
function openDocuments(): HandlerContext['documents'] {
  let document: string | undefined;
  let page: Page | undefined;
  return {
    openapi: () => {
      document ??= JSON.stringify(renderDocument());
      return document;
    },
    page: () => {
      page ??= renderPage(renderDocument());
      return page;
    },
  };
}

/** Answers a request that is not valid HTTP, and closes the connection. Fastify runs no hooks for it. */
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
