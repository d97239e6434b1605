import { Type } from 'typebox';
import { type Operation, operation } from './operation.ts';

export const documentOperations = {
  getRoot: operation({
    method: 'GET',
    path: '/',
    tag: 'Document',
    access: 'open',
    summary: 'Find the page',
    repeatable: 'it changes nothing.',
    answers: { 302: { description: 'To `/docs`.', headers: ['location'] } },
    problems: [],
    // Relative, for a proxy that serves the API below a path of its own.
    handler: async (_request, reply) => reply.redirect('docs', 302),
  }),
  getOpenapi: operation({
    method: 'GET',
    path: '/openapi.json',
    tag: 'Document',
    access: 'open',
    summary: 'Get this document for programs',
    repeatable: 'it changes nothing.',
    answers: { 200: { description: 'OpenAPI 3.1.', schema: Type.Object({ openapi: Type.Literal('3.1.0') }) } },
    problems: [],
    handler: async (request, reply) =>
      reply.type('application/json; charset=utf-8').send(request.server.context.documents.openapi()),
  }),
  getPage: operation({
    method: 'GET',
    path: '/docs',
    tag: 'Document',
    access: 'open',
    summary: 'Get this document for people',
    repeatable: 'it changes nothing.',
    answers: {
      200: {
        description: 'A page.',
        schema: Type.String(),
        type: 'text/html',
        headers: ['content-security-policy'],
      },
    },
    problems: [],
    handler: async (request, reply) => {
      const { text, policy } = request.server.context.documents.page();
      return reply.type('text/html; charset=utf-8').header('content-security-policy', policy).send(text);
    },
  }),
} as const satisfies Record<string, Operation>;
