import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { SASLMechanisms, type SASLOptions } from '@platformatic/kafka';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { Agent, request } from 'undici';
import type { Clock } from '../../ops/clock.ts';

/** Source of tokens for OAUTHBEARER. */
export interface TokenSource {
  /** @throws Error with the reason; it holds no secret */
  get(): Promise<string>;
  /** The brokers refused the current token: fetch another one. */
  refuse(): void;
}

interface TokenClient {
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
  scope?: string;
}

/**
 * Share of a token's lifetime after which it is renewed. The library authenticates again after 80 % of a session, and needs
 * a new token then.
 */
const RENEWAL_SHARE = 0.75;
const ANSWER_LIMIT_MS = 10_000;
/** How long a connection waits for a token. It is less than the connect timeout, so that the error names the token endpoint. */
const PATIENCE_MS = 1_500;
const LARGEST_ANSWER = 256 * 1024;
const LONGEST_QUOTE = 200;

/** Token syntax of RFC 6750. Other characters could inject further fields into the SASL message. */
const TOKEN = '^[A-Za-z0-9._~+/-]+=*$';
const Grant = Type.Object({
  access_token: Type.String({ pattern: TOKEN }),
  /** Seconds. Without it, a token is used for one connection only. */
  expires_in: Type.Optional(Type.Number({ minimum: 0 })),
});
const Refusal = Type.Object({ error: Type.String(), error_description: Type.Optional(Type.String()) });

/** Fetches tokens with client credentials (RFC 6749, 4.4), one request at a time. Connections share a token until it is renewed. */
export class GrantedTokens implements TokenSource {
  readonly #client: TokenClient;
  readonly #clock: Clock;
  // No connection stays open between requests, so none has to be closed.
  readonly #agent = new Agent({ pipelining: 0, maxResponseSize: LARGEST_ANSWER });
  #kept: { token: string; renewAtMs: number } | undefined;
  #pending: Promise<string> | undefined;

  constructor(client: TokenClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /** Returns a token within the wait limit. A later answer is kept for the next connection. */
  async get(): Promise<string> {
    if (this.#kept && this.#clock.monotonicMs() < this.#kept.renewAtMs) return this.#kept.token;
    this.#pending ??= this.#fetch().finally(() => {
      this.#pending = undefined;
    });
    const answered = new AbortController();
    const late = delay(PATIENCE_MS, undefined, { signal: answered.signal }).then(
      () => {
        throw new Error(`${this.#what} has not answered within ${PATIENCE_MS} ms`);
      },
      () => '', // The answer came first.
    );
    return Promise.race([this.#pending, late]).finally(() => answered.abort());
  }

  refuse(): void {
    this.#kept = undefined;
  }

  get #what(): string {
    return `the token endpoint ${this.#client.tokenUrl.split('?', 1)[0]}`;
  }

  async #fetch(): Promise<string> {
    const { tokenUrl, clientId, clientSecret, scope } = this.#client;
    const sentMs = this.#clock.monotonicMs();
    const credentials = [clientId, clientSecret].map(encodeURIComponent).join(':');
    const { status, text } = await request(tokenUrl, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope && { scope }) }).toString(),
      dispatcher: this.#agent,
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    })
      .then(async ({ statusCode, body }) => ({ status: statusCode, text: await body.text() }))
      .catch((error: Error & { code?: string }) => {
        throw new Error(`${this.#what} cannot be reached: ${error.message || error.code || error.name}`);
      });
    const answer = parse(text);
    if (status !== 200) throw new Error(`${this.#what} answered ${status}${this.#quote(answer)}`);
    if (!Value.Check(Grant, answer)) throw new Error(`${this.#what} answered without a token`);
    const { access_token: token, expires_in: lifeSeconds = 0 } = answer;
    this.#kept = { token, renewAtMs: sentMs + lifeSeconds * 1000 * RENEWAL_SHARE };
    return token;
  }

  /** The endpoint's error message, without the client secret: some endpoints repeat it. */
  #quote(answer: unknown): string {
    if (!Value.Check(Refusal, answer)) return '';
    const words = [answer.error, answer.error_description].filter(Boolean).join(', ');
    return `: ${words.replaceAll(this.#client.clientSecret, '…').slice(0, LONGEST_QUOTE)}`;
  }
}

/** A token in a file that another process renews. It is read for each connection. */
export class TokenFile implements TokenSource {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  async get(): Promise<string> {
    const text = await readFile(this.#file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      throw new Error(`the token file ${this.#file} cannot be read: ${error.code}`);
    });
    const token = text.trim();
    if (!new RegExp(TOKEN).test(token)) throw new Error(`the token file ${this.#file} holds no token`);
    return token;
  }

  refuse(): void {
    // The next connection reads the file anyway.
  }
}

const Refused = Type.Object({ status: Type.String() });

/** SASL options that authenticate with the tokens of a source, and extensions (RFC 7628, 3.1). */
export function byToken(source: TokenSource, extensions: Record<string, string> = {}): SASLOptions {
  return {
    mechanism: SASLMechanisms.OAUTHBEARER,
    token: () => source.get(),
    oauthBearerExtensions: extensions,
    // A broker answers a refused token with a success message that holds the error (RFC 7628, 3.2.2).
    authBytesValidator: (bytes, callback) => {
      const answer = parse(bytes?.toString() ?? '');
      if (!Value.Check(Refused, answer)) return callback(null, bytes);
      source.refuse();
      callback(new Error(`the brokers refuse the token: ${answer.status.slice(0, LONGEST_QUOTE)}`));
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
