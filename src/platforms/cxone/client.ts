import { Agent, request } from 'undici';
import { cut } from '../../agent/text.ts';
import type { Clock } from '../../ops/clock.ts';
import { traceHeaders } from '../../ops/trace.ts';
import { pause } from '../backoff.ts';
import { pathOf } from '../endpoint.ts';
import { causeOf, parse, RequestFailed } from '../failure.ts';
import type { ReaderContext } from '../platform.ts';
import { type Exchange, failureOf, retryAfterMs } from './failure.ts';
import { type CxoneCall, type CxoneEndpoint, REQUESTS } from './requests.ts';
import { type Session, SessionSource } from './session.ts';
import type { CxoneSettings } from './settings.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const HEADERS_TIMEOUT_MS = 15_000;
const BODY_TIMEOUT_MS = 30_000;
const FIRST_BACKOFF_MS = 2_000;
const LONGEST_BACKOFF_MS = 60_000;
const NOTHING_NEW = new Set([204, 304]);

interface Answer {
  /** Undefined for an empty response (204, 304). */
  body: Record<string, unknown> | undefined;
  /** Time of the response by the platform's clock, in ms; whole seconds. */
  atMs: number;
}

/** How a client retries and waits. */
interface SendPolicy {
  /** Attempts per request. */
  attempts: number;
  /** Whether a request waits for budget; if false it fails at once. */
  waits: boolean;
}

/** Priority of a request: `poll` uses the budget first, `reading` leaves a share to it. */
export type RequestKind = 'poll' | 'reading';

/**
 * The REST API, within the region's budget. Replaces a refused token once, and repeats requests after failures of the platform
 * or the network; all requests only read, so all can be repeated.
 */
export class CxoneApi {
  readonly #settings: CxoneSettings;
  readonly #context: Pick<ReaderContext, 'budget' | 'count'>;
  readonly #policy: SendPolicy;
  readonly #dispatcher: Agent;
  readonly #sessions: SessionSource;
  readonly #signal: AbortSignal;

