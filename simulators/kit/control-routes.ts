import type { FastifyInstance } from 'fastify';
import { InvalidSetting, NotFound } from './errors.ts';
import type { Controls, PlatformTypes } from './simulator.ts';

export const word = { type: 'string', minLength: 1, maxLength: 200 } as const;

/** Schemas of the bodies that platforms write differently. */
interface Schemas {
  mediaTypes: readonly string[];
  /** Further properties of an interaction that is sent. */
  send?: object;
  /** Properties of a user that can be set. */
  user: object;
}

type ById = { Params: { id: string } };

/**
 * The routes of `/simulator` that every simulator has. No platform has them: they do what people and call flows do
 * there, and they show the truth that the API reports late.
 */
export function controlRoutes<Own extends PlatformTypes>(
  app: FastifyInstance,
  controls: Controls<Own>,
  schemas: Schemas,
): void {
  app.setErrorHandler<Error & { statusCode?: number }>((error, _request, reply) =>
    reply.code(statusOf(error)).send({ message: error.message }),
  );
  app.post<{ Body: Own['send'] }>(
    '/interactions',
    { schema: { body: sendSchema(schemas) } },
    async (request, reply) => {
      const answer = controls.send(request.body as Own['send']);
      return reply.code(answer.accepted ? 200 : 409).send(answer);
    },
  );
  app.get<ById>('/users/:id', async ({ params }) => controls.user(params.id));
  app.post<ById>(
    '/users/:id',
    { schema: { body: { type: 'object', properties: schemas.user } } },
    async ({ params, body }) => controls.setUser(params.id, body as Own['change']),
  );
  app.delete<ById>('/users/:id', async ({ params }, reply) => {
    controls.deleteUser(params.id);
    return reply.code(204).send();
  });
  app.post('/pause', async () => {
    controls.pause();
    return controls.state();
  });
  app.post('/resume', async () => {
    controls.resume();
    return controls.state();
  });
  app.get('/faults', async () => controls.faults({}));
  app.post('/faults', async ({ body }) => controls.faults((body ?? {}) as Partial<Own['faultChanges']>));
}

function sendSchema({ mediaTypes, send }: Schemas): object {
  return {
    type: 'object',
    required: ['conversationId', 'userId'],
    properties: { conversationId: word, userId: word, queueId: word, mediaType: { enum: mediaTypes }, ...send },
  };
}

function statusOf(error: Error & { statusCode?: number }): number {
  if (error instanceof NotFound) return 404;
  return error instanceof InvalidSetting ? 400 : (error.statusCode ?? 500);
}
