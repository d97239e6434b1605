import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type WrongField, wrongFields } from '../../agent/fields.ts';
import type { Log } from '../../ops/log.ts';
import { NotYetConsistent } from '../../routing/consistency/consistency.ts';
import { Refusal } from '../../routing/refusal.ts';
import { OutboxFull, ShardUnavailable } from '../../store/store.ts';
import { NotReplicated } from '../../store/written.ts';
import { TooManyInteractions } from '../../sync/flow/ingest.ts';
import { sendProblem } from './send-problem.ts';

/** A request with invalid fields, found by other checks than a schema. */
export class InvalidRequest extends Error {
  override name = 'InvalidRequest';
  readonly errors: WrongField[];
  constructor(errors: WrongField[]) {
    super('some fields are invalid');
    this.errors = errors;
  }
}

/** A settlement above the client's rate limit whose claim id proves no grant. */
export class TooManyRequests extends Error {
  override name = 'TooManyRequests';
  readonly retryAfterMs: number;
  constructor(retryAfterMs: number) {
    super('the client is above its rate limit, and the claim id does not prove a grant');
    this.retryAfterMs = retryAfterMs;
  }
}

/** Answers an error of a handler or a hook with its problem. Unexpected errors are answered with 500 and logged. */
export function answerFailure(error: FastifyError | Error, reply: FastifyReply, log: Log): FastifyReply {
  if (error instanceof Refusal) return answerRefusal(error, reply);
  if (error instanceof NotYetConsistent) {
    const { missing, known } = error;
    return sendProblem(reply, 'not_yet_consistent', { detail: error.message, more: { missing, known } });
  }
  if (error instanceof NotReplicated) return sendProblem(reply, 'not_replicated', { detail: error.message });
  if (error instanceof ShardUnavailable) {
    return sendProblem(reply, 'shard_unavailable', { detail: error.message, retryAfterMs: error.retryAfterMs });
  }
  if (error instanceof TooManyRequests)
    return sendProblem(reply, 'too_many_requests', { detail: error.message, retryAfterMs: error.retryAfterMs });
  if (error instanceof OutboxFull)
    return sendProblem(reply, 'outbox_full', { detail: error.message, retryAfterMs: 5000 });
  if (error instanceof TooManyInteractions) {
    const errors = [{ field: '/interactions', message: 'exceeds the number of interactions of an agent' }];
    return sendProblem(reply, 'invalid_request', { detail: error.message, errors });
  }
  if (error instanceof InvalidRequest)
    return sendProblem(reply, 'invalid_request', { detail: error.message, errors: error.errors });
  return answerProtocolError(error as FastifyError, reply, log);
}

/** `Retry-After` of `platform_unavailable`, in ms. */
const PLATFORM_AWAY_MS = 5000;

function answerRefusal(refusal: Refusal, reply: FastifyReply): FastifyReply {
  const { passedOver, isIncomplete, ageMs, explanation, agent, claim, home, retryAfterMs } = refusal;
  return sendProblem(reply, refusal.code, {
    detail: refusal.message,
    ...(refusal.code === 'platform_unavailable' && { retryAfterMs: PLATFORM_AWAY_MS }),
    more: {
      ...(passedOver && { passed_over: passedOver }),
      ...(isIncomplete && { incomplete: isIncomplete }),
      ...(ageMs !== undefined && { age_ms: ageMs }),
      ...(explanation && { explanation }),
      ...(agent && { agent }),
      ...(claim && { claim }),
      ...(home !== undefined && { home }),
      ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
    },
  });
}

/** Answers an error of Fastify by its status; any other error is unexpected. */
function answerProtocolError(error: FastifyError, reply: FastifyReply, log: Log): FastifyReply {
  if (error.validation) {
    const errors = wrongFields(error.validation as unknown as Parameters<typeof wrongFields>[0]);
    return sendProblem(reply, 'invalid_request', { detail: 'some fields are invalid', errors });
  }
  if (error.statusCode === 413) return answerTooLarge(reply);
  if (error.statusCode === 415) return sendProblem(reply, 'unsupported_media_type', { detail: error.message });
  if (error.statusCode === 400) return sendProblem(reply, 'not_json', { detail: error.message });
  log.error('unexpected_error', { err: error, request_id: reply.request.id });
  return sendProblem(reply, 'internal', { detail: 'unexpected error, see the log of this instance' });
}

/** Reads the rest of the body first: if the connection is closed during the upload, the client does not get the problem. */
function answerTooLarge(reply: FastifyReply): FastifyReply {
  reply.removeHeader('connection');
  reply.request.raw.resume();
  return sendProblem(reply, 'body_too_large', { detail: 'the body is larger than 1 MiB' });
}

/** Answers a path that cannot be decoded or has a part that is too long. Fastify runs no hooks for it. */
export function answerBadPath({ code }: FastifyError, { id, url }: FastifyRequest, reply: FastifyReply): void {
  const [path = ''] = url.split('?');
  const detail =
    code === 'FST_ERR_MAX_PARAM_LENGTH'
      ? `a part of the path of ${path.length} characters is too long`
      : `"${path.slice(0, LONGEST_SHOWN)}" is not a path: is % in it written as %25?`;
  sendProblem(reply.header('x-request-id', id), 'unknown_route', { detail });
}

const LONGEST_SHOWN = 200;
