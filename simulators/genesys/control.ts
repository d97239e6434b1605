import type { FastifyInstance, FastifyReply } from 'fastify';
import { InvalidFault } from '../kit/faults.ts';
import { UnknownUser } from './agents.ts';
import type { GenesysSimulator } from './hand.ts';
import { COMMUNICATIONS, type MediaType, ROUTING_STATUSES } from './model.ts';
import { SYSTEM_PRESENCES } from './presences.ts';

const word = { type: 'string', minLength: 1, maxLength: 200 } as const;

const SEND = {
  type: 'object',
  required: ['conversationId', 'userId'],
  properties: {
    conversationId: word,
    userId: word,
    queueId: word,
    mediaType: { enum: Object.keys(COMMUNICATIONS) },
    delivery: { enum: ['acd', 'user'] },
  },
} as const;

const WAIT = {
  type: 'object',
  required: ['conversationId'],
  properties: { conversationId: word, queueId: word, mediaType: { enum: Object.keys(COMMUNICATIONS) } },
} as const;

const USER = {
  type: 'object',
  properties: {
    presence: { enum: SYSTEM_PRESENCES },
    routingStatus: { enum: ROUTING_STATUSES },
    joinedQueueIds: { type: 'array', items: word, maxItems: 100 },
    carriesSeveral: { type: 'boolean' },
  },
} as const;

/**
 * `/simulator`: the hand of whoever runs the world. None of it exists in Genesys Cloud; it stands for what people and
 * call flows do there, and it knows the truth that the API tells late.
 */
export async function controlRoutes(app: FastifyInstance, simulator: GenesysSimulator): Promise<void> {
  app.setErrorHandler<Error & { statusCode?: number }>((error, _request, reply) =>
    reply.code(statusOf(error)).send({ message: error.message }),
  );

  app.post<{ Body: Parameters<GenesysSimulator['send']>[0] }>(
    '/interactions',
    { schema: { body: SEND } },
    async ({ body }, reply) => answerTo(simulator.send(body), reply),
  );
  app.post<{ Body: { conversationId: string; mediaType?: MediaType; queueId?: string } }>(
    '/waiting',
    { schema: { body: WAIT } },
    async ({ body: { conversationId, mediaType, queueId } }, reply) => {
      simulator.wait(conversationId, mediaType, queueId);
      return reply.code(204).send();
    },
  );
  app.get('/state', async () => simulator.state());
  app.get<{ Params: { id: string } }>('/users/:id', async ({ params }) => simulator.user(params.id));
  app.post<{ Params: { id: string }; Body: Parameters<GenesysSimulator['setUser']>[1] }>(
    '/users/:id',
    { schema: { body: USER } },
    async ({ params, body }) => simulator.setUser(params.id, body),
  );
  app.delete<{ Params: { id: string } }>('/users/:id', async ({ params }, reply) => {
    simulator.deleteUser(params.id);
    return reply.code(204).send();
  });
  app.post('/pause', async () => {
    simulator.pause();
    return simulator.state();
  });
  app.post('/resume', async () => {
    simulator.resume();
    return simulator.state();
  });
  app.get('/faults', async () => simulator.faults({}));
  app.post<{ Body: Parameters<GenesysSimulator['faults']>[0] | null }>('/faults', async ({ body }) =>
    simulator.faults(body ?? {}),
  );
}

function answerTo(answer: ReturnType<GenesysSimulator['send']>, reply: FastifyReply): FastifyReply {
  return reply.code(answer.accepted ? 200 : 409).send(answer);
}

function statusOf(error: Error & { statusCode?: number }): number {
  if (error instanceof UnknownUser) return 404;
  if (error instanceof InvalidFault) return 400;
  return error.statusCode ?? 500;
}
