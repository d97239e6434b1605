import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError, forbidden, tooManyRequests, unauthorized } from './errors.ts';
import type { Faults } from './faults.ts';
import type { Token, Tokens } from './tokens.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The token of every request under /api/v2. */
    token: Token | null;
    /** Whether its 429 comes from a fault. */
    isThrottled: boolean;
  }
  interface FastifyContextConfig {
    /** The permission that the client's role must have. */
    permission?: string;
  }
}

/**
 * Checks every API request: its token, the rate limit of that token, the permission. Scopes do not count: for client
 * credentials only roles do.
 */
export function guard(tokens: Tokens, faults: Faults) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (faults.takeOne('failNext')) {
      throw new ApiError(500, 'internal.server.error', 'The server encountered an unexpected condition.');
    }
    const token = authenticate(request, tokens);
    if (faults.takeOne('unauthorizedNext')) throw unauthorized('bad.credentials');
    request.token = token;
    const { count, allowed, resetSeconds } = token.limit.take();
    reply.headers({
      'inin-ratelimit-count': count,
      'inin-ratelimit-allowed': allowed,
      'inin-ratelimit-reset': resetSeconds,
    });
    if (count > allowed) throw tooManyRequests(resetSeconds);
    request.isThrottled = faults.takeOne('throttleNext');
    if (request.isThrottled) throw tooManyRequests(faults.settings.retryAfterSeconds);
    const { permission } = request.routeOptions.config;
    if (permission && faults.settings.missingPermissions.includes(permission)) throw forbidden(permission);
  };
}

/** The token that the guard has found. */
export function tokenOf(request: FastifyRequest): Token {
  if (!request.token) throw unauthorized('authentication.required');
  return request.token;
}

function authenticate(request: FastifyRequest, tokens: Tokens): Token {
  const value = /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (value === undefined) throw unauthorized('authentication.required');
  const token = tokens.find(value);
  if (!token) throw unauthorized('bad.credentials');
  return token;
}
