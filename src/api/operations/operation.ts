import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { Scope } from '../../auth/scopes.ts';
import type { HandlerContext } from '../context.ts';
import type { ProblemCode } from '../problems/problems.ts';
import type { AnswerHeader, RequestHeader } from './headers.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** The parts of the instance and of its server that handlers work with. */
    context: HandlerContext;
  }
  interface FastifyContextConfig {
    /** The operation that the route serves. Every route has one; undefined: no route matched. */
    operation?: Operation;
  }
}

/** The tags of the OpenAPI document, in order, with their descriptions. */
export const TAGS = {
  Claims: 'The exclusive right to send one interaction to one agent: granted, confirmed, renewed, settled.',
  Agents: 'Availability and state of agents, and the queues that they are in.',
  Scripts: 'Claims and settlements for scripts on platforms, which branch on fields, not on HTTP statuses.',
  Events: 'Changes to agents, reported by platforms and other systems.',
  Operators: 'The state of regions, for people, load balancers and other regions.',
  Document: 'This document.',
} as const;
type Tag = keyof typeof TAGS;

/**
 * Who may call an operation: clients whose token grants the scope; `region`: other regions, by their own keys; `platform`: a
 * connection's platform, by the secret of the connection; `open`: everyone.
 */
export type Access = Scope | 'region' | 'platform' | 'open';

/**
 * Kind of work, in the order in which an overloaded instance rejects it. Settlements come last because a claim that is not
 * settled holds an agent. Operations without a kind are never rejected for load.
 */
export type Work = 'lookup' | 'claim' | 'settlement';

/** A request body. */
type Body = {
  schema: TSchema;
  /** Media types; JSON if left out. */
  types?: readonly string[];
  isOptional?: true;
  /** Adds the parsers that the body needs, for this operation alone. JSON is parsed if left out. */
  parsers?: (scope: FastifyInstance) => void;
};

/** A successful answer. */
export interface Answer {
  description: string;
  /** Absent where there is no body. */
  schema?: TSchema;
  /** Media type; JSON if left out. */
  type?: string;
  headers?: readonly AnswerHeader[];
}

/** The description of an operation: what it accepts and answers. The tests check every answer against it. */
interface Described {
  method: 'GET' | 'POST' | 'DELETE';
  /** With parameters in braces. */
  path: `/${string}`;
  tag: Tag;
  access: Access;
  /** The scope needed instead of `access` if the request has this query parameter. */
  accessWith?: Readonly<Record<string, Scope>>;
  work?: Work;
  summary: string;
  description?: string;
  /** Why repeating the request is safe. Clients repeat only operations that have this. */
  repeatable?: string;
  params?: TSchema;
  query?: TSchema;
  /** With `idempotency-key`, successful answers are stored and repeated under the caller's key. */
  headers?: readonly RequestHeader[];
  /** Whether it also takes `if-none-match` and may answer 304. Muster's own client has no use for it. */
  unlessKnown?: true;
  body?: Body;
  /** `handler`: the handler validates query and body. If left out, their schemas validate them before the handler runs. */
  validatedBy?: 'handler';
  /** Whether `params` are validated, too. They are strings in any case. */
  validatesPath?: true;
  /** Whether the GET has no HEAD route. */
  noHead?: true;
  /** Headers of every answer, problems included. */
  always?: readonly AnswerHeader[];
  /** By status. The default status is 200. */
  answers: { readonly [status: number]: Answer };
  /** Problems of this operation, in addition to those of every route. */
  problems: readonly ProblemCode[];
}

type StaticOf<S> = S extends TSchema ? Static<S> : unknown;

type BodyOf<Sent> = Sent extends { schema: infer S; isOptional: true }
  ? StaticOf<S> | undefined
  : Sent extends { schema: infer S }
    ? StaticOf<S>
    : unknown;

type AnswerOf<Answers> = {
  [Status in keyof Answers]: Answers[Status] extends { schema: infer S } ? StaticOf<S> : never;
}[keyof Answers];

