import { createHash } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../ops/clock.ts';
import type { KeySource } from './key-source.ts';
import { ALGORITHMS, type VerificationKey } from './keys.ts';
import { type Scope, scopesIn } from './scopes.ts';

/** A trusted issuer of tokens. */
export interface Issuer {
  /** Required value of `aud`. */
  audience: string;
  keys: KeySource;
  /** The caller of a token with these claims. */
  callerOf(claims: JWTPayload): KnownCaller;
}

/** Reason for refusing a token; used as a metric label, so there are few. */
type TokenFault = 'malformed' | 'issuer' | 'key' | 'signature' | 'audience' | 'expired' | 'claims';

/** A refused token; the message may be sent to the caller. */
export class InvalidBearer extends Error {
  override name = 'InvalidBearer';
  readonly fault: TokenFault;
  constructor(fault: TokenFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

interface Verified {
  caller: Caller;
  /** When it expires, leeway included, in ms since the epoch. */
  untilMs: number;
  keys: KeySource;
  version: number | undefined;
}

/** Allowed clock difference of issuers, in s. */
const LEEWAY_SECONDS = 30;
const LONGEST = 8192;
/** Largest number of keys tried for a token without a `kid`. */
const MOST_TRIED = 4;
const REMEMBERED = 10_000;

/**
 * Authenticates callers by their tokens. Results are cached by the token's digest until the token expires or its issuer's keys
 * change, so that many requests of one caller cost one signature check.
 */
export class Tokens {
  readonly #issuers: ReadonlyMap<string, Issuer>;
  readonly #clock: Clock;
  readonly #verified = new LRUCache<string, Verified>({ max: REMEMBERED });

  /** @param issuers by the value of `iss` in their tokens */
  constructor(issuers: ReadonlyMap<string, Issuer>, clock: Clock) {
    this.#issuers = issuers;
    this.#clock = clock;
  }

  /** @throws InvalidBearer, KeysUnavailable */
  async callerOf(token: string): Promise<Caller> {
    if (token.length > LONGEST) throw new InvalidBearer('malformed', `the token is longer than ${LONGEST} characters`);
    const digest = createHash('sha256').update(token).digest('base64');
    const known = this.#verified.get(digest);
    if (known && known.version === known.keys.version && known.untilMs > this.#clock.nowMs()) return known.caller;
    this.#verified.delete(digest);
    const verified = await this.#verify(token);
    this.#verified.set(digest, verified);
    return verified.caller;
  }

  async #verify(token: string): Promise<Verified> {
    const { alg, kid, iss } = unverified(token);
    const issuer = this.#issuers.get(iss);
    if (!issuer) throw new InvalidBearer('issuer', 'the token is of an unknown issuer');
    const { keys, audience } = issuer;
    const found = await keys.find(kid);
    const { version } = keys;
    const fitting = found.filter(({ algorithms }) => algorithms.includes(alg)).slice(0, MOST_TRIED);
    if (fitting.length === 0) throw new InvalidBearer('key', 'the token is signed with an unknown key');
    const claims = await this.#claimsOf(token, fitting, { issuer: iss, audience });
    const untilMs = ((claims.exp ?? 0) + LEEWAY_SECONDS) * 1000;
    return { caller: { ...issuer.callerOf(claims), untilMs }, untilMs, keys, version };
  }

  async #claimsOf(
    token: string,
    keys: readonly VerificationKey[],
    must: { issuer: string; audience: string },
  ): Promise<JWTPayload> {
    const currentDate = new Date(this.#clock.nowMs());
    const rules = { ...must, currentDate, clockTolerance: LEEWAY_SECONDS, requiredClaims: ['exp'] };
    for (const { key } of keys) {
      try {
        return (await jwtVerify(token, key, { ...rules, algorithms: ALGORITHMS })).payload;
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw refusalOf(error);
      }
    }
    throw new InvalidBearer('signature', 'the signature of the token is not valid');
  }
}

/** Unverified header and issuer of a token. @throws InvalidBearer */
function unverified(token: string): { alg: string; kid: string | undefined; iss: string } {
  try {
    const { alg = '', kid } = decodeProtectedHeader(token);
    return { alg, kid, iss: decodeJwt(token).iss ?? '' };
  } catch {
    throw new InvalidBearer('malformed', 'the token is not a signed JWT');
  }
}

function refusalOf(error: unknown): Error {
  if (error instanceof errors.JWTExpired) return new InvalidBearer('expired', 'the token has expired');
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud')
      return new InvalidBearer('audience', 'the token is for another audience: aud does not fit');
    const what = error.reason === 'missing' ? 'is missing' : 'does not fit';
    return new InvalidBearer('claims', `the claim ${error.claim} of the token ${what}`);
  }
  if (error instanceof errors.JOSEError) return new InvalidBearer('malformed', 'the token cannot be read');
  return error as Error;
}

/** The caller of a token from an issuer for applications and users. */
export function clientOf(claims: JWTPayload): KnownCaller {
  const { iss = '', sub, client_id, azp, appid } = claims;
  // RFC 9068, OpenID Connect, and Entra ID's first version, in this order.
  const client = [client_id, azp, appid].find((each) => typeof each === 'string');
  return {
    kind: 'client',
    issuer: iss,
    ...(sub !== undefined && { subject: sub }),
    ...(typeof client === 'string' && { client }),
    scopes: scopesIn(claims),
  };
}

/** The sender of a request. */
export type Caller =
  /** A client with a token of an issuer. */
  | {
      kind: 'client';
      /** The claim `iss`. */
      issuer: string;
      /** The claim `sub`: a user, or the application itself. */
      subject?: string;
      /** The application that got the token, if the token names it. */
      client?: string;
      scopes: ReadonlySet<Scope>;
      /** When its token expires, in ms since the epoch. */
      untilMs?: number;
    }
  /** Another region, authenticated by its key. */
  | { kind: 'region'; region: string; scopes: ReadonlySet<Scope>; untilMs?: number }
  /** Any caller on this machine: the instance has no `auth` and listens on loopback only. */
  | { kind: 'anybody' };

/** An authenticated caller. */
type KnownCaller = Exclude<Caller, { kind: 'anybody' }>;

export const ANYBODY: Caller = { kind: 'anybody' };

/** Whether the caller has this scope. */
export function may(caller: Caller, scope: Scope): boolean {
  return caller.kind === 'anybody' || caller.scopes.has(scope);
}
