import { type TSchema, Type } from 'typebox';
import { REQUEST_LIMITS } from '../../agent/limits.ts';

/** Form of a request id. It has no characters that need escaping in a log line or a header. */
export const REQUEST_ID_FORM = '^[A-Za-z0-9._~-]{1,128}$';

/** A header in the OpenAPI document. */
export interface HeaderKind {
  description: string;
  schema: TSchema;
}

const longest = REQUEST_LIMITS.idempotencyKey.most;
/** Form of an idempotency key: printable ASCII, with quotes as in the IETF draft, or without. */
export const KEY_FORM = `^(?:"([ !#-\\[\\]-~]{1,${longest}})"|([!#-~]{1,${longest}}))$`;

/** All request headers. The `headers` of an operation name those that it reads. */
export const REQUEST_HEADERS = {
  'muster-consistency': {
    description: 'Consistency tokens of writes, comma-separated. The answer is not older than these writes.',
    schema: Type.String({ maxLength: REQUEST_LIMITS.tokens.most }),
  },
  'idempotency-key': {
    description:
      'A key of the caller for this request. A request that is repeated under it within 10 minutes is not carried out again and gets the first answer.',
    schema: Type.String({ pattern: KEY_FORM }),
  },
  'if-none-match': {
    description: 'Etags that the caller has. The answer is 304 if nothing but ages has changed since.',
    schema: Type.String(),
  },
  'last-event-id': {
    description: 'The id of the last event received. The stream continues after it.',
    schema: Type.String({ maxLength: REQUEST_LIMITS.lastEventId.most }),
  },
  'x-muster-signature': {
    description:
      'For connections with the scheme `hmac-sha256`: `sha256=` and the HMAC of the body with the secret, in hex or base64.',
    schema: Type.String(),
  },
} as const satisfies Record<string, HeaderKind>;
export type RequestHeader = keyof typeof REQUEST_HEADERS;

/** All answer headers. The `headers` of an answer name those that it has. */
export const ANSWER_HEADERS = {
  'muster-consistency': {
    description:
      'The consistency token of this write. A read that carries it, in any region, is not older than the write.',
    schema: Type.String(),
  },
  'muster-answered-by': {
    description: 'The region that produced the answer, if the request carried consistency tokens.',
    schema: Type.String(),
  },
  'idempotent-replayed': {
    description: 'The answer is the stored one of an earlier request with the same key.',
    schema: Type.Literal('true'),
  },
  age: {
    description: 'Age of a stored answer in seconds. Durations in the body count from then.',
    schema: Type.Integer({ minimum: 0 }),
  },
  etag: {
    description: 'A weak etag of the answer: ages may differ between answers with the same etag.',
    schema: Type.String({ pattern: '^W/".+"$' }),
  },
  location: { description: 'Where to continue, relative to the request.', schema: Type.String() },
  'x-accel-buffering': { description: 'Proxies must not buffer the stream.', schema: Type.Literal('no') },
  'cache-control': { description: 'The answer must not be cached.', schema: Type.Literal('no-store') },
  'content-security-policy': {
    description: 'The page runs its own scripts alone, and sends requests to this instance alone.',
    schema: Type.String(),
  },
} as const satisfies Record<string, HeaderKind>;
export type AnswerHeader = keyof typeof ANSWER_HEADERS;

/** Header of every answer, problems included. */
export const REQUEST_ID: HeaderKind = {
  description: "The request's id, also in the log: the caller's `x-request-id` if it has this form, else a new one.",
  schema: Type.String({ pattern: REQUEST_ID_FORM }),
};

const limit = (description: string): HeaderKind => ({ description, schema: Type.Integer({ minimum: 0 }) });

/** Headers of every answer to a client, if the config has a rate limit. */
export const RATE_LIMIT = {
  'ratelimit-limit': limit('Requests that one client may send to this instance within a second.'),
  'ratelimit-remaining': limit('Requests that are left.'),
  'ratelimit-reset': limit('Seconds until all are available again.'),
} as const satisfies Record<string, HeaderKind>;

/** Header of every problem with status 429 or 503. */
export const RETRY_AFTER: HeaderKind = {
  description: 'Seconds after which a repeated request may succeed.',
  schema: Type.Integer({ minimum: 1 }),
};

/** Header of every 401, and of a 403 for a missing scope. */
export const AUTHENTICATE: HeaderKind = {
  description: 'The authentication scheme, and what was wrong with the credentials.',
  schema: Type.String(),
};
