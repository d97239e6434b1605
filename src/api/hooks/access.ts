import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Settlement } from '../../agent/claim.ts';
import { isReserved, RESERVED } from '../../agent/facets.ts';
import { KeysUnavailable } from '../../auth/key-source.ts';
import { ANYBODY, type Caller, InvalidBearer, may, type Tokens } from '../../auth/tokens.ts';
import type { ClaimAnswer } from '../../contract/claims.ts';
import type { Audit, AuditRecord, Who } from '../../ops/audit.ts';
import type { Metrics } from '../../ops/metrics.ts';
import type { PushConfig } from '../../platforms/push-settings.ts';
import { claim } from '../../routing/claims/claim.ts';
import { claimAndDeliver, type Delivered } from '../../routing/claims/deliver.ts';
import type { ClaimRequest } from '../../routing/claims/grant.ts';
import { settle } from '../../routing/claims/settle.ts';
import { ASKED_BY } from '../../routing/peers/peers.ts';
import { Refusal } from '../../routing/refusal.ts';
import { provenClaim, type Region } from '../../routing/region.ts';
import { NotReplicated } from '../../store/written.ts';
import type { Accepted } from '../../sync/flow/ingest.ts';
import type { Access } from '../operations/operation.ts';
import { InvalidRequest, TooManyRequests } from '../problems/failures.ts';
import { sendProblem } from '../problems/send-problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The authenticated caller; null before authentication, and if the route needs no token. */
    caller: Caller | null;
  }
}

interface GuardOptions {
  /** Verifies tokens; undefined: callers are not authenticated. */
  tokens: Tokens | undefined;
  audit: Audit;
  metrics: Pick<Metrics, 'authentications'>;
}

const REALM = 'Bearer realm="muster"';
const RETRY_MS = 5000;

/**
 * Authenticates and authorizes every request by its operation's `access`, before the body is read. Call it before routes are
 * added: it checks each of them.
 * @throws Error when a route without an operation is added
 */
export function guard(server: FastifyInstance, options: GuardOptions): void {
  server.decorateRequest('caller', null);
  server.addHook('onRoute', ({ method, url, config }) => {
    if (!config?.operation) throw new Error(`the route ${method} ${url} has no operation, so no access is defined`);
  });
  server.addHook('onRequest', (request, reply) => admit(request, reply, options));
}

/** Sets the caller of a request, or answers it with a problem. */
async function admit(request: FastifyRequest, reply: FastifyReply, options: GuardOptions): Promise<unknown> {
  const needed = neededFor(request);
  if (request.is404 || needed === 'open' || needed === 'platform') return;
  const { tokens, metrics } = options;
  if (!tokens) {
    request.caller = ANYBODY;
    return;
  }
  const caller = await identify(request, reply, tokens, metrics);
  if (!caller) return reply;
  request.caller = caller;
  if (!isAllowed(caller, needed, request.headers[ASKED_BY])) return deny(request, reply, needed, options);
  metrics.authentications.inc({ outcome: 'accepted' });
  return;
}

/** The access that a request needs, which can depend on its query. */
function neededFor({ routeOptions: { config }, query }: FastifyRequest): Access {
  const { access = 'region', accessWith = {} } = config.operation ?? {};
  const found = Object.entries(accessWith).find(([parameter]) => Object.hasOwn(query as object, parameter));
  return found?.[1] ?? access;
}

/** Whether the caller has the access. A request with `muster-asked-by` is accepted from the named region only. */
function isAllowed(caller: Caller, needed: Exclude<Access, 'open' | 'platform'>, askedBy: unknown): boolean {
  const isRegion = caller.kind === 'region';
  if (askedBy !== undefined && !(isRegion && caller.region === askedBy)) return false;
  return needed === 'region' ? isRegion : may(caller, needed);
}

