import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import type { Settlement } from '../../agent/claim.ts';
import { ClaimAnswer, ClaimBody, ClaimPath, ReleaseBody, SettleBody } from '../../contract/claims.ts';
import type { Skills } from '../../contract/fields.ts';
import type { ClaimRequest } from '../../routing/claims/grant.ts';
import { getClaim } from '../../routing/claims/settle.ts';
import { tokenOfClaim } from '../../routing/consistency/token.ts';
import { CONSISTENCY } from '../../routing/peers/peers.ts';
import { provenClaim, type Region } from '../../routing/region.ts';
import { askedByOf, claimFor, demandProof, settleFor } from '../hooks/access.ts';
import { answerAfterWrites } from '../hooks/consistency.ts';
import { InvalidRequest } from '../problems/failures.ts';
import { AFTER_WRITES, IN_BODY, KEYED, type Operation, operation, REPLAYED } from './operation.ts';

const TOKEN = ['muster-consistency', ...REPLAYED] as const;
const KEY = ['idempotency-key'] as const;
const SETTLED = {
  200: { description: 'The claim after the settlement.', schema: ClaimAnswer, headers: TOKEN },
} as const;
/** The members that all settlements have in common. */
const SETTLEMENT = {
  method: 'POST',
  tag: 'Claims',
  access: 'route:agent',
  work: 'settlement',
  repeatable: 'settling twice is harmless.',
  params: ClaimPath,
  validatesPath: true,
  headers: KEY,
  answers: SETTLED,
} as const;
const PROBLEMS = [
  ...IN_BODY,
  'unknown_claim',
  'fence_superseded',
  'not_replicated',
  'not_home',
  'home_disputed',
  'home_unreachable',
  'outcome_unknown',
  ...KEYED,
] as const;
/** The body may be missing, an empty object, or an object with fields. */
const SETTLE = { schema: Type.Union([Type.Null(), SettleBody]), isOptional: true } as const;
const RELEASE = { schema: Type.Union([Type.Null(), ReleaseBody]), isOptional: true } as const;

