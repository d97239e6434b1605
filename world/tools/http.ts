import { type Client, createClient, MusterProblem } from '@muster-routing/muster/client';
import { Agent, type Dispatcher } from 'undici';

/** A server's answer. */
export interface HttpAnswer {
  status: number;
  body: unknown;
}

const CONNECTIONS_PER_HOST = 64;
const DEADLINE_MS = 5_000;

/**
 * The HTTP client of the local world: keep-alive, a bounded number of connections, a deadline, and tokens for servers that
 * need one.
 */
export class Http {
  readonly #agent = new Agent({
    connections: CONNECTIONS_PER_HOST,
    connect: { timeout: 1_000 },
  });

  readonly #tokens = new Map<string, () => Promise<string>>();
  readonly #clients = new Map<string, Client>();

  /** From now on requests to that origin have this bearer token, unless they bring another. */
  show(origin: string, token: () => Promise<string>): void {
    this.#tokens.set(origin, token);
    this.#clients.clear();
  }

  /**
   * The API of the instance at that URL.
   * @param attempts how often a request is sent while the instance is overloaded or a dependency of it is down; by default
   *   once
   */
  muster(url: string, attempts = 1): Client {
    const token = this.#tokens.get(new URL(url).origin);
    const name = `${url} ${attempts}`;
    const options = { url, dispatcher: this.#agent, deadlineMs: DEADLINE_MS, attempts, ...(token && { token }) };
    const client = this.#clients.get(name) ?? createClient(options);
    this.#clients.set(name, client);
    return client;
  }

  /** @throws Error without an answer in time */
  post(url: string, body: object = {}, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    return this.#ask(url, 'POST', { 'content-type': 'application/json', ...headers }, JSON.stringify(body));
  }

  /** @throws Error without an answer in time */
  get(url: string, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    return this.#ask(url, 'GET', headers);
  }

  /** The body of a successful answer. @throws Error if there is none */
  async read<T>(url: string, headers: Record<string, string> = {}): Promise<T> {
    const { status, body } = await this.get(url, headers);
    if (status !== 200) throw new Error(`${url} answered ${status}`);
    return body as T;
  }

  /** @throws Error without a successful answer in time */
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
    sent?: string,
  ): Promise<HttpAnswer> {
    const { statusCode, body } = await this.#send(url, method, headers, sent);
    return { status: statusCode, body: await body.json() };
  }

  async #send(url: string, method: Dispatcher.HttpMethod, given: Record<string, string>, body: string | null = null) {
    const { origin, pathname, search } = new URL(url);
    const token = await this.#tokens.get(origin)?.();
    const headers = token === undefined ? given : { authorization: `Bearer ${token}`, ...given };
    const limits = { headersTimeout: DEADLINE_MS, bodyTimeout: DEADLINE_MS };
    return this.#agent.request({ origin, path: pathname + search, method, headers, body, ...limits });
  }
}

/** The answer to the client, problems included. @throws Error without an answer in time */
export async function withProblems<A extends HttpAnswer>(asked: Promise<A>): Promise<A | HttpAnswer> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof MusterProblem)) throw error;
    return { status: error.problem.status, body: error.problem };
  }
}
