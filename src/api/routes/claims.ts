import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import type { Settlement } from '../../agent/claim.ts';
import { ClaimBody, ClaimPath, ReleaseBody, SettleBody } from '../../contract/claims.ts';
import type { Skills } from '../../contract/fields.ts';
import type { ClaimRequest } from '../../routing/claims/grant.ts';
import { getClaim } from '../../routing/claims/settle.ts';
import { tokenOfClaim } from '../../routing/consistency/token.ts';
import { CONSISTENCY } from '../../routing/peers/peers.ts';
import { provenClaim } from '../../routing/region.ts';
import type { ApiContext } from '../context.ts';
import { askedByOf } from '../hooks/access.ts';
import { claimFor, demandProof, settleFor } from '../hooks/audited.ts';
import { answerAfterWrites } from '../hooks/consistency.ts';
import { InvalidRequest } from '../problems/failures.ts';

const config = { access: 'route:agent', work: 'claim', keyed: true } as const;
const SETTLEMENT = { access: 'route:agent', work: 'settlement', keyed: true } as const;

/** Claims and their life. Creating one and every settlement may be repeated: the same call gets the same claim. */
export function claimRoutes(server: FastifyInstance, { region }: ApiContext): void {
  server.post('/v1/claims', { config, schema: { body: ClaimBody } }, async (request, reply) => {
    const granted = await claimFor(region, request, readClaim(request, request.body as ClaimBody));
    reply.status(granted.again ? 200 : 201).header(CONSISTENCY, tokenOfClaim(granted.claim));
    return { ...granted.claim, ...(granted.delivered && { delivered: granted.delivered }) };
  });

  server.get(
    '/v1/claims/:id',
    { config: { access: 'read:agent', work: 'lookup' }, schema: { params: ClaimPath } },
    async (request, reply) => {
      const id = idOf(request);
      const { agentId } = provenClaim(region, id);
      return answerAfterWrites(region, request, reply, {
        answer: () => getClaim(region, id),
        path: request.url,
        about: { agentId, in: ({ agent }) => agent },
      });
    },
  );

  for (const settlement of ['confirm', 'renew', 'release', 'complete'] satisfies Settlement[]) {
    const body = settlement === 'release' ? ReleaseBody : SettleBody;
    const schema = { params: ClaimPath, body: Type.Optional(Type.Union([Type.Null(), body])) };
    // Before answers that are kept are looked for: an id that proves nothing costs the store nothing.
    const onRequest = async (request: FastifyRequest) => demandProof(region, request, idOf(request), settlement);
    server.post(`/v1/claims/:id/${settlement}`, { config: SETTLEMENT, schema, onRequest }, async (request, reply) => {
      const { budget_ms, refused } = (request.body ?? {}) as ReleaseBody;
      const settled = await settleFor(region, request, idOf(request), refused ? 'refused' : settlement, budget_ms);
      reply.header(CONSISTENCY, tokenOfClaim(settled));
      return settled;
    });
  }

  function readClaim(request: FastifyRequest, body: ClaimBody): ClaimRequest {
    const askedBy = askedByOf(request);
    if (body.proposes !== undefined && askedBy === undefined) {
      throw new InvalidRequest([{ field: '/proposes', message: `is for other regions; name the agent in agent_id` }]);
    }
    return {
      queue: body.queue,
      callId: body.call_id,
      media: body.media ?? 'voice',
      skills: requiredSkills(body.skills),
      budgetMs: body.budget_ms ?? region.config.claims.budgetMs,
      explain: body.explain ?? askedBy !== undefined,
      ...(body.agent_id && { agentId: body.agent_id }),
      ...(body.deliver && { deliver: body.deliver }),
      ...(body.proposes && { proposes: body.proposes }),
      ...(askedBy !== undefined && { askedBy }),
    };
  }
}

/** `["billing"]` asks for the skill at any level, `{"billing": 60}` for at least that one. */
export function requiredSkills(skills: Static<typeof Skills> | undefined): Record<string, number> {
  return Array.isArray(skills) ? Object.fromEntries(skills.map((name) => [name, 0])) : (skills ?? {});
}

const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id;