/** Identifies the caller by the bearer token. Undefined: the request has been answered with a problem. */
async function identify(
  request: FastifyRequest,
  reply: FastifyReply,
  tokens: Tokens,
  metrics: GuardOptions['metrics'],
): Promise<Caller | undefined> {
  const [, token] = /^bearer +([^ ]+) *$/i.exec(request.headers.authorization ?? '') ?? [];
  const reject = (outcome: string, challenge: string, detail: string): undefined => {
    metrics.authentications.inc({ outcome });
    sendProblem(reply.header('www-authenticate', challenge), 'unauthenticated', { detail });
  };
  if (token === undefined) return reject('missing', REALM, 'the request has no bearer token in `authorization`');
  try {
    return await tokens.callerOf(token);
  } catch (error) {
    if (error instanceof InvalidBearer) {
      const challenge = `${REALM}, error="invalid_token", error_description="${error.message}"`;
      return reject(error.fault, challenge, error.message);
    }
    if (!(error instanceof KeysUnavailable)) throw error;
    metrics.authentications.inc({ outcome: 'unavailable' });
    sendProblem(reply, 'keys_unavailable', { detail: error.message, retryAfterMs: RETRY_MS });
    return undefined;
  }
}

/** Answers a caller that lacks a scope, or is not the region that it claims to be, and adds the denial to the audit. */
function deny(
  request: FastifyRequest,
  reply: FastifyReply,
  needed: Exclude<Access, 'open' | 'platform'>,
  { audit, metrics }: GuardOptions,
): FastifyReply {
  const isScope = needed !== 'region' && request.caller !== null && !may(request.caller, needed);
  const code = isScope ? 'insufficient_scope' : 'not_that_region';
  metrics.authentications.inc({ outcome: isScope ? 'scope' : 'region' });
  audit.record({ op: 'denied', who: whoSent(request), outcome: code, request: request.id, route: routeOf(request) });
  if (!isScope) return sendProblem(reply, code, { detail: 'the token is not from the region that sent the request' });
  const challenge = `${REALM}, error="insufficient_scope", error_description="${needed} is needed", scope="${needed}"`;
  return sendProblem(reply.header('www-authenticate', challenge), code, {
    detail: `the token does not grant ${needed}`,
    more: { scope: needed },
  });
}

/** The sender of a request, for the audit. */
export function whoSent({ caller }: FastifyRequest): Who {
  if (caller?.kind === 'region') return { region: caller.region };
  if (caller?.kind !== 'client') return { anybody: true };
  const { issuer, subject, client } = caller;
  return { issuer, ...(subject !== undefined && { subject }), ...(client !== undefined && { client }) };
}

/** The region that asks on behalf of its own caller; undefined for other callers. */
export function askedByOf({ headers }: FastifyRequest): string | undefined {
  const region = headers[ASKED_BY];
  return typeof region === 'string' ? region : undefined;
}

/** Method and path, without the query. */
const routeOf = ({ method, url }: FastifyRequest): string => `${method} ${url.split('?', 1)[0]}`;

/** Header with the signature of a push: `sha256=` and the HMAC of the body's bytes, in hex or base64. */
export const SIGNATURE = 'x-muster-signature';
const SCHEME = /^sha256=/i;
const HEX = /^[0-9a-f]{64}$/i;

/**
 * Whether the sender of a push knows the secret. Compares in constant time.
 * @param body the bytes as received
 */
export function isAuthentic({ scheme, secret }: PushConfig, headers: IncomingHttpHeaders, body: Buffer): boolean {
  return scheme === 'bearer' ? isBearer(secret, headers.authorization) : isSigned(secret, headers[SIGNATURE], body);
}

function isBearer(secret: string, authorization = ''): boolean {
  const [, shown] = /^bearer +(.+)$/i.exec(authorization) ?? [];
  return shown !== undefined && timingSafeEqual(digestOf(shown), digestOf(secret));
}

function isSigned(secret: string, signature: string | string[] | undefined, body: Buffer): boolean {
  if (typeof signature !== 'string' || !SCHEME.test(signature)) return false;
  const text = signature.replace(SCHEME, '');
  const shown = Buffer.from(text, HEX.test(text) ? 'hex' : 'base64');
  const expected = createHmac('sha256', secret).update(body).digest();
  return shown.length === expected.length && timingSafeEqual(shown, expected);
}

/** Digests have equal lengths, as `timingSafeEqual` requires. */
const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * Claims an agent for the sender of a request, and adds the outcome to the audit. A claim for another region's caller is in the
 * audits of both regions, each with its own caller.
 * @throws InvalidRequest, and as `claim`
 */
