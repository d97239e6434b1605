import type { FastifyInstance } from 'fastify';
import type { Agents } from './agents.ts';
import type { Conversations } from './conversations.ts';
import type { Customs } from './customs.ts';
import { badRequest, notFound } from './errors.ts';
import type { GroundTruth } from './ground-truth.ts';

const ASSIGN = { config: { permission: 'conversation:call:assign' } };
const BODY = { type: 'object', required: ['id'], properties: { id: { type: 'string', minLength: 1 } } } as const;

interface Parts {
  agents: Agents;
  conversations: Conversations;
  groundTruth: GroundTruth;
  customs: Customs;
}

/**
 * `/api/v2/conversations/{id}/assign`: gives a conversation that waits in a queue to a user. A success means that the
 * platform has taken the order, not that the agent has the conversation. What happens if the agent cannot take it is not
 * documented; `assignsToBusy` offers both.
 */
export function conversationRoutes(api: FastifyInstance, parts: Parts): void {
  const { agents, conversations, groundTruth, customs } = parts;
  api.post<{ Params: { id: string }; Body: { id: string } }>(
    '/conversations/:id/assign',
    { ...ASSIGN, schema: { body: BODY } },
    async ({ params, body }, reply) => {
      const agent = agents.find(body.id);
      if (!agent) throw notFound(`The user ${body.id}`);
      const holder = conversations.holder(params.id);
      if (holder && holder !== agent) throw badRequest(`The conversation ${params.id} is not waiting in a queue.`);
      const waiting = conversations.waiting(params.id);
      if (!holder && !waiting) throw notFound(`The conversation ${params.id}`);
      const { mediaType = 'call', queueId } = waiting ?? {};
      const send = { conversationId: params.id, userId: body.id, mediaType, ...(queueId !== undefined && { queueId }) };
      const answer = groundTruth.send(send, agent);
      if (!answer.accepted && customs.assignsToBusy === 'refuses') {
        throw badRequest(`The user ${body.id} cannot take the conversation ${params.id}.`);
      }
      return reply.code(202).type('application/json').send('"accepted"');
    },
  );
}
