import { Agent, type Dispatcher, request } from 'undici';
import type { Clock } from '../../ops/clock.ts';
import { traceHeaders } from '../../ops/trace.ts';
import { backoffMs, pause } from '../backoff.ts';
import { type Endpoint, pathOf } from '../endpoint.ts';
import { causeOf, parse, RequestFailed } from '../failure.ts';
import type { ReaderContext } from '../platform.ts';
import { failureOf } from './failure.ts';
import { type GenesysCall, type GenesysEndpoint, REQUESTS } from './requests.ts';
import type { GenesysSettings } from './settings.ts';
import { type AccessToken, TokenSource } from './token.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const HEADERS_TIMEOUT_MS = 15_000;
const BODY_TIMEOUT_MS = 30_000;
const DEFAULT_RETRY_AFTER_S = 5;

interface Answer<T> {
  body: T;
  /** Time of the response by the platform's clock, in ms (whole seconds); used for facts without a time of their own. */
  atMs: number;
  /** The token of the request. */
  token: AccessToken;
}

/** How a client retries and waits. */
interface SendPolicy {
  /** Attempts per request. */
  attempts: number;
  /** Whether a request waits for budget; if false it fails at once. */
  waits: boolean;
}

/** For full reads and subscriptions, where nobody waits for an answer. */
const BACKGROUND: SendPolicy = { attempts: 5, waits: true };

interface Exchange {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

type Accept<R> = (exchange: Exchange, what: string, token: AccessToken) => R;

/**
 * The REST API, within its limits: uses the region's budget, obeys `Retry-After`, replaces a refused token once, and repeats
 * reads after failures of the platform or the network.
 */
export class GenesysApi {
  readonly #settings: GenesysSettings;
  readonly #context: ReaderContext;
  readonly #policy: SendPolicy;
  readonly #dispatcher: Agent;
  readonly #tokens: TokenSource;
  readonly #signal: AbortSignal;
  /** Called when the platform has refused a token: channels that use it may be dead. */
  onTokenRefused: () => void = () => {};

  constructor(
    settings: GenesysSettings,
    context: ReaderContext,
    clock: Clock,
    signal: AbortSignal,
    policy: SendPolicy = BACKGROUND,
  ) {
    this.#settings = settings;
    this.#context = context;
    this.#signal = signal;
    this.#dispatcher = new Agent({
      connect: { timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: HEADERS_TIMEOUT_MS,
      bodyTimeout: BODY_TIMEOUT_MS,
      connections: 4,
    });
    this.#tokens = new TokenSource(settings, this.#dispatcher, clock);
    this.#policy = policy;
  }

  /** Fetches a token if there is none. @throws RequestFailed */
  async login(): Promise<void> {
    await this.#token();
  }

  /**
   * Sends a request of the table `REQUESTS`.
   * @param callerSignal aborts when the caller no longer needs the answer
   * @throws RequestFailed; its message names a missing permission
   */
  send<T>(
    call: GenesysCall,
    { body, callerSignal }: { body?: unknown; callerSignal?: AbortSignal } = {},
  ): Promise<Answer<T>> {
    return this.#send(call, body, callerSignal, (...answer) => this.#accept<T>(...answer));
  }

  /** Sends a request and ignores the body of the response. @throws RequestFailed */
  async sendOnly(call: GenesysCall, body: unknown, callerSignal: AbortSignal): Promise<void> {
    await this.#send(call, body, callerSignal, () => undefined);
  }

  async close(): Promise<void> {
    await this.#dispatcher.destroy();
  }

  /** @param accept reads a successful response */
  async #send<R>(
    call: GenesysCall,
    body: unknown,
    callerSignal: AbortSignal | undefined,
    accept: Accept<R>,
  ): Promise<R> {
    const endpoint: GenesysEndpoint = REQUESTS[call.to];
    const path = pathOf(endpoint, call);
    const address = call.query ? `${path}?${call.query}` : path;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const signal = callerSignal ? AbortSignal.any([this.#signal, callerSignal]) : this.#signal;
    const what = `${endpoint.method} ${path}`;
    let isTokenNew = false;
    for (let attempt = 1; ; attempt++) {
      await this.#takeBudget(what);
      const token = await this.#token();
      const exchange = await this.#exchange(endpoint, address, token, text, signal).catch((error: Error) => error);
      if (!(exchange instanceof Error) && exchange.status < 300) {
        this.#context.budget.accepted();
        return accept(exchange, what, token);
      }
      signal.throwIfAborted();
      const failure =
        exchange instanceof Error
          ? new RequestFailed(0, `${what} failed: ${causeOf(exchange)}`)
          : failureOf(exchange.status, what, exchange.text, endpoint.permission);
      if (failure.status === 401 && !isTokenNew) {
        isTokenNew = true;
        this.#tokens.refuse(token);
        this.onTokenRefused();
        continue;
      }
      const retryAfter = exchange instanceof Error ? undefined : exchange.headers['retry-after'];
      await this.#recover(failure, attempt, endpoint, Number(retryAfter));
    }
  }

  async #takeBudget(what: string): Promise<void> {
    const { budget, count } = this.#context;
    if (this.#policy.waits) return budget.take(this.#signal);
    if (await budget.takeNow()) return;
    count('out_of_budget');
    throw new RequestFailed(429, `${what} was not sent: the region's request budget of this minute is used up`);
  }

  /** A failed login is not repeated here; the caller retries. */
  async #token(): Promise<AccessToken> {
    try {
      return await this.#tokens.get(this.#signal);
    } catch (error) {
      this.#context.count('request_failed', 'login');
      throw error;
    }
  }

  /** Waits before the next attempt; throws the failure if it is permanent or all attempts are used up. */
  async #recover(failure: RequestFailed, attempt: number, { method }: Endpoint, retryAfterS: number): Promise<void> {
    const isThrottled = failure.status === 429;
    this.#context.count(isThrottled ? 'throttled' : 'request_failed', String(failure.status));
    if (isThrottled) this.#context.budget.refused((retryAfterS > 0 ? retryAfterS : DEFAULT_RETRY_AFTER_S) * 1000);
    const isPassing = isThrottled || (method === 'GET' && (failure.status === 0 || failure.status >= 500));
    if (!isPassing || attempt >= this.#policy.attempts) throw failure;
    if (!isThrottled) await pause(backoffMs(attempt), this.#signal);
  }

  async #exchange(
    { method }: Endpoint,
    address: string,
    token: AccessToken,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<Exchange> {
    const authorization = `Bearer ${token.value}`;
    const headers: Record<string, string> = { authorization, accept: 'application/json', ...traceHeaders() };
    if (body !== undefined) headers['content-type'] = 'application/json';
    const options = { method, headers, dispatcher: this.#dispatcher as Dispatcher, signal };
    const answer = await request(
      `${this.#settings.apiUrl}${address}`,
      body === undefined ? options : { ...options, body },
    );
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  }

  #accept<T>({ status, headers, text }: Exchange, what: string, token: AccessToken): Answer<T> {
    const body = parse(text, () => this.#context.count('mended_text'));
    const atMs = Date.parse(String(headers.date));
    if (typeof body !== 'object' || body === null) throw new RequestFailed(status, `${what} answered without JSON`);
    if (Number.isNaN(atMs)) throw new RequestFailed(status, `${what} answered without a date`);
    return { body: body as T, atMs, token };
  }
}
