import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { KeysUnavailable } from '../../auth/key-source.ts';
import type { Scope } from '../../auth/scopes.ts';
import { ANYBODY, type Caller, InvalidBearer, may, type Tokens } from '../../auth/tokens.ts';
import type { Audit, Who } from '../../ops/audit.ts';
import type { Metrics } from '../../ops/metrics.ts';
import { ASKED_BY } from '../../routing/peers/peers.ts';
import { sendProblem } from '../problems/send-problem.ts';

/**
 * Who may use a route, as `config.access` of each says: whoever has the scope; other regions, by their own keys; what a
 * connection's platform pushes, by the secret of the connection; or everybody, who learns nothing by it.
 */
export type Access = Scope | 'region' | 'platform' | 'open';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may use the route. Every route has one: see `guard`. */
    access?: Access;
    /** The scope that a query parameter asks for instead, where it makes something else of the request. */
    accessWith?: Record<string, Scope>;
  }
  interface FastifyInstance {
    /** Who may use what, by method and path; filled as routes are made. */
    access: ReadonlyMap<string, Access>;
  }
  interface FastifyRequest {
    /** Who sent it; null before that is known, and where nobody asks. */
    caller: Caller | null;
  }
}

interface GuardOptions {
  /** Knows callers; undefined where anybody may call. */
  tokens: Tokens | undefined;
  audit: Audit;
  metrics: Pick<Metrics, 'authentications'>;
}

const REALM = 'Bearer realm="muster"';
const RETRY_MS = 5000;

/**
 * Lets nobody in who may not, before anything of a request is read but its head. To be called before routes are made: one
 * that does not say who may use it is a defect, and ends the start.
 */
export function guard(server: FastifyInstance, options: GuardOptions): void {
  const declared = new Map<string, Access>();
  server.decorate('access', declared);
  server.decorateRequest('caller', null);
  server.addHook('onRoute', ({ method, url, config }) => {
    if (config?.access === undefined) throw new Error(`the route ${method} ${url} does not say who may use it`);
    for (const each of [method].flat()) declared.set(`${each} ${url}`, config.access);
  });
  server.addHook('onRequest', (request, reply) => admit(request, reply, options));
}

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

function neededFor({ routeOptions: { config }, query }: FastifyRequest): Access {
  const asked = Object.entries(config.accessWith ?? {}).find(([parameter]) =>
    Object.hasOwn(query as object, parameter),
  );
  return asked?.[1] ?? config.access ?? 'region';
}

/** Only the region itself may say that it asks: what others say so is done for nobody. */
function isAllowed(caller: Caller, needed: Exclude<Access, 'open' | 'platform'>, askedBy: unknown): boolean {
  const isRegion = caller.kind === 'region';
  if (askedBy !== undefined && !(isRegion && caller.region === askedBy)) return false;
  return needed === 'region' ? isRegion : may(caller, needed);
}

/** Who shows this token. Undefined: answered. */
async function identify(
  request: FastifyRequest,
  reply: FastifyReply,
  tokens: Tokens,
  metrics: GuardOptions['metrics'],
): Promise<Caller | undefined> {
  const [, token] = /^bearer +([^ ]+) *$/i.exec(request.headers.authorization ?? '') ?? [];
  const refuse = (outcome: string, challenge: string, detail: string): undefined => {
    metrics.authentications.inc({ outcome });
    sendProblem(reply.header('www-authenticate', challenge), 'unauthenticated', { detail });
  };
  if (token === undefined) return refuse('missing', REALM, 'the request carries no bearer token in `authorization`');
  try {
    return await tokens.callerOf(token);
  } catch (error) {
    if (error instanceof InvalidBearer) {
      const challenge = `${REALM}, error="invalid_token", error_description="${error.message}"`;
      return refuse(error.fault, challenge, error.message);
    }
    if (!(error instanceof KeysUnavailable)) throw error;
    metrics.authentications.inc({ outcome: 'unavailable' });
    sendProblem(reply, 'keys_unavailable', { detail: error.message, retryAfterMs: RETRY_MS });
    return undefined;
  }
}

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
  if (!isScope) return sendProblem(reply, code, { detail: 'the token is not that of the region that asks' });
  const challenge = `${REALM}, error="insufficient_scope", error_description="${needed} is needed", scope="${needed}"`;
  return sendProblem(reply.header('www-authenticate', challenge), code, {
    detail: `the token does not grant ${needed}`,
    more: { scope: needed },
  });
}

/** Who sent a request, for the audit. */
export function whoSent({ caller }: FastifyRequest): Who {
  if (caller?.kind === 'region') return { region: caller.region };
  if (caller?.kind !== 'client') return { anybody: true };
  const { issuer, subject, client } = caller;
  return { issuer, ...(subject !== undefined && { subject }), ...(client !== undefined && { client }) };
}

/** The region that asks on its caller's behalf; undefined for everybody else. */
export function askedByOf({ headers }: FastifyRequest): string | undefined {
  const region = headers[ASKED_BY];
  return typeof region === 'string' ? region : undefined;
}

/** Method and path, without what the query says. */
export const routeOf = ({ method, url }: FastifyRequest): string => `${method} ${url.split('?', 1)[0]}`;
