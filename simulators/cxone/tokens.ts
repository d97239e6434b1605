import { randomBytes } from 'node:crypto';
import type { Clock } from '../kit/clock.ts';
import type { Credentials, Timings } from './options.ts';
import type { Org } from './org.ts';
import type { Switches } from './switches.ts';

export interface Token {
  readonly value: string;
  readonly refreshToken: string;
  readonly idToken: string;
  readonly expiresInSeconds: number;
  /** On the monotonic clock. */
  endsMs: number;
}

/** The oldest is dropped when there are more. */
const MAX_TOKENS = 1_000;

/** The access tokens of the one registered application. */
export class Tokens {
  readonly #credentials: Credentials;
  readonly #lifeMs: number;
  readonly #clock: Clock;
  readonly #org: Org;
  readonly #switches: Switches;
  readonly #live = new Map<string, Token>();

  constructor(options: { credentials: Credentials; timings: Timings }, org: Org, switches: Switches, clock: Clock) {
    this.#switches = switches;
    this.#credentials = options.credentials;
    this.#lifeMs = options.timings.tokenLifeMs;
    this.#org = org;
    this.#clock = clock;
  }

  isClient(id: string | undefined, secret: string | undefined): boolean {
    return id === this.#credentials.clientId && secret === this.#credentials.clientSecret;
  }

  isAccessKey(id: string | undefined, secret: string | undefined): boolean {
    return id === this.#credentials.accessKeyId && secret === this.#credentials.accessKeySecret;
  }

  isRefreshToken(value: string | undefined): boolean {
    return [...this.#live.values()].some(({ refreshToken }) => refreshToken === value);
  }

  /** @param issuer goes into the claims */
  issue(issuer: string): Token {
    if (this.#switches.loginEndsOthers) this.#live.clear();
    const claims = this.#claims(issuer);
    const token: Token = {
      value: jwt({ ...claims, scope: 'openid', jti: randomBytes(12).toString('hex') }),
      idToken: jwt(claims),
      refreshToken: randomBytes(24).toString('base64url'),
      expiresInSeconds: Math.floor(this.#lifeMs / 1000),
      endsMs: this.#clock.monotonicMs() + this.#lifeMs,
    };
    this.#live.set(token.value, token);
    const oldest = this.#live.keys().next().value;
    if (this.#live.size > MAX_TOKENS && oldest !== undefined) this.#live.delete(oldest);
    return token;
  }

  find(value: string): Token | undefined {
    const token = this.#live.get(value);
    return token && token.endsMs > this.#clock.monotonicMs() ? token : undefined;
  }

  expireAll(): void {
    for (const token of this.#live.values()) token.endsMs = 0;
  }

  #claims(issuer: string): object {
    const { tenantId, businessUnitId } = this.#org;
    const userId = '11ee215a-6f6c-f950-bab6-000000000001';
    const issuedSeconds = Math.floor(this.#clock.nowMs() / 1000);
    return {
      sub: `user:${userId}`,
      iss: issuer,
      aud: this.#credentials.clientId,
      tenantId,
      tenant: 'local_1',
      userId,
      icAgentId: '900',
      icBUId: businessUnitId,
      icSPId: '1187',
      icClusterId: 'C31',
      icDomain: 'niceincontact.com',
      area: 'na1',
      name: 'Local Integration',
      given_name: 'Local',
      family_name: 'Integration',
      iat: issuedSeconds,
      exp: issuedSeconds + Math.floor(this.#lifeMs / 1000),
    };
  }
}

/** A token in the form of a JWT, with a random signature. */
function jwt(claims: object): string {
  const part = (content: object) => Buffer.from(JSON.stringify(content)).toString('base64url');
  return [part({ alg: 'RS256', typ: 'JWT' }), part(claims), randomBytes(256).toString('base64url')].join('.');
}