export const claimOperations = {
  createClaim: operation({
    method: 'POST',
    path: '/v1/claims',
    tag: 'Claims',
    access: 'route:agent',
    work: 'claim',
    summary: 'Claim the best agent of a queue for a call',
    description:
      'The agent is held for this call only, in every region, until the claim is settled or lapses. The decision is always made ' +
      "by the agent's home, whichever region is asked.",
    repeatable: 'the same call with the same claim request gets the same claim while it lives.',
    headers: KEY,
    body: { schema: ClaimBody },
    answers: {
      201: { description: 'An agent was claimed.', schema: ClaimAnswer, headers: TOKEN },
      200: { description: 'The call has this claim already.', schema: ClaimAnswer, headers: TOKEN },
    },
    problems: [
      ...IN_BODY,
      'unknown_queue',
      'no_agent_available',
      'call_has_claim',
      'not_assigned',
      'platform_unavailable',
      'not_replicated',
      'not_home',
      'home_disputed',
      ...KEYED,
    ],
    handler: async (request, reply) => {
      const { region } = request.server.context;
      const granted = await claimFor(region, request, readClaim(region, request.body, askedByOf(request)));
      reply.status(granted.again ? 200 : 201).header(CONSISTENCY, tokenOfClaim(granted.claim));
      return { ...granted.claim, ...(granted.delivered && { delivered: granted.delivered }) };
    },
  }),
  getClaim: operation({
    method: 'GET',
    path: '/v1/claims/{id}',
    tag: 'Claims',
    access: 'read:agent',
    work: 'lookup',
    summary: 'Get a claim, as this region knows it',
    repeatable: 'it changes nothing.',
    params: ClaimPath,
    validatesPath: true,
    headers: ['muster-consistency'],
    answers: { 200: { description: 'The claim.', schema: ClaimAnswer, headers: ['muster-answered-by'] } },
    problems: [...AFTER_WRITES, 'unknown_claim'],
    handler: async (request, reply) => {
      const { region } = request.server.context;
      const { id } = request.params;
      const { agentId } = provenClaim(region, id);
      return answerAfterWrites(region, request, reply, {
        answer: () => getClaim(region, id),
        path: request.url,
        about: { agentId, in: ({ agent }) => agent },
      });
    },
  }),
  confirmClaim: operation({
    ...SETTLEMENT,
    path: '/v1/claims/{id}/confirm',
    summary: 'Confirm that the call is connected to the agent',
    description:
      'A confirmed claim holds its agent until the interaction ends, at most for `claims.confirmedMs` without a renewal.',
    body: SETTLE,
    problems: [...PROBLEMS, 'claim_ended'],
    onRequest: (request) => demandProof(request.server.context.region, request, request.params.id, 'confirm'),
    handler: (request, reply) => settleClaim(request, reply, 'confirm'),
  }),
  renewClaim: operation({
    ...SETTLEMENT,
    path: '/v1/claims/{id}/renew',
    summary: 'Hold the agent longer',
    body: SETTLE,
    problems: [...PROBLEMS, 'claim_ended'],
    onRequest: (request) => demandProof(request.server.context.region, request, request.params.id, 'renew'),
    handler: (request, reply) => settleClaim(request, reply, 'renew'),
  }),
  releaseClaim: operation({
    ...SETTLEMENT,
    path: '/v1/claims/{id}/release',
    summary: 'Release the agent, who keeps the queue position',
    body: RELEASE,
    problems: PROBLEMS,
    onRequest: (request) => demandProof(request.server.context.region, request, request.params.id, 'release'),
    handler: (request, reply) => settleClaim(request, reply, request.body?.refused ? 'refused' : 'release'),
  }),
  completeClaim: operation({
    ...SETTLEMENT,
    path: '/v1/claims/{id}/complete',
    summary: 'Report that the interaction is over',
    description: "The agent goes to the end of the queue, after the queue's wrap-up.",
    body: SETTLE,
    problems: PROBLEMS,
    onRequest: (request) => demandProof(request.server.context.region, request, request.params.id, 'complete'),
    handler: (request, reply) => settleClaim(request, reply, 'complete'),
  }),
} as const satisfies Record<string, Operation>;

type SettleRequest = FastifyRequest<{
  Params: Static<typeof ClaimPath>;
  Body: Static<typeof SETTLE.schema> | undefined;
}>;

async function settleClaim(request: SettleRequest, reply: FastifyReply, settlement: Settlement): Promise<ClaimAnswer> {
  const settled = await settleFor(
    request.server.context.region,
    request,
    request.params.id,
    settlement,
    request.body?.budget_ms,
  );
  reply.header(CONSISTENCY, tokenOfClaim(settled));
  return settled;
}

/** @throws InvalidRequest */
function readClaim({ config }: Region, body: ClaimBody, askedBy: string | undefined): ClaimRequest {
  if (body.proposes !== undefined && askedBy === undefined) {
    throw new InvalidRequest([{ field: '/proposes', message: 'is for other regions; use agent_id' }]);
  }
  return {
    queue: body.queue,
    callId: body.call_id,
    media: body.media ?? 'voice',
    skills: requiredSkills(body.skills),
    budgetMs: body.budget_ms ?? config.claims.budgetMs,
    maxAgeMs: body.max_age_ms,
    explain: body.explain ?? askedBy !== undefined,
    ...(body.agent_id && { agentId: body.agent_id }),
    ...(body.deliver && { deliver: body.deliver }),
    ...(body.proposes && { proposes: body.proposes }),
    ...(askedBy !== undefined && { askedBy }),
  };
}

/** Reads required skills from JSON: `["billing"]` requires the skill at any level, `{"billing": 60}` at 60 or more. */
export function requiredSkills(skills: Static<typeof Skills> | undefined): Record<string, number> {
  return Array.isArray(skills) ? Object.fromEntries(skills.map((name) => [name, 0])) : (skills ?? {});
}
