import type { TSchema } from 'typebox';
import type { Scope } from '../../auth/scopes.ts';
import type { Access } from '../hooks/access.ts';
import type { ProblemCode } from '../problems/problems.ts';
import type { AnswerHeader, RequestHeader } from './headers.ts';

/** The chapters of the document, in order. */
export const TAGS = {
  Claims: 'The exclusive right to send one interaction to one agent: granted, confirmed, renewed, settled.',
  Agents: 'Who is available, who somebody is, how long a line is.',
  Scripts: 'Claiming and settling for the scripts of platforms, which branch on fields and not on statuses.',
  Events: 'What happens to agents, as told by platforms and by anybody else.',
  Operators: 'How the regions are: for people, for load balancers, for other regions.',
  Document: 'This document.',
} as const;
type Tag = keyof typeof TAGS;

/** What somebody sends in a body. */
export interface Body {
  schema: TSchema;
  /** JSON, and what else is taken. */
  types?: readonly string[];
  isOptional?: true;
}

/** What comes back when nothing is wrong. */
export interface Answer {
  description: string;
  /** Absent where there is no body. */
  schema?: TSchema;
  /** JSON unless it says. */
  type?: string;
  headers?: readonly AnswerHeader[];
}

/**
 * One method on one path: all that can be asked and answered. A route that has no operation does not start, and every
 * answer in the tests is held against its operation.
 */
export interface Operation {
  method: 'GET' | 'POST' | 'DELETE';
  /** With its parameters in braces. */
  path: `/${string}`;
  tag: Tag;
  /** Who may ask. The route must say the same. */
  access: Access;
  /** The scope that a query parameter asks for instead. */
  accessWith?: Readonly<Record<string, Scope>>;
  summary: string;
  description?: string;
  /** Why doing it twice is the same as doing it once. Clients repeat what has this, and nothing else. */
  repeatable?: string;
  params?: TSchema;
  query?: TSchema;
  headers?: readonly RequestHeader[];
  /** Whether it also takes `if-none-match`, and then may answer 304; Muster's own client has nothing to compare with. */
  unlessKnown?: true;
  body?: Body;
  /** On every answer, problems too. */
  always?: readonly AnswerHeader[];
  /** By status. */
  answers: { readonly [status: number]: Answer };
  /** Besides those that any route may answer with. */
  problems: readonly ProblemCode[];
}

/** What every route may answer with. */
const ANYWHERE = ['overloaded', 'starting', 'draining', 'internal', 'head_too_large'] as const satisfies ProblemCode[];
/** And every route with parameters in its path, where they are too long. */
const IN_PATH = ['unknown_route'] as const satisfies ProblemCode[];
/** And every route that takes a body. */
export const IN_BODY = [
  'invalid_request',
  'not_json',
  'body_too_large',
  'unsupported_media_type',
] as const satisfies ProblemCode[];
/** To a caller who knows the answer already. */
export const KNOWN: Answer = { description: 'As the caller knows already, but for ages.' };
/** And every write that may have a key of its caller's. */
export const KEYED = [
  'idempotency_key_reused',
  'idempotency_key_in_use',
  'shard_unavailable',
] as const satisfies ProblemCode[];
/** What such a write answers with when it is asked again. */
export const REPLAYED = ['idempotent-replayed', 'age'] as const satisfies AnswerHeader[];
/** And every read that can be asked to come after a write. */
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
