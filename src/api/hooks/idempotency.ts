import { createHash, randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Region } from '../../routing/region.ts';
import { type KeptAnswer, LONGEST_KEPT } from '../../store/store.ts';
import { KEY_FORM } from '../operations/headers.ts';
import { InvalidRequest } from '../problems/failures.ts';
import { sendProblem } from '../problems/send-problem.ts';
import { whoSent } from './access.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route takes `idempotency-key`. */
    keyed?: true;
  }
  interface FastifyRequest {
    /** What the request has begun under the caller's key; null without one. */
    keyed: { id: string; print: string } | null;
  }
}

const KEY = 'idempotency-key';
/** What is answered again with the body. */
const KEPT_HEADERS = ['content-type', 'muster-consistency'];
const FORM = new RegExp(KEY_FORM);

/**
 * Answers a write that comes again under the key of its caller with what was answered before, after the IETF's draft of the
 * header `Idempotency-Key`. Only what succeeded is kept: what did nothing may be tried again under the same key.
 */
export function keepAnswers(server: FastifyInstance, region: Region): void {
  server.decorateRequest('keyed', null);
  server.addHook('preHandler', async (request, reply) => {
    if (!request.routeOptions.config.keyed || request.headers[KEY] === undefined) return;
    const [id, print] = [idOf(request), printOf(request)];
    // Not the request's id: a caller may give one to all attempts.
    const known = await region.keptAnswers.begin(id, print, randomUUID());
    if (!known) request.keyed = { id, print };
    else if (known.print !== print) return refuse(reply, 'idempotency_key_reused');
    else if (!known.answer) return refuse(reply, 'idempotency_key_in_use');
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
  idempotency_key_reused: 'another request was made under this key',
  idempotency_key_in_use: 'the request that was made first under this key is still under way',
};

const refuse = (reply: FastifyReply, code: keyof typeof DETAILS): FastifyReply =>
  sendProblem(reply, code, { detail: DETAILS[code] });

/** Never throws: what was done is answered, whether it can be kept or not. */
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

/** Names the key: every caller has keys of their own. @throws InvalidRequest */
function idOf(request: FastifyRequest): string {
  const [, quoted, bare] = FORM.exec(String(request.headers[KEY])) ?? [];
  const key = quoted ?? bare;
  if (key === undefined)
    throw new InvalidRequest([{ field: KEY, message: 'must be of 1 to 255 printable characters of ASCII' }]);
  return digest(JSON.stringify([whoSent(request), key]));
}

/** What is asked, in one word. */
const printOf = ({ method, url, body }: FastifyRequest): string => digest(JSON.stringify([method, url, body ?? null]));

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url');
