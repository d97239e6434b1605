import { isUtf8 } from 'node:buffer';
import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Clean } from 'typebox/value';
import { EXCHANGE } from '../../agent/exchange.ts';
import type { WrongField } from '../../agent/fields.ts';
import { wrongText } from '../../agent/text.ts';
import { SCOPES } from '../../auth/scopes.ts';
import type { Metrics } from '../../ops/metrics.ts';
import { readTrace, type Trace, withTrace } from '../../ops/trace.ts';
import { NOT_UTF8 } from '../../ops/utf8.ts';
import { FORMAT } from '../../routing/peers/peers.ts';
import type { Region } from '../../routing/region.ts';
import { type KeptAnswer, LONGEST_KEPT } from '../../store/store.ts';
import { KEY_FORM, REQUEST_HEADERS, REQUEST_ID_FORM } from '../operations/headers.ts';
import type { Access, Operation, Work } from '../operations/operation.ts';
import { InvalidRequest } from '../problems/failures.ts';
import { sendProblem } from '../problems/send-problem.ts';
import { askedByOf, whoSent } from './access.ts';

declare module 'fastify' {
  interface FastifyRequest {
    trace: Trace | null;
    /** Time until the rate limit resets, in ms, if the request was admitted above the limit; else null. */
    overLimitMs: number | null;
    /**
     * Where the answer is stored for the caller's idempotency key: its entry, and the request's fingerprint. Null
     * without a key.
     */
    keyed: { id: string; print: string } | null;
  }
}

const REQUEST_ID = 'x-request-id';
const SANE = new RegExp(REQUEST_ID_FORM);

/** The id of a request: the caller's `x-request-id` if it has the right form, else a new one. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers[REQUEST_ID];
  return typeof given === 'string' && SANE.test(given) ? given : randomUUID();
}

/** Runs all work for a request within its trace. Call it before all other hooks. */
export function traceRequests(server: FastifyInstance): void {
  server.decorateRequest('trace', null);
  server.addHook('onRequest', (request, _reply, done) => {
    const { traceparent, tracestate } = request.headers;
    const trace = readTrace(traceparent, tracestate, request.id);
    request.trace = trace;
    withTrace(trace, done);
  });
  // The body arrives in events of the socket, outside the trace, so the trace is entered again.
  server.addHook('preValidation', (request, _reply, done) => {
    if (request.trace) withTrace(request.trace, done);
    else done();
  });
  server.addHook('onSend', async (request, reply) => void reply.header(REQUEST_ID, request.id));
}

/** Rejects requests that arrive over open connections while the server closes. */
export function rejectWhileClosing(server: FastifyInstance): void {
  let isClosing = false;
  server.addHook('preClose', async () => {
    isClosing = true;
  });
  server.addHook('onRequest', async (_request, reply) => {
    if (isClosing) sendProblem(reply, 'draining', { detail: 'this instance takes no new requests' });
  });
}

const READ_SOON_MS = 2000;

/**
 * Rejects work while the instance starts: until the platforms have been read, the store may be as old as the region's downtime.
 * Health checks and operators' routes are served. Other regions treat the answer like an unreachable region.
 */
export function rejectWhileStarting(server: FastifyInstance, start: { readonly isUnderWay: boolean }): void {
  server.addHook('onRequest', async ({ routeOptions: { config } }, reply) => {
    const access = config.operation?.access;
    if (!access || access === 'open' || access === 'admin:region' || !start.isUnderWay) return;
    sendProblem(reply, 'starting', {
      detail: 'this instance has not read the agents of its platforms yet; see /readyz',
      retryAfterMs: READ_SOON_MS,
    });
  });
}

/** Event loop lag above which work is rejected, in ms. The lag for lookups is half of a claim's usual budget. */
const LAG_LIMITS_MS: Record<Work, number> = { lookup: 100, claim: 250, settlement: 2_500 };
const SHED_RETRY_MS = 1_000;

