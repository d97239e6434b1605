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
  /** Undefined where the platform says that there is nothing, or nothing new. */
  body: Record<string, unknown> | undefined;
  /** When the platform answered, by its own clock, in ms: exact where the body says it, else in whole seconds. */
  atMs: number;
}

/** How a client behaves towards the platform, and towards those who wait for it. */
interface Manners {
  /** How often one request is sent before its failure is the caller's. */
  attempts: number;
  /** Whether a request that may not go out now waits for its turn; else it fails at once. */
  waits: boolean;
}

/** `poll` goes out as the budget allows, `reading` lets others go first. */
export type RequestKind = 'poll' | 'reading';

/**
 * The REST API, within the region's budget: a token that is refused is replaced once, requests are repeated while the platform or
 * the network is unwell. Everything is read, so everything may be repeated.
 */
export class CxoneApi {
  readonly #settings: CxoneSettings;
  readonly #context: Pick<ReaderContext, 'budget' | 'count'>;
  readonly #manners: Manners;
  readonly #dispatcher: Agent;
  readonly #sessions: SessionSource;
  readonly #signal: AbortSignal;

  constructor(
    settings: CxoneSettings,
    context: Pick<ReaderContext, 'budget' | 'count'>,
    clock: Clock,
    signal: AbortSignal,
    manners: Manners,
  ) {
    this.#settings = settings;
    this.#context = context;
    this.#signal = signal;
    this.#manners = manners;
    // HTTP/2 to the login is reported to fail.
    this.#dispatcher = new Agent({
      allowH2: false,
      connect: { timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: HEADERS_TIMEOUT_MS,
      bodyTimeout: BODY_TIMEOUT_MS,
      connections: 4,
    });
    this.#sessions = new SessionSource(settings, this.#dispatcher, clock);
  }

  /** Whether nothing has been read completely yet: until then a reading leaves less to the polls. */
  isFirstReading = true;

  /** Rows to ask for at once. Smaller after the platform has refused as many. */
  get pageSize(): number {
    return this.#pageSize ?? this.#settings.pageSize;
  }
  set pageSize(rows: number) {
    this.#pageSize = rows;
  }
  #pageSize: number | undefined;

  /** Sees to it that there is a token. @throws RequestFailed */
  async login(): Promise<void> {
    await this.#session();
  }

  /**
   * Sends a request of the table; there is no other way.
   * @param asker of whoever wants the answer
   * @throws RequestFailed; where the platform does not allow it, its message says what it needs
   */
  async get(call: CxoneCall, kind: RequestKind, asker?: AbortSignal): Promise<Answer> {
    const endpoint: CxoneEndpoint = REQUESTS[call.to];
    const path = pathOf(endpoint, call);
    const address = call.query ? `${path}?${call.query}` : path;
    const signal = asker ? AbortSignal.any([this.#signal, asker]) : this.#signal;
    const what = `GET ${path}`;
    let isTokenNew = false;
    for (let attempt = 1; ; attempt++) {
      await this.#turn(what, kind, signal);
      const session = await this.#session();
      const outcome = await this.#exchange(session, address, signal).catch((error: Error) => error);
      signal.throwIfAborted();
      const answer = outcome instanceof Error ? unreached(what, outcome) : this.#accept(outcome, what, endpoint);
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

  async #turn(what: string, kind: RequestKind, signal: AbortSignal): Promise<void> {
    if (!this.#manners.waits) {
      if (await this.#context.budget.takeNow()) return;
      this.#context.count('out_of_budget');
      throw new RequestFailed(429, `${what} was not sent: the region's requests of this minute are used up`);
    }
    const ofReading = this.isFirstReading ? 'first' : 'reading';
    await this.#context.budget.take(signal, kind === 'reading' ? ofReading : 'rest');
  }

  /** A login that fails is not repeated here: without a token nothing goes on, and whoever asked tries again. */
  async #session(): Promise<Session> {
    try {
      return await this.#sessions.get(this.#signal);
    } catch (error) {
      this.#context.count('request_failed', 'login');
      throw error;
    }
  }

  /** Waits as the failure demands; throws it when it will not pass by waiting, or has not for too long. */
  async #recover(failure: RequestFailed, attempt: number, askedMs: number | undefined, signal: AbortSignal) {
    const isThrottled = failure.status === 429;
    this.#context.count(isThrottled ? 'throttled' : 'request_failed', String(failure.status));
    // The budget doubles what it is asked to wait with every refusal in a row, and holds everybody back.
    if (isThrottled) this.#context.budget.refused(askedMs ?? FIRST_BACKOFF_MS * Math.random());
    const isPassing = isThrottled || failure.status < 300 || failure.status >= 500;
    if (!isPassing || attempt >= this.#manners.attempts) throw failure;
    if (!isThrottled) await pause(askedMs ?? fullJitterMs(attempt), signal);
  }

  #accept(exchange: Exchange, what: string, { scope }: CxoneEndpoint): Answer | RequestFailed {
    if (exchange.status === 403) return failureOf(exchange, what, `${scope}, and a role that allows it`);
    return accept(exchange, what, () => this.#context.count('mended_text'));
  }

  async #exchange({ token, apiUrl }: Session, address: string, signal: AbortSignal): Promise<Exchange> {
    const { apiVersion } = this.#settings;
    const answer = await request(`${apiUrl}/incontactapi/services/v${apiVersion}.0/${address}`, {
      // Without this it answers with a text.
      headers: { authorization: `Bearer ${token}`, accept: 'application/json', ...traceHeaders() },
      dispatcher: this.#dispatcher,
      signal,
    });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  }
}

/** Anything up to a bound that doubles with every failure in a row, in ms. */
function fullJitterMs(failures: number): number {
  return Math.random() * Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (failures - 1));
}

const unreached = (what: string, error: Error): RequestFailed =>
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
