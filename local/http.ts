import { Agent, type Dispatcher } from 'undici';

/** What a server said. */
export interface HttpAnswer {
  status: number;
  body: unknown;
}

interface Sent {
  text: string | null;
  deadlineMs: number;
}

const CONNECTIONS_PER_HOST = 64;
const DEADLINE_MS = 5_000;

/**
 * The HTTP client of everybody in the local world: keep-alive, a bounded number of connections, a deadline, and tokens for
 * those who ask for one.
 */
export class Http {
  readonly #agent = new Agent({
    connections: CONNECTIONS_PER_HOST,
    connect: { timeout: 1_000 },
  });

  readonly #tokens = new Map<string, () => Promise<string>>();

  /** From now on whatever is sent there shows this bearer token, unless it brings another. */
  show(origin: string, token: () => Promise<string>): void {
    this.#tokens.set(origin, token);
  }

  /** @throws Error if nobody answers in time */
  post(url: string, body: object = {}, deadlineMs = DEADLINE_MS): Promise<HttpAnswer> {
    return this.#ask(url, 'POST', { 'content-type': 'application/json' }, { text: JSON.stringify(body), deadlineMs });
  }

  /** @throws Error if nobody answers in time */
  get(url: string, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    return this.#ask(url, 'GET', headers);
  }

  /** The body of a successful answer. @throws Error if there is none */
  async read<T>(url: string, headers: Record<string, string> = {}): Promise<T> {
    const { status, body } = await this.get(url, headers);
    if (status !== 200) throw new Error(`${url} answered ${status}`);
    return body as T;
  }

  /** @throws Error if nobody answers in time, or not with a success */
  async text(url: string): Promise<string> {
    const { statusCode, body } = await this.#send(url, 'GET', {});
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`);
    return text;
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #ask(
    url: string,
    method: Dispatcher.HttpMethod,
    headers: Record<string, string>,
    sent: Partial<Sent> = {},
  ): Promise<HttpAnswer> {
    const { statusCode, body } = await this.#send(url, method, headers, sent);
    return { status: statusCode, body: await body.json() };
  }

  async #send(
    url: string,
    method: Dispatcher.HttpMethod,
    given: Record<string, string>,
    { text = null, deadlineMs = DEADLINE_MS }: Partial<Sent> = {},
  ) {
    const { origin, pathname, search } = new URL(url);
    const token = await this.#tokens.get(origin)?.();
    const headers = token === undefined ? given : { authorization: `Bearer ${token}`, ...given };
    const limits = { headersTimeout: deadlineMs, bodyTimeout: deadlineMs };
    return this.#agent.request({ origin, path: pathname + search, method, headers, body: text, ...limits });
  }
}
