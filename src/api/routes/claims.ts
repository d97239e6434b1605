import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { readClaimId, type Settlement } from '../../agent/claim.ts';
import { MEDIA } from '../../agent/media.ts';
import type { ClaimRequest } from '../../routing/attempt.ts';
import { ASKED_BY, CONSISTENCY } from '../../routing/peers.ts';
import { getClaim } from '../../routing/settle.ts';
import { tokenOfClaim } from '../../routing/token.ts';
import { claimFor, settleFor } from '../audited.ts';
import { answerAfterWrites } from '../consistency.ts';
import type { ApiContext } from '../server.ts';

const closed = { additionalProperties: false };
const config = { access: 'route:agent', work: 'claim' } as const;
const SETTLEMENT = { access: 'route:agent', work: 'settlement' } as const;
const Name = Type.String({ minLength: 1, maxLength: 200 });

export const Skills = Type.Union([
  Type.Array(Type.String({ minLength: 1, maxLength: 100 }), { maxItems: 20 }),
  Type.Record(Type.String({ minLength: 1, maxLength: 100 }), Type.Integer({ minimum: 0, maximum: 100 }), {
    maxProperties: 20,
  }),
]);

/** Of the interaction that an agent is wanted for. */
export const MediaType = Type.Optional(Type.Enum([...MEDIA]));

const BudgetMs = Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000 }));

const ClaimBody = Type.Object(
  {
    queue: Name,
    call_id: Name,
    media: MediaType,
    skills: Type.Optional(Skills),
    budget_ms: BudgetMs,
    agent_id: Type.Optional(Name),
    explain: Type.Optional(Type.Boolean()),
  },
  closed,
);

const SettleBody = Type.Object({ budget_ms: BudgetMs }, closed);
const ReleaseBody = Type.Object(
  {
    budget_ms: BudgetMs,
    refused: Type.Optional(
      Type.Boolean({ description: 'The platform would not take the call to the agent: it is asked how the agent is.' }),
    ),
  },
  closed,
);

const ClaimId = Type.Object({ id: Type.String({ minLength: 1, maxLength: 420 }) });

/** Claims and their life. Creating one and every settlement may be repeated: the same call gets the same claim. */
export function claimRoutes(server: FastifyInstance, { region }: ApiContext): void {
  server.post('/v1/claims', { config, schema: { body: ClaimBody } }, async (request, reply) => {
    const granted = await claimFor(region, request, readClaim(request, request.body as Static<typeof ClaimBody>));
    reply.status(granted.again ? 200 : 201).header(CONSISTENCY, tokenOfClaim(granted.claim));
    return granted.claim;
  });

  server.get(
    '/v1/claims/:id',
    { config: { access: 'read:agent', work: 'lookup' }, schema: { params: ClaimId } },
    (request, reply) => {
      const id = idOf(request);
      const agentId = readClaimId(id)?.agentId ?? '';
      return answerAfterWrites(region, request, reply, {
        answer: () => getClaim(region, id),
        path: request.url,
        about: { agentId, in: ({ agent }) => agent },
      });
    },
  );

  for (const settlement of ['confirm', 'renew', 'release', 'complete'] satisfies Settlement[]) {
    const body = settlement === 'release' ? ReleaseBody : SettleBody;
    const schema = { params: ClaimId, body: Type.Optional(Type.Union([Type.Null(), body])) };
    server.post(`/v1/claims/:id/${settlement}`, { config: SETTLEMENT, schema }, async (request, reply) => {
      const { budget_ms, refused } = (request.body ?? {}) as Static<typeof ReleaseBody>;
      const settled = await settleFor(region, request, idOf(request), refused ? 'refused' : settlement, budget_ms);
      reply.header(CONSISTENCY, tokenOfClaim(settled));
      return settled;
    });
  }

  function readClaim(request: FastifyRequest, body: Static<typeof ClaimBody>): ClaimRequest {
    const askedBy = request.headers[ASKED_BY];
    return {
      queue: body.queue,
      callId: body.call_id,
      media: body.media ?? 'voice',
      skills: requiredSkills(body.skills),
      budgetMs: body.budget_ms ?? region.config.claims.budgetMs,
      explain: body.explain ?? typeof askedBy === 'string',
      ...(body.agent_id && { agentId: body.agent_id }),
      ...(typeof askedBy === 'string' && { askedBy }),
    };
  }
}

/** `["billing"]` asks for the skill at any level, `{"billing": 60}` for at least that one. */
export function requiredSkills(skills: Static<typeof Skills> | undefined): Record<string, number> {
  return Array.isArray(skills) ? Object.fromEntries(skills.map((name) => [name, 0])) : (skills ?? {});
}

const idOf = (request: FastifyRequest): string => (request.params as { id: string }).id;
