import { type TSchema, Type } from 'typebox';
import { REQUEST_LIMITS } from '../../agent/limits.ts';

/** Form of a request's id: nothing that could be taken for something else in a log. */
export const REQUEST_ID_FORM = '^[A-Za-z0-9._~-]{1,128}$';

/** A header, as the document describes it. */
export interface HeaderKind {
  description: string;
  schema: TSchema;
}

/** Of a caller's key: printable ASCII; in quotes, as the IETF's draft has it, or without. */
const longest = REQUEST_LIMITS.idempotencyKey.most;
export const KEY_FORM = `^(?:"([ !#-\\[\\]-~]{1,${longest}})"|([!#-~]{1,${longest}}))$`;

/** What a request may carry. An operation that reads one of them names it in `headers`. */
export const REQUEST_HEADERS = {
  'muster-consistency': {
    description:
      'Tokens of writes, as their answers carried them, with commas between: the answer is not older than those writes.',
    schema: Type.String({ maxLength: REQUEST_LIMITS.tokens.most }),
  },
  'idempotency-key': {
    description:
      'A name that the caller gives to the request: made again within 10 minutes it is not carried out again, but answered as before.',
    schema: Type.String({ pattern: KEY_FORM }),
  },
  'if-none-match': {
    description: 'Tags of answers that are known already: where nothing but ages has changed since, the answer is 304.',
    schema: Type.String(),
  },
  'last-event-id': {
    description: 'The id of the last event that was seen: the stream goes on behind it.',
    schema: Type.String({ maxLength: REQUEST_LIMITS.lastEventId.most }),
  },
  'x-muster-signature': {
    description:
      'Of a connection whose scheme is `hmac-sha256`: `sha256=` and the HMAC of the body, in hex or base64, under its secret.',
    schema: Type.String(),
  },
} as const satisfies Record<string, HeaderKind>;
export type RequestHeader = keyof typeof REQUEST_HEADERS;

/** What an answer may carry. An answer that does names it in `headers`. */
export const ANSWER_HEADERS = {
  'muster-consistency': {
    description: 'The token of this write: a read that carries it comes after it, in every region.',
    schema: Type.String(),
  },
  'muster-answered-by': {
    description: 'The region whose answer this is, where the request carried tokens.',
    schema: Type.String(),
  },
  'idempotent-replayed': { description: 'This was answered before.', schema: Type.Literal('true') },
  age: {
    description: 'How long ago, in seconds: what lasts was counted from then on.',
    schema: Type.Integer({ minimum: 0 }),
  },
  etag: {
    description: 'Names what the answer says, but for ages: weak, since answers of one tag may differ in these.',
    schema: Type.String({ pattern: '^W/".+"$' }),
  },
  'x-accel-buffering': { description: 'Proxies pass it on as it comes.', schema: Type.Literal('no') },
  'cache-control': { description: 'Nobody keeps the answer for somebody else.', schema: Type.Literal('no-store') },
} as const satisfies Record<string, HeaderKind>;
export type AnswerHeader = keyof typeof ANSWER_HEADERS;

/** On every answer, problems too. */
export const REQUEST_ID: HeaderKind = {
  description: 'Names the request, also in the log: as the caller did in the same header, if that is fit for it.',
  schema: Type.String({ pattern: REQUEST_ID_FORM }),
};

const limit = (description: string): HeaderKind => ({ description, schema: Type.Integer({ minimum: 0 }) });

/** On every answer to a client, where the config limits what one may ask. */
export const RATE_LIMIT = {
  'ratelimit-limit': limit('Requests that one client may make of this instance within a second.'),
  'ratelimit-remaining': limit('How many of them are left.'),
  'ratelimit-reset': limit('When it is as many again, in seconds.'),
} as const satisfies Record<string, HeaderKind>;

/** On every problem with status 429 or 503. */
export const RETRY_AFTER: HeaderKind = {
  description: 'When asking again may help, in seconds.',
  schema: Type.Integer({ minimum: 1 }),
};

/** On every 401, and on the 403 that asks for a scope. */
export const AUTHENTICATE: HeaderKind = {
  description: 'The scheme by which the sender has to say who it is, and what was wrong.',
  schema: Type.String(),
};