/** A request of an operation. Query and body are unknown where the handler validates them. */
type RequestOf<Params, Query, Headers, Sent, Validator> = FastifyRequest<{
  Params: StaticOf<Params>;
  Querystring: Validator extends 'handler' ? unknown : StaticOf<Query>;
  Headers: Headers extends readonly (infer Name extends string)[] ? { [name in Name]?: string } : unknown;
  Body: Validator extends 'handler' ? unknown : BodyOf<Sent>;
}>;

interface Handled<Request, Answered> {
  /** Runs after authentication and admission, before the body is read and stored answers are looked up. */
  onRequest?(request: Request, reply: FastifyReply): void;
  /** Resolves with the body of the answer, or with a reply that has been sent. */
  handler(request: Request, reply: FastifyReply): Promise<Answered | FastifyReply>;
}

/** An operation: one method on one path, with its handler. */
export interface Operation extends Described, Handled<FastifyRequest, unknown> {}

/** The members of an operation that determine the types of its handler. */
type Schemas<Params, Query, Headers, Sent, Answers> = {
  params: Params;
  query: Query;
  headers: Headers;
  body: Sent;
  answers: Answers;
};

type Typed<Params, Query, Headers, Sent, Answers> = Omit<
  Operation,
  keyof Schemas<Params, Query, Headers, Sent, Answers>
> &
  Schemas<Params, Query, Headers, Sent, Answers>;

/** Defines an operation. Its schemas determine the types of its handler's request and answer. */
export function operation<
  Answers extends Described['answers'],
  Params extends TSchema | undefined = undefined,
  Query extends TSchema | undefined = undefined,
  Headers extends readonly RequestHeader[] | undefined = undefined,
  Sent extends Body | undefined = undefined,
  Validator extends Described['validatedBy'] = undefined,
>(
  defined: Described &
    Partial<Schemas<Params, Query, Headers, Sent, Answers>> & { answers: Answers; validatedBy?: Validator } & Handled<
      RequestOf<Params, Query, Headers, Sent, Validator>,
      AnswerOf<Answers>
    >,
): Typed<Params, Query, Headers, Sent, Answers> {
  // A member that is left out has the type undefined, which the compiler cannot see through `Partial`.
  return defined as Typed<Params, Query, Headers, Sent, Answers>;
}

/** Problems of every route. */
const ANYWHERE = [
  'overloaded',
  'starting',
  'draining',
  'unknown_format',
  'internal',
  'head_too_large',
] as const satisfies ProblemCode[];
/** Problems of routes with path parameters, which can be too long. */
const IN_PATH = ['unknown_route'] as const satisfies ProblemCode[];
/** Problems of routes that take a body. */
export const IN_BODY = [
  'invalid_request',
  'not_json',
  'body_too_large',
  'unsupported_media_type',
] as const satisfies ProblemCode[];
/** The 304 answer, if the caller's `if-none-match` names the current etag. */
export const KNOWN: Answer = { description: 'Nothing but ages has changed since the answer that the caller has.' };
/** Problems of writes that take `idempotency-key`. */
export const KEYED = [
  'idempotency_key_reused',
  'idempotency_key_in_use',
  'shard_unavailable',
] as const satisfies ProblemCode[];
/** Headers of an answer that is repeated under `idempotency-key`. */
export const REPLAYED = ['idempotent-replayed', 'age'] as const satisfies AnswerHeader[];
/** Problems of reads that take consistency tokens. */
export const AFTER_WRITES = [
  'invalid_request',
  'not_yet_consistent',
  'shard_unavailable',
] as const satisfies ProblemCode[];

export const JSON_TYPE = 'application/json';
export const PROBLEM_TYPE = 'application/problem+json';
export const FORM_TYPE = 'application/x-www-form-urlencoded';

/** All problems that an operation may answer with. */
export const problemsOf = ({ access, params, problems }: Operation): ProblemCode[] => [
  ...new Set([...problems, ...(params ? IN_PATH : []), ...problemsOfAccess(access), ...ANYWHERE]),
];

function problemsOfAccess(access: Access): ProblemCode[] {
  if (access === 'open') return [];
  if (access === 'platform') return ['unauthenticated'];
  const ofToken: ProblemCode[] = ['unauthenticated', 'not_that_region', 'keys_unavailable'];
  return access === 'region' ? ofToken : ['insufficient_scope', 'too_many_requests', ...ofToken];
}