/** Rejects work that an overloaded instance cannot finish in time, before the body is read. */
export function shedLoad(server: FastifyInstance, metrics: Pick<Metrics, 'shed'>): void {
  const lag = new LoopLag();
  server.addHook('onRequest', async ({ routeOptions }, reply) => {
    const work = routeOptions.config.operation?.work;
    if (!work || lag.lagMs <= LAG_LIMITS_MS[work]) return;
    metrics.shed.inc({ work });
    const detail = `this instance is ${Math.round(lag.lagMs)} ms late, too late for a ${work}`;
    sendProblem(reply, 'overloaded', { detail, retryAfterMs: SHED_RETRY_MS });
  });
  server.addHook('onClose', async () => lag.stop());
}

const SAMPLE_MS = 100;
const RESOLUTION_MS = 10;
/** Weight of a sample above the average. It is below 1 because a single pause, e.g. for garbage collection, is no overload. */
const RISE = 0.5;
/**
 * Weight of a sample below the average. It is small because rejected requests are repeated: admitting all at once would
 * overload the instance again.
 */
const FALL = 0.1;

/** Lag of the event loop, in ms: how long a request that arrives now waits before it is handled. A moving average. */
class LoopLag {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  lagMs = 0;

  constructor() {
    this.#delays.enable();
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#delays.disable();
  }

  #sample(): void {
    const newestMs = this.#delays.count === 0 ? 0 : this.#delays.mean / 1e6 - RESOLUTION_MS;
    const change = Math.max(0, newestMs) - this.lagMs;
    this.lagMs += change * (change > 0 ? RISE : FALL);
    this.#delays.reset();
  }
}

const WINDOW_MS = 1000;
/** Most clients whose requests are counted; beyond it the least recently seen one is evicted. */
const CLIENTS = 10_000;

type Check = ReturnType<FastifyInstance['createRateLimit']>;

/** Whether requests count towards the rate limit. Those of regions, platforms and load balancers do not. */
export const isCounted = (access: Access | undefined): boolean =>
  (SCOPES as readonly (Access | undefined)[]).includes(access);

/**
 * Limits how many requests one client may send to this instance in a second. Settlements count, but are admitted above the limit,
 * because they free agents; their claim ids must then prove a grant, see `demandProof`. Call it after `guard`, which identifies
 * callers.
 * @param max requests per second; undefined: no limit
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
    const { operation } = request.routeOptions.config;
    if (!isCounted(operation?.access) || request.caller?.kind === 'region') return;
    check ??= server.createRateLimit({ max, timeWindow: WINDOW_MS, keyGenerator: clientOf });
    const found = await check(request);
    if (found.isAllowed) return;
    const resetSeconds = Math.max(1, found.ttlInSeconds);
    writeLimit(reply, { limit: max, remaining: found.remaining, reset: resetSeconds });
    if (!found.isExceeded) return;
    if (operation?.work === 'settlement') {
      request.overLimitMs = resetSeconds * 1000;
      return;
    }
    metrics.rateLimited.inc();
    const detail = `more than ${max} requests of one client within a second`;
    return sendProblem(reply, 'too_many_requests', { detail, retryAfterMs: resetSeconds * 1000 });
  });
}

function writeLimit(reply: FastifyReply, values: Record<'limit' | 'remaining' | 'reset', number>): void {
  for (const [name, value] of Object.entries(values)) reply.header(`ratelimit-${name}`, value);
}

/** The client that counts: the application of the token, else its subject; without tokens, the address. */
function clientOf({ caller, ip }: FastifyRequest): string {
  if (caller?.kind !== 'client') return ip;
  return JSON.stringify([caller.issuer, caller.client ?? null, caller.client === undefined ? caller.subject : null]);
}

/**
 * Rejects ill-formed text in headers, query and body, after authentication. Paths that cannot be decoded match no route: see
 * `answerBadPath`.
 */
