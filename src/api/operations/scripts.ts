import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import type { RequiredSkills } from '../../agent/facets.ts';
import { wrongFields } from '../../agent/fields.ts';
import { connectionNameOf } from '../../config/topology.ts';
import type { ClaimAnswer } from '../../contract/claims.ts';
import { MOST_MS } from '../../contract/fields.ts';
import { LONGEST_MS, RouteAnswer, RouteFields, RouteQuery, SettleAnswer, SettleFields } from '../../contract/route.ts';
import { textOf } from '../../ops/utf8.ts';
import { claimOfAgent, claimOfCall } from '../../routing/claims/claim-of.ts';
import type { Delivered } from '../../routing/claims/deliver.ts';
import { tokenOfClaim } from '../../routing/consistency/token.ts';
import { CONSISTENCY } from '../../routing/peers/peers.ts';
import { Refusal, type RefusalCode } from '../../routing/refusal.ts';
import type { Region } from '../../routing/region.ts';
import type { Tally } from '../../store/queues.ts';
import { ShardUnavailable } from '../../store/store.ts';
import { NotReplicated } from '../../store/written.ts';
import { claimFor, demandProof, settleFor } from '../hooks/access.ts';
import { notUtf8, wrongPairs } from '../hooks/admission.ts';
import { InvalidRequest } from '../problems/failures.ts';
import { readSkills } from './agents.ts';
import { requiredSkills } from './claims.ts';
import { FORM_TYPE, IN_BODY, JSON_TYPE, type Operation, operation } from './operation.ts';

/** How long a script's settlement waits for a shard or a home, unless `budget_ms` says, in ms. */
const SETTLE_MS = 1000;
/** Shortest time until a repetition may help after an outage, in ms. */
const AWAY_MS = 1000;

const TOKEN = ['muster-consistency'] as const;
const TYPES = [JSON_TYPE, FORM_TYPE] as const;
const FORGIVING =
  'Fields may be in the query, in JSON, or in a form. Empty fields count as left out; numbers may be text, and text may be ' +
  'numbers. An outcome that may change by itself is a 200 with a `reason`; a problem is a mistake in the script.';

/**
 * The members that all operations for scripts have in common. Scripts on platforms branch on fields, not on statuses. A platform
 * retries and counts failed requests, and stops sending after many of them. So an outcome that can change by itself is a 200
 * with a `reason`; only a mistake in the script, or a defect in Muster, is a problem.
 */
const SCRIPT = {
  tag: 'Scripts',
  access: 'route:agent',
  validatedBy: 'handler',
  always: ['cache-control'],
  // A HEAD request would claim or settle, too.
  noHead: true,
  onRequest: (_request: FastifyRequest, reply: FastifyReply) => void reply.header('cache-control', 'no-store'),
} as const;
const ROUTE = {
  ...SCRIPT,
  path: '/v1/route',
  work: 'claim',
  description: FORGIVING,
  repeatable: 'the same call gets the same claim while it lives.',
  answers: { 200: { description: 'An agent, or the reason why there is none.', schema: RouteAnswer, headers: TOKEN } },
  handler: (request: FastifyRequest, reply: FastifyReply) =>
    claimByScript(request.server.context.region, request, readRoute(request), reply),
} as const;
const SETTLE = {
  ...SCRIPT,
  path: '/v1/route/settle',
  work: 'settlement',
  description: `By the id of the claim, or of its call. ${FORGIVING}`,
  repeatable: 'settling twice is harmless.',
  answers: {
    200: {
      description: 'The settled claim, or the reason why it was not settled.',
      schema: SettleAnswer,
      headers: TOKEN,
    },
  },
  handler: (request: FastifyRequest, reply: FastifyReply) =>
    settleByScript(request.server.context.region, request, readSettle(request), reply),
} as const;

export const scriptOperations = {
  routeCall: operation({
    ...ROUTE,
    method: 'POST',
    summary: 'Claim an agent for a call, from a script',
    body: { schema: RouteFields, types: TYPES, parsers: acceptForms },
    problems: [...IN_BODY, 'unknown_queue'],
  }),
  routeCallByQuery: operation({
    ...ROUTE,
    method: 'GET',
    summary: 'Claim an agent for a call, from a script that can only GET',
    query: RouteQuery,
    problems: ['invalid_request', 'unknown_queue'],
  }),
  settleCall: operation({
    ...SETTLE,
    method: 'POST',
    summary: 'Settle a claim, from a script',
    body: { schema: SettleFields, types: TYPES, parsers: acceptForms },
    problems: [...IN_BODY, 'unknown_queue'],
  }),
  settleCallByQuery: operation({
    ...SETTLE,
    method: 'GET',
    summary: 'Settle a claim, from a script that can only GET',
    query: SettleFields,
    problems: ['invalid_request', 'unknown_queue'],
  }),
} as const satisfies Record<string, Operation>;

/** Parses forms, and JSON that is declared as a form because a script kept its default header. */
function acceptForms(scope: FastifyInstance): void {
  scope.addContentTypeParser(FORM_TYPE, { parseAs: 'buffer' }, async (_request: FastifyRequest, bytes: Buffer) => {
    const text = textOf(bytes);
    if (text === undefined) throw notUtf8();
    if (!text.trimStart().startsWith('{')) return readForm(text);
    try {
      return JSON.parse(text);
    } catch (error) {
      throw Object.assign(error as SyntaxError, { statusCode: 400 });
    }
  });
}

/** @throws InvalidRequest */
function readForm(text: string): Record<string, string> {
  const wrong = wrongPairs(text);
  if (wrong.length > 0) throw new InvalidRequest(wrong);
  return Object.fromEntries(new URLSearchParams(text));
}

