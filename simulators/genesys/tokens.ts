import { randomBytes } from 'node:crypto';
import type { Clock } from '../kit/clock.ts';
import { RateLimit } from '../kit/limits.ts';
import type { Timers } from '../kit/timers.ts';
import type { Credentials, Timings } from './options.ts';

export interface Token {
  readonly value: string;
  readonly limit: RateLimit;
}

/** The oldest is dropped when there are more. */
const MAX_TOKENS = 1_000;

/** The access tokens of the one OAuth client. */
export class Tokens {
  readonly #credentials: Credentials;
  readonly #requestsPerMinute: number;
  readonly #lifeMs: number;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onEnd: (token: Token) => void;
  readonly #live = new Map<string, Token>();

  /** @param onEnd called with every token that expires or is revoked */
  constructor(
    options: { credentials: Credentials; requestsPerMinute: number; timings: Timings },
    clock: Clock,
    timers: Timers,
    onEnd: (token: Token) => void,
  ) {
    this.#credentials = options.credentials;
    this.#requestsPerMinute = options.requestsPerMinute;
    this.#lifeMs = options.timings.tokenLifeMs;
    this.#clock = clock;
    this.#timers = timers;
    this.#onEnd = onEnd;
  }

  knowsClient(clientId: string): boolean {
    return clientId === this.#credentials.clientId;
  }

  isSecret(secret: string): boolean {
    return secret === this.#credentials.clientSecret;
  }

  issue(): { token: Token; expiresInSeconds: number } {
    const token = {
      value: randomBytes(48).toString('base64url'),
      limit: new RateLimit(this.#requestsPerMinute, this.#clock),
    };
    this.#live.set(token.value, token);
    this.#timers.after(this.#lifeMs, () => this.revoke(token));
    const oldest = this.#live.values().next().value;
    if (this.#live.size > MAX_TOKENS && oldest) this.revoke(oldest);
    return { token, expiresInSeconds: Math.floor(this.#lifeMs / 1000) };
  }

  find(value: string): Token | undefined {
    return this.#live.get(value);
  }

  revoke(token: Token): void {
    if (this.#live.delete(token.value)) this.#onEnd(token);
  }

  revokeAll(): void {
    for (const token of [...this.#live.values()]) this.revoke(token);
  }
}
