import { setTimeout as delay } from 'node:timers/promises';
import { PROBLEM_TYPE } from '../api/operations/operation.ts';
import type { Problem } from '../api/problems/problem-answers.ts';
import type { ProblemCode } from '../api/problems/problems.ts';
import { systemClock } from '../ops/clock.ts';
import { ENDPOINTS } from './endpoints.ts';
import { type ClientOptions, type Endpoint, type Received, type Request, send } from './send.ts';
import type { Client } from './shapes.ts';

export type { ClientOptions } from './send.ts';
export type { AnswerOf, Client, RequestOf } from './shapes.ts';

/** Muster answered with a problem. `is` narrows its type by code. */
export class MusterProblem extends Error {
  override name = 'MusterProblem';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(`${problem.title}: ${problem.detail}`);
    this.problem = problem;
  }

  is<C extends ProblemCode>(code: C): this is { problem: Problem<C> } {
    return this.problem.code === code;
  }
}

/** No answer in time, or an answer that is not Muster's. The request may have been executed. */
export class NoAnswer extends Error {
  override name = 'NoAnswer';
}

const DEADLINE_MS = 5000;
const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 100;
/** Temporary failures: the instance is stopping, or a dependency is unavailable. */
const TEMPORARY = new Set([502, 503, 504]);

/**
 * A client of the API, with one function per operation that resolves with its answer. Repeatable operations are retried after
 * timeouts and temporary failures.
 *
 * Every function throws MusterProblem for a problem, and NoAnswer if there is no answer in time.
 */
export function createClient(options: ClientOptions): Client {
  const functions = Object.entries(ENDPOINTS).map(([id, endpoint]) => [
    id,
    (request: Request = {}) => ask(endpoint, request, options),
  ]);
  return Object.fromEntries(functions);
}

async function ask(endpoint: Endpoint, request: Request, options: ClientOptions): Promise<Received> {
  const { clock = systemClock, attempts = ATTEMPTS } = options;
  const endsMs = clock.monotonicMs() + (request.deadlineMs ?? options.deadlineMs ?? DEADLINE_MS);
  for (let attempt = 1; ; attempt++) {
    const received = await send(endpoint, request, options, endsMs - clock.monotonicMs()).catch(noAnswer);
    const isLast = attempt >= attempts || !endpoint.isRepeatable;
    const pauseMs = pauseAfter(received, attempt);
    if (isLast || pauseMs === undefined || clock.monotonicMs() + pauseMs >= endsMs) return judge(endpoint, received);
    await delay(pauseMs);
  }
}

const noAnswer = (error: Error): NoAnswer => new NoAnswer(`no answer (${error.message})`, { cause: error });

/** Delay before the next attempt, in ms; undefined if a retry would not help. */
function pauseAfter(received: Received | NoAnswer, attempt: number): number | undefined {
  const backoffMs = FIRST_PAUSE_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
  if (received instanceof NoAnswer) return backoffMs;
  if (!TEMPORARY.has(received.status)) return undefined;
  return Math.max(backoffMs, Number(received.headers['retry-after'] ?? 0) * 1000);
}

/** @throws MusterProblem, NoAnswer */
function judge({ answers }: Endpoint, received: Received | NoAnswer): Received {
  if (received instanceof NoAnswer) throw received;
  const { status, body, headers } = received;
  const [type] = (headers['content-type'] ?? '').split(';');
  if (type === PROBLEM_TYPE) throw new MusterProblem(body as Problem);
  if (type !== undefined && answers[status] === type) return received;
  throw new NoAnswer(`${status} with ${type || 'nothing'} is not an answer of Muster: is there a proxy in between?`);
}
