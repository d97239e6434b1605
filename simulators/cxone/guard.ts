import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RateLimit } from '../kit/limits.ts';
import { CxoneError, forbidden, methodNotAllowed, tooManyRequests, unauthorized, unavailable } from './errors.ts';
import type { World } from './world.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The access token of a request under /incontactapi; empty if it is missing or unknown. */
    accessToken: string;
    /** Whether its 429 comes from a fault. */
    isForced: boolean;
    /** Arrival of the request, in ms of the platform's clock. */
    startedMs: number;
  }
  interface FastifyContextConfig {
    /** The scope that the application must be registered for. */
    scope?: 'RealTimeDataAPI' | 'AdminAPI';
  }
}

const OLDEST_VERSION = 20;
const NEWEST_VERSION = 40;

/** Checks every API request: version, token, the limit of the business unit, the application's scopes. */
export function guard({ tokens, faults, clock, versions }: World, limit: RateLimit) {
  return async (request: FastifyRequest): Promise<void> => {
    request.startedMs = clock.nowMs();
    if (hasEmptyPart(request.url)) throw methodNotAllowed();
    versions.add(versionOf(request));
    if (faults.takeOne('unavailableNext')) throw unavailable();
    const value = /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (value === undefined || !tokens.find(value) || faults.takeOne('unauthorizedNext')) throw unauthorized();
    request.accessToken = value;
    const { count, allowed } = limit.take();
    request.isForced = faults.takeOne('throttleNext');
    if (count > allowed || request.isForced) throw tooManyRequests(faults.settings.retryAfterSeconds);
    const { scope } = request.routeOptions.config;
    if (scope && faults.settings.missingScopes.includes(scope)) throw forbidden();
    const path = unnamed(request.routeOptions.url ?? '');
    if (faults.settings.refusedRequests.some((refused) => path.endsWith(`/:version/${unnamed(refused)}`))) {
      throw forbidden();
    }
  };
}

/** A path without the names of its parameters. */
const unnamed = (path: string): string => path.replace(/\{\w+\}|:id\b/g, '{}');

/** E.g. `/agents//states`, where an id is missing. */
function hasEmptyPart(url: string): boolean {
  return new URL(url, 'http://localhost').pathname.includes('//');
}

/** All versions are still served, spelled `v34` or `v34.0`. */
function versionOf({ params }: FastifyRequest): string {
  const number = /^v(\d\d)(\.0)?$/i.exec((params as { version: string }).version)?.[1];
  if (number === undefined || Number(number) < OLDEST_VERSION || Number(number) > NEWEST_VERSION) {
    throw new CxoneError(404, 'Not Found');
  }
  return `v${number}.0`;
}

/** Answers a request without `Accept: application/json` with a text, as the platform does. */
export function demandAccept({ switches }: World) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    if (/\bjson\b/i.test(request.headers.accept ?? '')) return;
    return reply.code(switches.missingAcceptStatus).type(JSON_TYPE).send('No known way to render data');
  };
}

const JSON_TYPE = 'application/json; charset=utf-8';
