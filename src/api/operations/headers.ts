import { type TSchema, Type } from 'typebox';

/** A header, as the document describes it. */
export interface HeaderKind {
  description: string;
  schema: TSchema;
}

/** What a request may carry. An operation that reads one of them names it in `headers`. */
export const REQUEST_HEADERS = {
  'muster-consistency': {
    description:
      'Tokens of writes, as their answers carried them, with commas between: the answer is not older than those writes.',
    schema: Type.String({ maxLength: 8192 }),
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
  'cache-control': { description: 'Nobody keeps the answer for somebody else.', schema: Type.Literal('no-store') },
} as const satisfies Record<string, HeaderKind>;
export type AnswerHeader = keyof typeof ANSWER_HEADERS;

/** On every answer, problems too. */
export const REQUEST_ID: HeaderKind = {
  description: 'Names the request, also in the log.',
  schema: Type.String({ format: 'uuid' }),
};

/** On every problem with status 503. */
export const RETRY_AFTER: HeaderKind = {
  description: 'When asking again may help, in seconds.',
  schema: Type.Integer({ minimum: 1 }),
};

/** On every 401, and on the 403 that asks for a scope. */
export const AUTHENTICATE: HeaderKind = {
  description: 'The scheme by which the sender has to say who it is, and what was wrong.',
  schema: Type.String(),
};
