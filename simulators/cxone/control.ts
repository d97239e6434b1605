import type { FastifyInstance } from 'fastify';
import { InvalidFault } from '../kit/faults.ts';
import { UnknownAgent } from './agents.ts';
import { AGENT_STATE_IDS } from './dictionaries.ts';
import { MEDIA_WORDS } from './ground-truth.ts';
import type { CxoneSimulator } from './hand.ts';
import { UnknownCode, UnknownContact } from './scenario.ts';
import { InvalidSwitch } from './switches.ts';

const word = { type: 'string', minLength: 1, maxLength: 200 } as const;

const SEND = {
  type: 'object',
  required: ['conversationId', 'userId'],
  properties: {
    conversationId: word,
    userId: word,
    queueId: word,
    mediaType: { enum: Object.keys(MEDIA_WORDS) },
  },
} as const;

const USER = {
  type: 'object',
  properties: {
    agentStateId: { enum: AGENT_STATE_IDS },
    outStateId: { type: 'integer' },
    isActive: { type: 'boolean' },
  },
} as const;

const HOLD = { type: 'object', required: ['isHeld'], properties: { isHeld: { type: 'boolean' } } } as const;
const TRANSFER = { type: 'object', required: ['userId'], properties: { userId: word } } as const;

type Changes<Name extends 'faults' | 'switches'> = { Body: Parameters<CxoneSimulator[Name]>[0] | null };

/**
 * `/simulator`: the hand of whoever runs the world. None of it exists in CXone; it stands for what people and scripts do
 * there, and it knows the truth that the API tells late.
 */
export async function controlRoutes(app: FastifyInstance, simulator: CxoneSimulator): Promise<void> {
  app.setErrorHandler<Error & { statusCode?: number }>((error, _request, reply) =>
    reply.code(statusOf(error)).send({ message: error.message }),
  );
  app.post<{ Body: Parameters<CxoneSimulator['send']>[0] }>(
    '/interactions',
    { schema: { body: SEND } },
    async ({ body }, reply) => {
      const answer = simulator.send(body);
      return reply.code(answer.accepted ? 200 : 409).send(answer);
    },
  );
  app.get('/state', async () => ({ ...simulator.state(), versions: simulator.versions() }));
  app.get('/users', async () => simulator.users());
  app.get<{ Params: { id: string } }>('/users/:id', async ({ params }) => simulator.user(params.id));
  app.post<{ Params: { id: string }; Body: Parameters<CxoneSimulator['setUser']>[1] }>(
    '/users/:id',
    { schema: { body: USER } },
    async ({ params, body }) => simulator.setUser(params.id, body),
  );
  app.delete<{ Params: { id: string } }>('/users/:id', async ({ params }, reply) => {
    simulator.deleteUser(params.id);
    return reply.code(204).send();
  });
  app.post<{ Params: { id: number }; Body: { isHeld: boolean } }>(
    '/contacts/:id/hold',
    { schema: { body: HOLD } },
    async ({ params, body }, reply) => {
      simulator.hold(Number(params.id), body.isHeld);
      return reply.code(204).send();
    },
  );
  app.post<{ Params: { id: number }; Body: { userId: string } }>(
    '/contacts/:id/transfer',
    { schema: { body: TRANSFER } },
    async ({ params, body }, reply) => {
      simulator.transfer(Number(params.id), body.userId);
      return reply.code(204).send();
    },
  );
  runRoutes(app, simulator);
}

function runRoutes(app: FastifyInstance, simulator: CxoneSimulator): void {
  app.post('/pause', async () => {
    simulator.pause();
    return simulator.state();
  });
  app.post('/resume', async () => {
    simulator.resume();
    return simulator.state();
  });
  app.get('/faults', async () => simulator.faults({}));
  app.post<Changes<'faults'>>('/faults', async ({ body }) => simulator.faults(body ?? {}));
  app.get('/switches', async () => simulator.switches({}));
  app.post<Changes<'switches'>>('/switches', async ({ body }) => simulator.switches(body ?? {}));
}

function statusOf(error: Error & { statusCode?: number }): number {
  if (error instanceof UnknownAgent || error instanceof UnknownContact) return 404;
  if (error instanceof InvalidFault || error instanceof InvalidSwitch || error instanceof UnknownCode) return 400;
  return error.statusCode ?? 500;
}
