import type { FastifyReply } from 'fastify';
import type { WrongField } from '../../agent/fields.ts';
import { REQUEST_LIMITS } from '../../agent/limits.ts';
import { cut } from '../../agent/text.ts';
import { PROBLEMS, type ProblemCode } from './problems.ts';

interface ProblemDetails {
  detail: string;
  errors?: WrongField[];
  retryAfterMs?: number;
  /** Further members, e.g. `passed_over`. */
  more?: Record<string, unknown>;
}

/** Answers with an RFC 9457 problem. */
export function sendProblem(reply: FastifyReply, code: ProblemCode, details: ProblemDetails): FastifyReply {
  const { status } = PROBLEMS[code];
  if (status === 503 || status === 429) reply.header('retry-after', Math.ceil((details.retryAfterMs ?? 1000) / 1000));
  return reply
    .status(status)
    .type('application/problem+json')
    .send(problemBody(code, details, reply.request.id));
}

/** The body of a problem. */
export function problemBody(code: ProblemCode, { detail, errors, more }: ProblemDetails, requestId: string): object {
  const { status, title } = PROBLEMS[code];
  const type = `urn:muster:problem:${code}`;
  const named = errors?.slice(0, REQUEST_LIMITS.errors.most).map(shown);
  return { type, title, status, code, detail, ...(named && { errors: named }), request_id: requestId, ...more };
}

const LONGEST_FIELD = 500;

/** Names of fields can contain keys of the request, of any length. */
const shown = ({ field, message }: WrongField): WrongField => ({ field: cut(field, LONGEST_FIELD), message });