export function demandWellFormed(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    if (isUtf8(bytes)) parse(request, bytes.toString(), done);
    else done(notUtf8());
  });
  server.addHook('preValidation', (request, _reply, done) => {
    const wrong = request.is404 ? [] : [...wrongHeaders(request), ...wrongInQuery(request), ...wrongInBody(request)];
    done(wrong.length > 0 ? new InvalidRequest(wrong) : undefined);
  });
}

/**
 * Reads what another region asks. It may run a later version: fields that this one does not know are left out, and a request in
 * a format that it does not know is refused before anything is done.
 */
export function readRegions(server: FastifyInstance): void {
  server.addHook('preValidation', async (request, reply) => {
    if (askedByOf(request) === undefined) return;
    const format = Number(request.headers[FORMAT] ?? EXCHANGE.oldest);
    if (format > EXCHANGE.newest) {
      const detail = `the request has format ${format}, and this version of Muster reads formats up to ${EXCHANGE.newest}`;
      return sendProblem(reply, 'unknown_format', { detail });
    }
    const schema = request.routeOptions.config.operation?.body?.schema;
    if (schema && typeof request.body === 'object') Clean(schema, request.body);
  });
}

export const notUtf8 = (): InvalidRequest => new InvalidRequest([{ field: '/', message: NOT_UTF8 }]);

/** A body that is still a buffer is parsed and checked by its operation. */
const wrongInBody = ({ body }: FastifyRequest): WrongField[] => (Buffer.isBuffer(body) ? [] : wrongText(body));

/** Only ASCII is allowed in headers: readers decode other bytes differently. */
function wrongHeaders(request: FastifyRequest): WrongField[] {
  return Object.keys(REQUEST_HEADERS).flatMap((name) => {
    const isPlain = PLAIN.test(String(request.headers[name] ?? ''));
    return isPlain || !isHeaderRead(request, name) ? [] : [{ field: name, message: 'must be printable ASCII' }];
  });
}

const PLAIN = /^[\t\x20-\x7e]*$/;

function isHeaderRead({ routeOptions }: FastifyRequest, name: string): boolean {
  const { headers = [], unlessKnown }: Partial<Operation> = routeOptions.config.operation ?? {};
  return (headers as readonly string[]).includes(name) || (unlessKnown === true && name === 'if-none-match');
}

/** A query that the operation does not read is not checked, because the operation has no problem for it. */
function wrongInQuery(request: FastifyRequest): WrongField[] {
  const { url } = request;
  const start = url.indexOf('?');
  if (start < 0 || url.indexOf('%', start) < 0 || request.routeOptions.config.operation?.query === undefined) return [];
  return wrongPairs(url.slice(start + 1));
}

