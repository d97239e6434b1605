import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { readTrace, type Trace, withTrace } from '../../ops/trace.ts';

declare module 'fastify' {
  interface FastifyRequest {
    trace: Trace | null;
  }
}

const REQUEST_ID = 'x-request-id';
/** What may name a request: nothing that could look like something else in a log. */
export const REQUEST_ID_FORM = '^[A-Za-z0-9._~-]{1,128}$';
const SANE = new RegExp(REQUEST_ID_FORM);

/** The caller's name for a request, if it is fit for one, else a new one. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers[REQUEST_ID];
  return typeof given === 'string' && SANE.test(given) ? given : randomUUID();
}

/** Lets everything that is done for a request belong to its trace. To be called before all other hooks. */
export function traceRequests(server: FastifyInstance): void {
  server.decorateRequest('trace', null);
  server.addHook('onRequest', (request, _reply, done) => {
    const { traceparent, tracestate } = request.headers;
    const trace = readTrace(traceparent, tracestate, request.id);
    request.trace = trace;
    withTrace(trace, done);
  });
  // A body arrives as events of its connection, which belong to no request.
  server.addHook('preValidation', (request, _reply, done) => {
    if (request.trace) withTrace(request.trace, done);
    else done();
  });
  server.addHook('onSend', async (request, reply) => void reply.header(REQUEST_ID, request.id));
}