  constructor(
    settings: CxoneSettings,
    context: Pick<ReaderContext, 'budget' | 'count'>,
    clock: Clock,
    signal: AbortSignal,
    policy: SendPolicy,
  ) {
    this.#settings = settings;
    this.#context = context;
    this.#signal = signal;
    this.#policy = policy;
    // HTTP/2 to the login host is reported to fail.
    this.#dispatcher = new Agent({
      allowH2: false,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: HEADERS_TIMEOUT_MS,
      bodyTimeout: BODY_TIMEOUT_MS,
      connections: 4,
    });
    this.#sessions = new SessionSource(settings, this.#dispatcher, clock);
  }

  /** Whether the first full read is still running: it leaves less budget to the polls. */
  isFirstReading = true;

  /** Rows per page. Smaller after the platform has refused the configured size. */
  get pageSize(): number {
    return this.#pageSize ?? this.#settings.pageSize;
  }
  set pageSize(rows: number) {
    this.#pageSize = rows;
  }
  #pageSize: number | undefined;

  /** Logs in if there is no token. @throws RequestFailed */
  async login(): Promise<void> {
    await this.#session();
  }

  /**
   * Sends a request of the table `REQUESTS`.
   * @param callerSignal aborts when the caller no longer needs the answer
   * @throws RequestFailed; its message names a missing scope
   */
  async get(call: CxoneCall, kind: RequestKind, callerSignal?: AbortSignal): Promise<Answer> {
    const endpoint: CxoneEndpoint = REQUESTS[call.to];
    const path = pathOf(endpoint, call);
    const address = call.query ? `${path}?${call.query}` : path;
    const signal = callerSignal ? AbortSignal.any([this.#signal, callerSignal]) : this.#signal;
    const what = `GET ${path}`;
    let isTokenNew = false;
    for (let attempt = 1; ; attempt++) {
      await this.#takeBudget(what, kind, signal);
      const session = await this.#session();
      const outcome = await this.#exchange(session, address, signal).catch((error: Error) => error);
      signal.throwIfAborted();
      const answer = outcome instanceof Error ? unreachable(what, outcome) : this.#accept(outcome, what, endpoint);
      if (!(answer instanceof Error)) {
        this.#context.budget.accepted();
        return answer;
      }
      if (answer.status === 401 && !isTokenNew) {
        isTokenNew = true;
        this.#sessions.refuse(session);
        continue;
      }
      await this.#recover(answer, attempt, outcome instanceof Error ? undefined : retryAfterMs(outcome), signal);
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  async #takeBudget(what: string, kind: RequestKind, signal: AbortSignal): Promise<void> {
    if (!this.#policy.waits) {
      if (await this.#context.budget.takeNow()) return;
      this.#context.count('out_of_budget');
      throw new RequestFailed(429, `${what} was not sent: the region's request budget of this minute is used up`);
    }
    const priority = this.isFirstReading ? 'first' : 'reading';
    await this.#context.budget.take(signal, kind === 'reading' ? priority : 'rest');
  }

  /** A failed login is not repeated here; the caller retries. */
  async #session(): Promise<Session> {
    try {
      return await this.#sessions.get(this.#signal);
    } catch (error) {
      this.#context.count('request_failed', 'login');
      throw error;
    }
  }

  /** Waits before the next attempt; throws the failure if it is permanent or all attempts are used up. */
  async #recover(failure: RequestFailed, attempt: number, askedMs: number | undefined, signal: AbortSignal) {
    const isThrottled = failure.status === 429;
    this.#context.count(isThrottled ? 'throttled' : 'request_failed', String(failure.status));
    // The budget doubles the wait with every refusal in a row, and applies it to all instances.
    if (isThrottled) this.#context.budget.refused(askedMs ?? FIRST_BACKOFF_MS * Math.random());
    const isPassing = isThrottled || failure.status < 300 || failure.status >= 500;
    if (!isPassing || attempt >= this.#policy.attempts) throw failure;
    if (!isThrottled) await pause(askedMs ?? fullJitterMs(attempt), signal);
  }

  #accept(exchange: Exchange, what: string, { scope }: CxoneEndpoint): Answer | RequestFailed {
    if (exchange.status === 403) return failureOf(exchange, what, `${scope}, and a role that allows it`);
    return accept(exchange, what, () => this.#context.count('mended_text'));
  }

  async #exchange({ token, apiUrl }: Session, address: string, signal: AbortSignal): Promise<Exchange> {
    const { apiVersion } = this.#settings;
    const answer = await request(`${apiUrl}/incontactapi/services/v${apiVersion}.0/${address}`, {
      // Without this header the API does not answer with JSON.
      headers: { authorization: `Bearer ${token}`, accept: 'application/json', ...traceHeaders() },
      dispatcher: this.#dispatcher,
      signal,
    });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  }
}

/** Random delay in ms, up to a limit that doubles with every failure in a row. */
function fullJitterMs(failures: number): number {
  return Math.random() * Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1));
}

const unreachable = (what: string, error: Error): RequestFailed =>
  new RequestFailed(0, `${what} failed: ${causeOf(error)}`);

function accept(exchange: Exchange, what: string, onMended: () => void): Answer | RequestFailed {
  const { status, headers, text } = exchange;
  const isNothing = NOTHING_NEW.has(status);
  if (status >= 300 && !isNothing) return failureOf(exchange, what);
  const body = isNothing ? undefined : parse(text, onMended);
  if (!isNothing && (typeof body !== 'object' || body === null))
    return new RequestFailed(status, `${what} answered without JSON: ${cut(text, 100)}`);
  const atMs = Date.parse(String(headers.date));
  if (Number.isNaN(atMs)) return new RequestFailed(status, `${what} answered without a date`);
  return { body: body as Record<string, unknown> | undefined, atMs };
}
