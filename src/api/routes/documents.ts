import type { FastifyInstance } from 'fastify';
import { type DocumentOptions, renderDocument } from '../openapi/document.ts';

/** The document of this API. It is made when it is first asked for, from what has been registered by then. */
export function documentRoutes(server: FastifyInstance, options: DocumentOptions): void {
  let document: string | undefined;

  server.get('/openapi.json', async (_request, reply) => {
    document ??= JSON.stringify(renderDocument(options));
    return reply.type('application/json; charset=utf-8').send(document);
  });
}
