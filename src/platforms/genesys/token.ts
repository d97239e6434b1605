import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { type Dispatcher, request } from 'undici';
import type { Clock } from '../../ops/clock.ts';
import { causeOf, parse, RequestFailed } from '../failure.ts';
import { failureOf } from './failure.ts';
import { LOGIN } from './requests.ts';
import type { GenesysSettings } from './settings.ts';

/** Share of the lifetime after which tokens and channels are renewed. */
export const RENEWAL_SHARE = 0.8;

const Grant = Type.Object({ access_token: Type.String({ minLength: 1 }), expires_in: Type.Number({ minimum: 1 }) });

export interface AccessToken {
  value: string;
  /** Monotonic time in ms from which a new one is fetched. */
  renewAtMs: number;
}

/** The connection's OAuth token, by client credentials: fetched when needed, renewed before it expires. */
export class TokenSource {
  readonly #settings: GenesysSettings;
  readonly #dispatcher: Dispatcher;
  readonly #clock: Clock;
  #token: AccessToken | undefined;
  #pending: Promise<AccessToken> | undefined;

  constructor(settings: GenesysSettings, dispatcher: Dispatcher, clock: Clock) {
    this.#settings = settings;
    this.#dispatcher = dispatcher;
    this.#clock = clock;
  }

  /** @throws RequestFailed with the login host's message */
  async get(signal: AbortSignal): Promise<AccessToken> {
    if (this.#token && this.#clock.monotonicMs() < this.#token.renewAtMs) return this.#token;
    this.#pending ??= this.#fetch(signal).finally(() => {
      this.#pending = undefined;
    });
    this.#token = await this.#pending;
    return this.#token;
  }

  /** Drops a token that the platform refused; the next request fetches another. */
  refuse(token: AccessToken): void {
    if (this.#token === token) this.#token = undefined;
  }

  async #fetch(signal: AbortSignal): Promise<AccessToken> {
    const { loginUrl, clientId, clientSecret } = this.#settings;
    const what = `The login at ${loginUrl}`;
    const credentials = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    const sentMs = this.#clock.monotonicMs();
    const answer = await request(`${loginUrl}${LOGIN.path}`, {
      method: 'POST',
      headers: { authorization: `Basic ${credentials}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials',
      dispatcher: this.#dispatcher,
      signal,
    })
      .then(async ({ statusCode, body }) => ({ status: statusCode, text: await body.text() }))
      .catch((error: Error) => {
        throw new RequestFailed(0, `${what} failed: ${causeOf(error)}`);
      });
    if (answer.status !== 200) throw failureOf(answer.status, what, answer.text);
    const grant = parse(answer.text);
    if (!Value.Check(Grant, grant)) throw new RequestFailed(answer.status, `${what} answered without a token`);
    return { value: grant.access_token, renewAtMs: sentMs + grant.expires_in * 1000 * RENEWAL_SHARE };
  }
}
