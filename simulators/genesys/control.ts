import type { FastifyInstance } from 'fastify';
import { controlRoutes, word } from '../kit/control-routes.ts';
import type { GenesysControls } from './interface.ts';
import { MEDIA_TYPES, type MediaType, ROUTING_STATUSES } from './model.ts';
import { SYSTEM_PRESENCES } from './presences.ts';

const SCHEMAS = {
  mediaTypes: MEDIA_TYPES,
  send: { delivery: { enum: ['acd', 'user'] } },
  user: {
    presence: { enum: SYSTEM_PRESENCES },
    routingStatus: { enum: ROUTING_STATUSES },
    joinedQueueIds: { type: 'array', items: word, maxItems: 100 },
    carriesSeveral: { type: 'boolean' },
  },
} as const;

const WAIT = {
  type: 'object',
  required: ['conversationId'],
  properties: { conversationId: word, queueId: word, mediaType: { enum: MEDIA_TYPES } },
} as const;

/** `/simulator`: the controls over HTTP. */
export function genesysControlRoutes(app: FastifyInstance, controls: GenesysControls): void {
  controlRoutes(app, controls, SCHEMAS);
  app.get('/state', async () => controls.state());
  app.post<{ Body: { conversationId: string; mediaType?: MediaType; queueId?: string } }>(
    '/waiting',
    { schema: { body: WAIT } },
    async ({ body: { conversationId, mediaType, queueId } }, reply) => {
      controls.wait(conversationId, mediaType, queueId);
      return reply.code(204).send();
    },
  );
}
