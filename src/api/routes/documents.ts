import type { FastifyInstance } from 'fastify';
import { type DocumentOptions, renderDocument } from '../openapi/document.ts';
import { renderPage } from '../page/page.ts';

/** The document of this API, for programs and for people; rendered when it is first asked for. */
export function documentRoutes(server: FastifyInstance, options: DocumentOptions): void {
  let document: string | undefined;
  let page: string | undefined;

  server.get('/openapi.json', async (_request, reply) => {
    document ??= JSON.stringify(renderDocument(options));
    return reply.type('application/json; charset=utf-8').send(document);
  });

  server.get('/docs', async (_request, reply) => {
    page ??= renderPage(renderDocument(options));
    return reply.type('text/html; charset=utf-8').send(page);
  });
}