export async function claimFor(region: Region, request: FastifyRequest, asked: ClaimRequest): Promise<Delivered> {
  const { callId: call, queue } = asked;
  if (isReserved(call)) throw new InvalidRequest([{ field: '/call_id', message: RESERVED }]);
  const base = { op: 'claim', call, queue } as const;
  return recorded(
    region,
    request,
    base,
    () => (asked.deliver ? claimAndDeliver(region, asked) : claim(region, asked)),
    ({ claim: granted, again }) => ({
      ...recordOf(granted),
      outcome: again ? 'again' : 'ok',
    }),
  );
}

/** Settles a claim for the sender of a request, and adds the outcome to the audit. @throws as `settle` */
export async function settleFor(
  region: Region,
  request: FastifyRequest,
  claimId: string,
  settlement: Settlement,
  budgetMs?: number,
): Promise<ClaimAnswer> {
  const base = { op: settlement, claim: claimId } as const;
  const how = { ...(budgetMs !== undefined && { budgetMs }), askedBy: askedByOf(request) };
  return recorded(region, request, base, () => settle(region, claimId, settlement, how), recordOf);
}

/**
 * Rejects a settlement whose claim id does not prove a grant, before the store is read. If the client is above its rate limit,
 * the answer is that of the limit, so that claim ids cannot be guessed faster than it allows.
 * @throws Refusal `unknown_claim`, TooManyRequests
 */
export function demandProof(region: Region, request: FastifyRequest, claimId: string, settlement: Settlement): void {
  const { claimIds, metrics, audit } = region;
  if (request.overLimitMs !== null && !claimIds.prove(claimId)) {
    metrics.rateLimited.inc();
    throw new TooManyRequests(request.overLimitMs);
  }
  try {
    provenClaim(region, claimId);
  } catch (error) {
    const outcome = (error as Refusal).code;
    audit.record({ op: settlement, claim: claimId, outcome, who: whoSent(request), request: request.id });
    throw error;
  }
}

/** Adds an accepted event to the audit. */
export function recordEvent({ audit }: Region, request: FastifyRequest, { event, outcome }: Accepted): void {
  const { eventId, agentId, facets } = event;
  const base = { op: 'event', agent: agentId, event_id: eventId, facets: Object.keys(facets), outcome } as const;
  audit.record({ ...base, who: whoSent(request), request: request.id });
}

/**
 * Adds successful requests to operators' routes to the audit. `/metrics` is left out: it is scraped all the time and has no
 * personal data.
 */
export function recordOperators(server: FastifyInstance, { audit }: Pick<Region, 'audit'>): void {
  server.addHook('onResponse', async (request, reply) => {
    const { config, url } = request.routeOptions;
    if (config.operation?.access !== 'admin:region' || url === '/metrics' || reply.statusCode >= 400) return;
    audit.record({ op: 'admin', who: whoSent(request), outcome: 'ok', request: request.id, route: routeOf(request) });
  });
}

/** Runs an action and adds its outcome to the audit. @throws as `act` */
async function recorded<T>(
  { audit }: Region,
  request: FastifyRequest,
  base: Pick<AuditRecord, 'op'> & Partial<AuditRecord>,
  act: () => Promise<T>,
  about: (result: T) => Partial<AuditRecord>,
): Promise<T> {
  const record = (more: Partial<AuditRecord>): void =>
    audit.record({ outcome: 'ok', ...base, ...more, who: whoSent(request), request: request.id });
  try {
    const result = await act();
    record(about(result));
    return result;
  } catch (error) {
    const isUnknown = error instanceof NotReplicated;
    record({ outcome: error instanceof Refusal ? error.code : isUnknown ? 'not_replicated' : 'unavailable' });
    throw error;
  }
}

/** The members of an audit record that describe a claim. */
function recordOf(claim: ClaimAnswer): Partial<AuditRecord> {
  const { claim_id, agent_id, call_id, queue, unit, fence, authority, end_reason } = claim;
  const which = { claim: claim_id, agent: agent_id, call: call_id, queue, fence, ...(unit !== undefined && { unit }) };
  const end = end_reason === undefined ? {} : { end_reason };
  return { ...which, ...end, granted_by: authority.region, mode: authority.mode };
}
