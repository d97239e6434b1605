import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Static } from 'typebox';
import { REQUEST_LIMITS } from '../../agent/limits.ts';
import {
  type AgentAnswer,
  AgentQuery,
  AgentsQuery,
  AvailableQuery,
  type ForgottenAnswer,
  type QueueAnswer,
  QueueQuery,
} from '../../contract/agents.ts';
import { tokenOfClaim, tokenOfEvents } from '../../routing/consistency/token.ts';
import { forgetAgent } from '../../routing/forget.ts';
import { find, getAgent } from '../../routing/lookup/find.ts';
import { type Cursor, InvalidCursor, listAgents, readCursor } from '../../routing/lookup/list.ts';
import { CONSISTENCY } from '../../routing/peers/peers.ts';
import { queueNamed } from '../../routing/region.ts';
import type { ApiContext } from '../context.ts';
import { claimFor, recordEvent } from '../hooks/audited.ts';
import { answerAfterWrites } from '../hooks/consistency.ts';
import { InvalidRequest } from '../problems/failures.ts';

const config = { access: 'read:agent', work: 'lookup' } as const;

/** With a call's id it is a claim. */
const LOOKUP = { ...config, accessWith: { call_id: 'route:agent' } } as const;

/** Lookups; `GET /agents/available` also claims, for platforms that can only GET, and is safe to repeat by `call_id`. */
export function agentRoutes(server: FastifyInstance, { region }: ApiContext): void {
  server.get(
    '/agents/available',
    { config: LOOKUP, schema: { querystring: AvailableQuery } },
    async (request, reply) => {
      const query = request.query as AvailableQuery;
      const { queue = 'global', call_id, media = 'voice', budget_ms, limit = 1, explain = false } = query;
      const skills = readSkills(query.skills);
      if (!call_id) {
        const answer = (budgetMs: number) => find(region, { queue, media, skills, limit, budgetMs, explain });
        return answerAfterWrites(region, request, reply, { answer, path: request.url, budgetMs: budget_ms });
      }
      const answer = (budgetMs: number) =>
        claimFor(region, request, { queue, callId: call_id, media, skills, budgetMs, explain });
      const budgetMs = budget_ms ?? region.config.claims.budgetMs;
      const granted = await answerAfterWrites(region, request, reply, { answer, budgetMs });
      reply.header(CONSISTENCY, tokenOfClaim(granted.claim));
      return granted.claim;
    },
  );

  server.get('/v1/agents', { config, schema: { querystring: AgentsQuery } }, (request, reply) => {
    const { skill, limit = 50, cursor, ...filter } = request.query as AgentsQuery;
    const from = cursor === undefined ? undefined : cursorIn(cursor);
    const wanted = { ...filter, skills: readSkills(skill, '/skill') };
    const answer = () => listAgents(region, wanted, limit, from);
    return answerAfterWrites(region, request, reply, { answer, path: request.url });
  });

  server.get('/v1/agents/:id', { config, schema: { querystring: AgentQuery } }, async (request, reply) => {
    const { budget_ms } = request.query as Static<typeof AgentQuery>;
    const agentId = (request.params as { id: string }).id;
    const agent = await answerAfterWrites(region, request, reply, {
      answer: (budgetMs) => getAgent(region, agentId, budgetMs),
      path: request.url,
      about: { agentId, in: (agent) => agent },
      budgetMs: budget_ms,
    });
    const etag = etagOf(agent);
    reply.header('etag', etag);
    return isKnown(etag, request.headers['if-none-match']) ? reply.status(304).send() : agent;
  });

  const FORGET = { access: 'write:agent:status', work: 'claim' } as const;
  server.delete('/v1/agents/:id', { config: FORGET }, async (request, reply): Promise<ForgottenAnswer> => {
    const accepted = await forgetAgent(region, (request.params as { id: string }).id);
    recordEvent(region, request, accepted);
    reply.status(202).header(CONSISTENCY, tokenOfEvents(region.config.region, [accepted]));
    const { event, replicated } = accepted;
    return { agent_id: event.agentId, forgotten_at: event.timestampMs, replicated };
  });

  server.get('/v1/queues/:id', { config, schema: { querystring: QueueQuery } }, (request, reply) => {
    const { media = 'voice' } = request.query as Static<typeof QueueQuery>;
    const queue = queueNamed(region, (request.params as { id: string }).id);
    const answer = async (): Promise<QueueAnswer> => {
      const { inLine, taken } = await region.queues.size(queue.domain, queue.id, media);
      return { queue: queue.id, domain: queue.domain, media, in_line: inLine, taken, wrap_up: queue.wrapUp };
    };
    return answerAfterWrites(region, request, reply, { answer, path: request.url });
  });
}

/** @throws InvalidRequest */
function cursorIn(text: string): Cursor {
  try {
    return readCursor(text);
  } catch (error) {
    if (!(error instanceof InvalidCursor)) throw error;
    throw new InvalidRequest([{ field: '/cursor', message: error.message }]);
  }
}

/** `billing,spanish:60` asks for the first at any level. @throws InvalidRequest */
export function readSkills(text = '', field = '/skills'): Record<string, number> {
  const parts = text.split(',').filter((each) => each.trim());
  const most = REQUEST_LIMITS.wantedSkills.most;
  if (parts.length > most) throw new InvalidRequest([{ field, message: `may name ${most} skills` }]);
  return Object.fromEntries(
    parts.map((part) => {
      const [name = '', level = '0'] = part.split(':').map((each) => each.trim());
      if (name && /^\d{1,3}$/.test(level) && Number(level) <= 100) return [name, Number(level)];
      const message = `"${part}" is not name or name:level with a level of 0 to 100`;
      throw new InvalidRequest([{ field, message }]);
    }),
  );
}

/** What only says how old the rest is, or how long it lasts, and is another number at every moment. */
const PASSING = new Set(['age_ms', 'confirmed_ms_ago', 'claimed_for_ms', 'digital_claimed_for_ms', 'remaining_ms']);

/**
 * Names what an answer says of an agent, but for ages: weak, as RFC 9110 calls it, since answers of one tag may differ in
 * these. Made of the answer alone, it is the same at every instance.
 */
function etagOf(agent: AgentAnswer): string {
  const text = JSON.stringify(agent, (name, value) => (PASSING.has(name) ? undefined : value));
  return `W/"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
}

/** Whether the caller has what the tag names already, by its `if-none-match`. */
function isKnown(etag: string, ifNoneMatch: string | undefined): boolean {
  const tags = (ifNoneMatch ?? '').split(',').map((each) => each.trim());
  return tags.includes('*') || tags.some((each) => opaque(each) === opaque(etag));
}

const opaque = (tag: string): string => tag.replace(/^W\//, '');
