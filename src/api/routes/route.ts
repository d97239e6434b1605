import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RequiredSkills } from '../../agent/ranking.ts';
import { connectionNameOf } from '../../config/topology.ts';
import type { ClaimAnswer } from '../../contract/claims.ts';
import { LONGEST_MS, type RouteAnswer, RouteFields, type SettleAnswer, SettleFields } from '../../contract/route.ts';
import { claimOfAgent, claimOfCall } from '../../routing/claims/claim-of.ts';
import type { Delivered } from '../../routing/claims/deliver.ts';
import { tokenOfClaim } from '../../routing/consistency/token.ts';
import { CONSISTENCY } from '../../routing/peers/peers.ts';
import { Refusal, type RefusalCode } from '../../routing/refusal.ts';
import type { Region } from '../../routing/region.ts';
import type { Tally } from '../../store/queues.ts';
import { ShardUnavailable } from '../../store/store.ts';
import { NotReplicated } from '../../store/written.ts';
import type { ApiContext } from '../context.ts';
import { claimFor, demandProof, settleFor } from '../hooks/audited.ts';
import { acceptForms, fieldsReader } from '../hooks/forms.ts';
import { InvalidRequest } from '../problems/failures.ts';
import { readSkills } from './agents.ts';
import { requiredSkills } from './claims.ts';

const config = { access: 'route:agent', work: 'claim' } as const;
const SETTLEMENT = { access: 'route:agent', work: 'settlement' } as const;
/** How long a script's settlement waits for a shard or a home, unless it says, in ms. */
const SETTLE_MS = 1000;
/** The soonest that asking again may help where something was away, in ms. */
const AWAY_MS = 1000;

/**
 * Claiming and settling for the scripts of platforms, which branch on fields and not on statuses, and whose failures
 * are retried, counted, and after many of them answered with no calls at all. So whatever depends on the moment is a
 * 200 that says so; a problem is only what its author has to put right, and what no author can: a defect.
 */
export function routeRoutes(server: FastifyInstance, { region }: ApiContext): void {
  const readRoute = fieldsReader(RouteFields);
  const readSettle = fieldsReader(SettleFields);
  server.register(async (scope) => {
    acceptForms(scope);
    scope.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'));
    scope.route({
      method: ['GET', 'POST'],
      exposeHeadRoute: false,
      config,
      url: '/v1/route',
      handler: (request, reply) => route(region, request, readRoute(request), reply),
    });
    scope.route({
      method: ['GET', 'POST'],
      exposeHeadRoute: false,
      config: SETTLEMENT,
      url: '/v1/route/settle',
      handler: (request, reply) => settleMeant(region, request, readSettle(request), reply),
    });
  });
}

async function route(
  region: Region,
  request: FastifyRequest,
  fields: RouteFields,
  reply: FastifyReply,
): Promise<RouteAnswer> {
  const { queue, call_id, media = 'voice', deliver, budget_ms } = fields;
  const budgetMs = budget_ms ?? Math.min(region.config.claims.budgetMs, LONGEST_MS);
  const asked = {
    queue,
    callId: call_id,
    media,
    skills: skillsOf(fields),
    budgetMs,
    explain: false,
    ...(deliver && { deliver }),
  };
  try {
    const granted = await claimFor(region, request, asked);
    reply.header(CONSISTENCY, tokenOfClaim(granted.claim));
    return found(region, granted);
  } catch (error) {
    const { reason, detail, claim, awayMs, retryAfterMs } = ofTheMoment(error);
    // Flows that wait do so for whatever reason: while a shard is away they are bounded, too.
    const againMs = retryAfterMs ?? region.turns.after(call_id, awayMs);
    const had = { queue: claim?.queue ?? queue, agent_id: claim?.agent_id ?? '', claim_id: claim?.claim_id ?? '' };
    return { found: false, reason, detail, retry_after_ms: againMs, ...had };
  }
}

/** A language is a skill like any other: a level that is asked for beside it stands. */
function skillsOf({ skills, language }: RouteFields): RequiredSkills {
  const wanted = typeof skills === 'string' ? readSkills(skills) : requiredSkills(skills);
  return language === undefined ? wanted : { [language]: 0, ...wanted };
}

function found({ config }: Region, { claim, delivered }: Delivered): RouteAnswer {
  const { agent_id, claim_id, queue, expires_in_ms, replicated = false, authority } = claim;
  const connection = connectionNameOf(config, agent_id) ?? '';
  return {
    found: true,
    agent_id,
    connection,
    user_id: connection === '' ? agent_id : agent_id.slice(connection.length + 1),
    claim_id,
    expires_in_ms,
    replicated,
    queue,
    authority: authority.mode,
    delivered: delivered ?? '',
    verified: authority.mode === 'verified',
  };
}

async function settleMeant(
  region: Region,
  request: FastifyRequest,
  fields: SettleFields,
  reply: FastifyReply,
): Promise<SettleAnswer> {
  try {
    if (fields.claim_id !== undefined) demandProof(region, request, fields.claim_id, fields.settlement);
    const settled = await settleFor(
      region,
      request,
      await claimMeant(region, fields),
      fields.settlement,
      fields.budget_ms ?? SETTLE_MS,
    );
    reply.header(CONSISTENCY, tokenOfClaim(settled));
    const { state, claim_id, expires_in_ms } = settled;
    return { done: true, state, claim_id, expires_in_ms };
  } catch (error) {
    const { reason, detail } = ofTheMoment(error);
    return { done: false, reason, detail };
  }
}

/** @throws InvalidRequest, and as `claimOfCall` */
async function claimMeant(region: Region, fields: SettleFields): Promise<string> {
  const { claim_id, call_id, agent_id, queue } = fields;
  if (claim_id !== undefined) return claim_id;
  if (agent_id !== undefined && call_id !== undefined) return claimOfAgent(region, agent_id, call_id);
  if (call_id !== undefined) return claimOfCall(region, call_id, queue);
  if (agent_id === undefined) throw new InvalidRequest([{ field: '/claim_id', message: 'is required, or call_id' }]);
  const message = "is required beside agent_id: the agent may be another call's by now";
  throw new InvalidRequest([{ field: '/call_id', message }]);
}

interface Moment {
  reason: string;
  detail: string;
  /** The soonest that asking again may help, in ms. */
  awayMs: number;
  /** When the call is to ask again, in ms, where that was decided. */
  retryAfterMs?: number;
  /** The claim that the call has. */
  claim?: ClaimAnswer;
}

/** What would be a problem for other callers and may be gone the next time, in words. @throws everything else */
function ofTheMoment(error: unknown): Moment {
  if (error instanceof NotReplicated) {
    return { reason: 'not_replicated', detail: error.message, awayMs: AWAY_MS };
  }
  if (error instanceof ShardUnavailable) {
    return { reason: 'shard_unavailable', detail: error.message, awayMs: error.retryAfterMs };
  }
  if (!(error instanceof Refusal) || MISTAKES.has(error.code)) throw error;
  const detail = error.passedOver ? `${error.message}: ${inWords(error.passedOver)}` : error.message;
  const { claim, retryAfterMs } = error;
  const more = { ...(claim && { claim }), ...(retryAfterMs !== undefined && { retryAfterMs }) };
  return { reason: error.code, detail, awayMs: AWAY_MS, ...more };
}

/** Wrong today, tomorrow and in every region: the author of the script must see it. */
const MISTAKES = new Set<RefusalCode>(['unknown_queue']);

/** `4 seen, 3 busy, 1 skill` */
function inWords(tally: Tally): string {
  return Object.entries(tally)
    .map(([why, count]) => `${count} ${why}`)
    .join(', ');
}
