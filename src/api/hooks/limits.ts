import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SCOPES } from '../../auth/scopes.ts';
import type { Metrics } from '../../ops/metrics.ts';
import { sendProblem } from '../problems/send-problem.ts';
import type { Access } from './access.ts';

const WINDOW_MS = 1000;
/** Clients whose requests are counted at most; of more, those who were heard of longest ago begin anew. */
const CLIENTS = 10_000;

declare module 'fastify' {
  interface FastifyRequest {
    /** In how many ms the client may ask again, where it has asked too often and yet was let in; else null. */
    overLimitMs: number | null;
  }
}

/** What was let in though its client asks too often, and turned out to be none of what is always let in. */
export class TooManyRequests extends Error {
  override name = 'TooManyRequests';
  readonly retryAfterMs: number;
  constructor(retryAfterMs: number) {
    super('the client has made more requests than it may, and shows ids of claims that nobody granted');
    this.retryAfterMs = retryAfterMs;
  }
}

type Check = ReturnType<FastifyInstance['createRateLimit']>;

/** Whether requests to a route are counted: what clients ask, and not what regions, platforms and load balancers do. */
export const isCounted = (access: Access | undefined): boolean =>
  (SCOPES as readonly (Access | undefined)[]).includes(access);

/**
 * Refuses what a client asks of this instance beyond so many requests a second; undefined: any number. A settlement counts and is let in all
 * the same, for it gives back an agent whom somebody else could have; what it shows must prove a claim then: see
 * `demandProof`. To be called when callers are known.
 */
export function limitClients(
  server: FastifyInstance,
  max: number | undefined,
  metrics: Pick<Metrics, 'rateLimited'>,
): void {
  server.decorateRequest('overLimitMs', null);
  if (max === undefined) return;
  server.register(rateLimit, { global: false, cache: CLIENTS });
  let check: Check | undefined;
  server.addHook('onRequest', async (request, reply) => {
    const { access, work } = request.routeOptions.config;
    if (!isCounted(access) || request.caller?.kind === 'region') return;
    check ??= server.createRateLimit({ max, timeWindow: WINDOW_MS, keyGenerator: clientOf });
    const found = await check(request);
    if (found.isAllowed) return;
    const resetSeconds = Math.max(1, found.ttlInSeconds);
    tell(reply, { limit: max, remaining: found.remaining, reset: resetSeconds });
    if (!found.isExceeded) return;
    if (work === 'settlement') {
      request.overLimitMs = resetSeconds * 1000;
      return;
    }
    metrics.rateLimited.inc();
    const detail = `more than ${max} requests of one client within a second`;
    return sendProblem(reply, 'too_many_requests', { detail, retryAfterMs: resetSeconds * 1000 });
  });
}

function tell(reply: FastifyReply, told: Record<'limit' | 'remaining' | 'reset', number>): void {
  for (const [name, value] of Object.entries(told)) reply.header(`ratelimit-${name}`, value);
}

/** The application that shows the token, else whom it speaks of; without tokens, the address. */
function clientOf({ caller, ip }: FastifyRequest): string {
  if (caller?.kind !== 'client') return ip;
  return JSON.stringify([caller.issuer, caller.client ?? null, caller.client === undefined ? caller.subject : null]);
}
