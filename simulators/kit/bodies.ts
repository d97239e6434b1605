import type { FastifyInstance } from 'fastify';

/**
 * Reads JSON and forms, as every platform does. An empty body is no body, whatever the headers say.
 * @param invalid makes the error for a body that is not JSON
 */
export function readBodies(app: FastifyInstance, invalid: (message: string) => Error): void {
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, async (_request: unknown, body: string) => {
    if (body === '') return null;
    try {
      return JSON.parse(body);
    } catch {
      throw invalid('The body is not valid JSON.');
    }
  });
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    async (_request: unknown, body: string) => Object.fromEntries(new URLSearchParams(body)),
  );
}