/**
 * Creates a reader for the fields of a script's request, from its query and its body. Scripts often cannot leave a field out or
 * send numbers: an empty field counts as left out, numbers may be text, and text may be numbers.
 * @throws InvalidRequest
 */
function fieldsReader<S extends TSchema>(schema: S): (request: FastifyRequest) => Static<S> {
  const checker = Compile(schema);
  return ({ query, body }) => {
    if (Array.isArray(body) || (body !== undefined && typeof body !== 'object')) {
      throw new InvalidRequest([{ field: '/', message: 'must be an object' }]);
    }
    const given = Object.entries({ ...(query as object), ...body }).filter(
      ([, value]) => value !== '' && value !== null,
    );
    const fields = Value.Convert(schema, Object.fromEntries(given)) as Record<string, unknown>;
    // The conversion cuts fractions off. An age of 0.5 must not become 0, which means something else.
    for (const [name, value] of given) if (EXACT.has(name) && Number(value) !== fields[name]) fields[name] = value;
    if (checker.Check(fields)) return fields;
    throw new InvalidRequest(wrongFields([...checker.Errors(fields)]));
  };
}

/** Fields that are not rounded. */
const EXACT = new Set(['max_age_ms']);

const readRoute = fieldsReader(RouteFields);
const readSettle = fieldsReader(SettleFields);

async function claimByScript(
  region: Region,
  request: FastifyRequest,
  fields: RouteFields,
  reply: FastifyReply,
): Promise<RouteAnswer> {
  const { queue, call_id, media = 'voice', deliver, budget_ms, max_age_ms } = fields;
  const budgetMs = budget_ms ?? Math.min(region.config.claims.budgetMs, LONGEST_MS);
  const asked = {
    queue,
    callId: call_id,
    media,
    skills: skillsOf(fields),
    budgetMs,
    maxAgeMs: max_age_ms,
    explain: false,
    ...(deliver && { deliver }),
  };
  try {
    const granted = await claimFor(region, request, asked);
    reply.header(CONSISTENCY, tokenOfClaim(granted.claim));
    return found(region, granted);
  } catch (error) {
    const { reason, detail, claim, ageMs, awayMs, retryAfterMs } = ofTheMoment(error);
    // Retries get a slot for every reason, e.g. while a shard is down, so that they do not come all at once.
    const againMs = retryAfterMs ?? region.retrySlots.after(call_id, awayMs);
    const had = { queue: claim?.queue ?? queue, agent_id: claim?.agent_id ?? '', claim_id: claim?.claim_id ?? '' };
    return { found: false, reason, detail, retry_after_ms: againMs, age_ms: flatAge(ageMs), ...had };
  }
}

/** A language is a skill at any level, unless `skills` requires a level of it. */
function skillsOf({ skills, language }: RouteFields): RequiredSkills {
  const wanted = typeof skills === 'string' ? readSkills(skills) : requiredSkills(skills);
  return language === undefined ? wanted : { [language]: 0, ...wanted };
}

function found({ config }: Region, { claim, delivered }: Delivered): RouteAnswer {
  const { agent_id, claim_id, queue, expires_in_ms, replicated = false, age_ms, authority } = claim;
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
    age_ms: flatAge(age_ms),
    authority: authority.mode,
    delivered: delivered ?? '',
    verified: authority.mode === 'verified',
  };
}

/** An age as scripts can declare it: a number in any case, and greater than any limit if it is not known. */
const flatAge = (ageMs: number | null): number => Math.min(ageMs ?? MOST_MS, MOST_MS);

async function settleByScript(
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
  const message = 'is required with agent_id: another call may have the agent by now';
  throw new InvalidRequest([{ field: '/call_id', message }]);
}

/** An outcome that may be different when the request is repeated. */
interface Moment {
  reason: string;
  detail: string;
  /** Age of the oldest word that the outcome rests on, in ms; null if it is unknown, 0 if it rests on none. */
  ageMs: number | null;
  /** Shortest time until a repetition may help, in ms. */
  awayMs: number;
  /** When the call should ask again, in ms, if routing decided it. */
  retryAfterMs?: number;
  /** The claim that the call has already. */
  claim?: ClaimAnswer;
}

/** Turns an error that may not occur again into the reason for a 200 answer. @throws the error, if it is another one */
function ofTheMoment(error: unknown): Moment {
  if (error instanceof NotReplicated) {
    return { reason: 'not_replicated', detail: error.message, ageMs: 0, awayMs: AWAY_MS };
  }
  if (error instanceof ShardUnavailable) {
    return { reason: 'shard_unavailable', detail: error.message, ageMs: 0, awayMs: error.retryAfterMs };
  }
  if (!(error instanceof Refusal) || MISTAKES.has(error.code)) throw error;
  const detail = error.passedOver ? `${error.message}: ${inWords(error.passedOver)}` : error.message;
  const { claim, retryAfterMs } = error;
  const { ageMs = claim === undefined ? 0 : claim.age_ms } = error;
  const more = { ...(claim && { claim }), ...(retryAfterMs !== undefined && { retryAfterMs }) };
  return { reason: error.code, detail, ageMs, awayMs: AWAY_MS, ...more };
}

/** Refusals that are mistakes in the script. They are answered with a problem, so that its author notices them. */
const MISTAKES = new Set<RefusalCode>(['unknown_queue']);

/** Scan counts as text: `4 seen, 3 busy, 1 skill`. */
function inWords(tally: Tally): string {
  return Object.entries(tally)
    .map(([why, count]) => `${count} ${why}`)
    .join(', ');
}
