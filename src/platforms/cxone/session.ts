import { type Static, type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { type Dispatcher, request } from 'undici';
import type { Clock } from '../../ops/clock.ts';
import { causeOf, parse, RequestFailed } from '../failure.ts';
import { type Exchange, failureOf } from './failure.ts';
import { LOGIN } from './requests.ts';
import type { CxoneSettings } from './settings.ts';

/** How long before its end a token is replaced, in ms; a short-lived one after RENEWAL_SHARE of its lifetime. */
const RENEWAL_MS = 600_000;
const RENEWAL_SHARE = 0.8;

const OpenIdConfiguration = Type.Object({ token_endpoint: Type.String({ minLength: 1 }) });
const Grant = Type.Object({
  access_token: Type.String({ minLength: 1 }),
  expires_in: Type.Number({ minimum: 1 }),
  id_token: Type.Optional(Type.Union([Type.String(), Type.Null()])),
});
const Claims = Type.Object({ tenantId: Type.String({ minLength: 1 }) });
const CxoneConfiguration = Type.Object({ api_endpoint: Type.String({ minLength: 1 }) });

export interface Session {
  token: string;
  /** URL of the tenant's API; logins are global, APIs are regional. */
  apiUrl: string;
  /** Monotonic time in ms from which a new token is fetched. */
  renewAtMs: number;
}

/**
 * A token and the API that it is valid for:
 *
 *   openid-configuration ─► token (password grant, with the access key) ┐
 *                            token (for the access key alone) ──────────┴─► tenant of the token ─► cxone-configuration
 *
 * Renewed by another login before it ends; concurrent callers share one login.
 */
export class SessionSource {
  readonly #settings: CxoneSettings;
  readonly #dispatcher: Dispatcher;
  readonly #clock: Clock;
  #session: Session | undefined;
  #pending: Promise<Session> | undefined;

  constructor(settings: CxoneSettings, dispatcher: Dispatcher, clock: Clock) {
    this.#settings = settings;
    this.#dispatcher = dispatcher;
    this.#clock = clock;
  }

  /** @throws RequestFailed with the platform's message */
  async get(signal: AbortSignal): Promise<Session> {
    if (this.#session && this.#clock.monotonicMs() < this.#session.renewAtMs) return this.#session;
    this.#pending ??= this.#open(signal).finally(() => {
      this.#pending = undefined;
    });
    this.#session = await this.#pending;
    return this.#session;
  }

  /** Drops a session that the platform refused; the next request logs in again. */
  refuse(session: Session): void {
    if (this.#session === session) this.#session = undefined;
  }

  async #open(signal: AbortSignal): Promise<Session> {
    const { issuerUrl } = this.#settings;
    const sentMs = this.#clock.monotonicMs();
    const grant = await this.#grant(signal);
    const tenantId = this.#settings.tenantId ?? tenantOf(grant.id_token) ?? tenantOf(grant.access_token);
    if (tenantId === undefined)
      throw new RequestFailed(0, `The tokens of ${issuerUrl} do not name a tenant; set tenantId`);
    const query = `tenantId=${encodeURIComponent(tenantId)}`;
    const tenant = await this.#ask(`${issuerUrl}${LOGIN.tenant.path}?${query}`, CxoneConfiguration, signal);
    const lifeMs = grant.expires_in * 1000;
    const renewAtMs = sentMs + Math.max(lifeMs - RENEWAL_MS, Math.min(lifeMs, RENEWAL_MS) * RENEWAL_SHARE);
    return { token: grant.access_token, apiUrl: tenant.api_endpoint.replace(/\/+$/, ''), renewAtMs };
  }

  /** Logs in with a registered application and the access key, or with the key alone at `accessKeyUrl`. */
  async #grant(signal: AbortSignal): Promise<Static<typeof Grant>> {
    const { issuerUrl, clientId, clientSecret, accessKeyUrl, accessKeyId, accessKeySecret } = this.#settings;
    if (accessKeyUrl !== undefined) {
      const body = JSON.stringify({ accessKeyId, accessKeySecret });
      const post = { headers: { 'content-type': 'application/json' }, body };
      return this.#ask(`${accessKeyUrl}${LOGIN.accessKey.path}`, Grant, signal, post);
    }
    const openId = await this.#ask(`${issuerUrl}${LOGIN.issuer.path}`, OpenIdConfiguration, signal);
    // Keys end in characters that must be encoded in a form.
    const form = new URLSearchParams({ grant_type: 'password', username: accessKeyId, password: accessKeySecret });
    const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
    const headers = { authorization, 'content-type': 'application/x-www-form-urlencoded' };
    return this.#ask(openId.token_endpoint, Grant, signal, { headers, body: form.toString() });
  }

  async #ask<T extends TSchema>(
    url: string,
    schema: T,
    signal: AbortSignal,
    post?: { headers: Record<string, string>; body: string },
  ): Promise<Static<T>> {
    const what = `The login at ${url.split('?')[0]}`;
    const headers = { accept: 'application/json', ...post?.headers };
    const options = { dispatcher: this.#dispatcher, signal, headers };
    const answer = await request(url, post ? { ...options, method: 'POST', body: post.body } : options)
      .then(
        async (it): Promise<Exchange> => ({ status: it.statusCode, headers: it.headers, text: await it.body.text() }),
      )
      .catch((error: Error) => {
        signal.throwIfAborted();
        throw new RequestFailed(0, `${what} failed: ${causeOf(error)}`);
      });
    if (answer.status !== 200) throw failureOf(answer, what);
    const body = parse(answer.text);
    if (!Value.Check(schema, body))
      throw new RequestFailed(answer.status, `${what} answered without the required fields`);
    return body;
  }
}

/** Tenant of a JWT. Its signature is not checked: the token came directly from the issuer and is not used as proof. */
function tenantOf(jwt: string | null | undefined): string | undefined {
  const claims = parse(Buffer.from(jwt?.split('.')[1] ?? '', 'base64url').toString());
  return Value.Check(Claims, claims) ? claims.tenantId : undefined;
}
