import type { FastifyInstance } from 'fastify';
import { renderDocument } from '../openapi/document.ts';
import { renderPage } from '../page/page.ts';

/** What there is and who may do it is no secret. */
const OPEN = { config: { access: 'open' } } as const;

/** The document of this API, for programs and for people; rendered when it is first asked for. */
export function documentRoutes(server: FastifyInstance): void {
  let document: string | undefined;
  let page: string | undefined;

  server.get('/openapi.json', OPEN, async (_request, reply) => {
    document ??= JSON.stringify(renderDocument());
    return reply.type('application/json; charset=utf-8').send(document);
  });

  server.get('/docs', OPEN, async (_request, reply) => {
    page ??= renderPage(renderDocument());
    return reply.type('text/html; charset=utf-8').send(page);
  });
}
