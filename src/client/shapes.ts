import type { Static, TSchema } from 'typebox';
import type { Operation } from '../api/operations/operation.ts';
import type { OperationId, Operations } from '../api/operations/operations.ts';

/**
 * Types of requests and answers, inferred from the operations. The OpenAPI document and the validation use the same
 * operations, so nothing is generated and nothing can be outdated.
 */

/** Optional if it has no required fields. */
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
  /** Time limit for the answer, retries included, in ms. Default: that of the client. */
  deadlineMs?: number;
}

/** Request of an operation. */
export type RequestOf<Id extends OperationId> = ParamsOf<Operations[Id]> &
  QueryOf<Operations[Id]> &
  BodyOf<Operations[Id]> &
  HeadersOf<Operations[Id]> &
  Limit;

type Answers<O extends Operation> = {
  [Status in keyof O['answers'] & number]: {
    status: Status;
    body: O['answers'][Status] extends { schema: infer S extends TSchema } ? Static<S> : undefined;
    /** By lower-case name. */
    headers: Record<string, string>;
    /** Consistency token of a write, for the header `muster-consistency` of later reads. */
    token: string | undefined;
  };
};

/** Successful answers of an operation; `status` distinguishes them. */
export type AnswerOf<Id extends OperationId> = Answers<Operations[Id]>[keyof Answers<Operations[Id]>];

/** The whole API: one function for each operation. */
export type Client = {
  readonly [Id in OperationId]: (
    ...request: Record<never, never> extends RequestOf<Id> ? [request?: RequestOf<Id>] : [request: RequestOf<Id>]
  ) => Promise<AnswerOf<Id>>;
};
