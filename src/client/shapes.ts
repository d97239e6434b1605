import type { Static, TSchema } from 'typebox';
import type { Operation } from '../api/operations/operation.ts';
import type { OperationId, Operations } from '../api/operations/operations.ts';

/**
 * Types of requests and answers, inferred from the operations that the document is made from and requests are validated by. So
 * they are never out of date.
 */

/** Optional where nothing in it is needed. */
type Named<K extends string, S> = Record<never, never> extends S ? { [name in K]?: S } : { [name in K]: S };

type ParamsOf<O> = O extends { params: infer S extends TSchema } ? Named<'params', Static<S>> : unknown;
type QueryOf<O> = O extends { query: infer S extends TSchema } ? Named<'query', Static<S>> : unknown;

type BodyOf<O> = O extends { body: { schema: infer S extends TSchema; isOptional: true } }
  ? { body?: Exclude<Static<S>, null> }
  : O extends { body: { schema: infer S extends TSchema } }
    ? { body: Static<S> }
    : unknown;

type HeadersOf<O> = O extends { headers: readonly (infer H extends string)[] }
  ? { headers?: { [name in H]?: string } }
  : unknown;

interface Limit {
  /** How long the answer may take, repetitions included, in ms; what the client was made with if left out. */
  deadlineMs?: number;
}

/** What an operation is asked with. */
export type RequestOf<Id extends OperationId> = ParamsOf<Operations[Id]> &
  QueryOf<Operations[Id]> &
  BodyOf<Operations[Id]> &
  HeadersOf<Operations[Id]> &
  Limit;

type Answers<O extends Operation> = {
  [Status in keyof O['answers'] & number]: {
    status: Status;
    body: O['answers'][Status] extends { schema: infer S extends TSchema } ? Static<S> : undefined;
    /** By name, in small letters. */
    headers: Record<string, string>;
    /** The token of what was written, for `muster-consistency` of reads that must come after it. */
    token: string | undefined;
  };
};

/** What an operation answers when nothing is wrong; `status` says which of its answers it is. */
export type AnswerOf<Id extends OperationId> = Answers<Operations[Id]>[keyof Answers<Operations[Id]>];

/** The whole API: one function for each operation. */
export type Client = {
  readonly [Id in OperationId]: (
    ...request: Record<never, never> extends RequestOf<Id> ? [request?: RequestOf<Id>] : [request: RequestOf<Id>]
  ) => Promise<AnswerOf<Id>>;
};