/** Finds the pairs of a query or a form that are not percent-encoded UTF-8. */
export function wrongPairs(text: string): WrongField[] {
  return text.split('&').flatMap((pair) => {
    const [name = '', ...value] = pair.split('=');
    if (isEncoded(name) && isEncoded(value.join('='))) return [];
    const field = isEncoded(name) ? decodeURIComponent(name) : name;
    return [{ field: `/${field}`, message: 'is not percent-encoded UTF-8: is % in it written as %25?' }];
  });
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

const KEY = 'idempotency-key';
/** Headers that are stored with the body. */
const KEPT_HEADERS = ['content-type', 'muster-consistency'];
const FORM = new RegExp(KEY_FORM);

/**
 * Answers a write that is repeated under its idempotency key with the stored first answer, as in the IETF draft for the header
 * `Idempotency-Key`. Only successful answers are stored: a request that failed may be repeated under the same key.
 */
export function keepAnswers(server: FastifyInstance, region: Region): void {
  server.decorateRequest('keyed', null);
  server.addHook('preHandler', async (request, reply) => {
    const { operation } = request.routeOptions.config;
    if (request.headers[KEY] === undefined || !operation?.headers?.includes(KEY)) return;
    const [id, print] = [idOf(request), printOf(request)];
    // Not the request id: a caller may send the same one with every attempt.
    const known = await region.keptAnswers.begin(id, print, randomUUID());
    if (!known) request.keyed = { id, print };
    else if (known.print !== print) return reject(reply, 'idempotency_key_reused');
    else if (!known.answer) return reject(reply, 'idempotency_key_in_use');
    else return answerAgain(reply, known.answer, region.store.nowMs());
  });
  server.addHook('onSend', async (request, reply, payload) => {
    if (request.keyed) await keep(region, request.keyed, reply, payload);
  });
}

function answerAgain(reply: FastifyReply, { status, headers, body, atMs }: KeptAnswer, nowMs: number): FastifyReply {
  const ageSeconds = Math.max(0, Math.floor((nowMs - atMs) / 1000));
  return reply
    .status(status)
    .headers({ ...headers, age: ageSeconds, 'idempotent-replayed': 'true' })
    .send(body);
}

const DETAILS = {
  idempotency_key_reused: 'another request was sent with this key',
  idempotency_key_in_use: 'the first request with this key is still in progress',
};

const reject = (reply: FastifyReply, code: keyof typeof DETAILS): FastifyReply =>
  sendProblem(reply, code, { detail: DETAILS[code] });

/** Stores an answer. Never throws: the caller gets the answer even if it cannot be stored. */
async function keep(
  { keptAnswers, store, log }: Region,
  { id, print }: { id: string; print: string },
  reply: FastifyReply,
  payload: unknown,
): Promise<void> {
  try {
    if (reply.statusCode >= 300 || typeof payload !== 'string' || payload.length > LONGEST_KEPT)
      return await keptAnswers.forget(id);
    const headers = KEPT_HEADERS.flatMap((name) => {
      const value = reply.getHeader(name);
      return value === undefined ? [] : [[name, String(value)]];
    });
    const answer = { status: reply.statusCode, headers: Object.fromEntries(headers), body: payload };
    await keptAnswers.keep(id, print, { ...answer, atMs: store.nowMs() });
  } catch (error) {
    log.debug('idempotent_answer_not_stored', { err: error });
  }
}

/** The entry of a key. It includes the caller, so that callers cannot collide. @throws InvalidRequest */
function idOf(request: FastifyRequest): string {
  const [, quoted, bare] = FORM.exec(String(request.headers[KEY])) ?? [];
  const key = quoted ?? bare;
  if (key === undefined)
    throw new InvalidRequest([{ field: KEY, message: 'must have 1 to 255 characters of printable ASCII' }]);
  return digest(JSON.stringify([whoSent(request), key]));
}

/** Fingerprint of a request's method, URL and body. */
const printOf = ({ method, url, body }: FastifyRequest): string => digest(JSON.stringify([method, url, body ?? null]));

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** Texts that stand for a value of a type. Nothing else does: not `true` for 1, and not `2.7` for 2. */
const READ_FROM_TEXT: Record<string, (text: string) => unknown> = {
  integer: (text) => (/^-?\d+$/.test(text) ? Number(text) : text),
  boolean: (text) => (text === 'true' ? true : text === 'false' ? false : text),
};

/** Validates requests by compiled schemas. Integers and booleans of a query are read from their texts; a body is JSON already. */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema);
  return (sent) => {
    const value = httpPart === 'body' ? sent : fromTexts(schema, sent);
    return validator.Check(value) ? { value } : { error: validator.Errors(value) as unknown as Error };
  };
};

function fromTexts(schema: TSchema, texts: Record<string, unknown>): Record<string, unknown> {
  const { properties = {} } = schema as { properties?: Record<string, { type?: string }> };
  const read = Object.entries(texts).map(([name, text]) => {
    const readFrom = READ_FROM_TEXT[properties[name]?.type ?? ''];
    return [name, readFrom && typeof text === 'string' ? readFrom(text) : text];
  });
  return Object.fromEntries(read);
}
