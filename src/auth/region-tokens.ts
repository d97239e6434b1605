import type { KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Clock } from '../ops/clock.ts';
import { StaticKeys } from './key-source.ts';
import type { VerificationKey } from './keys.ts';
import { SCOPES_OF_REGIONS } from './scopes.ts';
import type { Issuer } from './tokens.ts';

/** Prefix of regions' names in their tokens; reserved for regions. */
export const REGION_PREFIX = 'urn:muster:region:';

/**
 * Validity in s. Clocks of regions may differ by this minus RENEWED_MS: a region with a wrong clock must not look
 * disconnected.
 */
const VALID_SECONDS = 900;
const RENEWED_MS = 60_000;

/** Tokens that authenticate a region to others: signed with its own key, each valid in one region only. */
export class RegionTokens {
  readonly #region: string;
  readonly #key: KeyObject;
  readonly #clock: Clock;
  readonly #signed = new Map<string, { token: Promise<string>; atMs: number }>();

  /** @param key Ed25519, private */
  constructor(region: string, key: KeyObject, clock: Clock) {
    this.#region = region;
    this.#key = key;
    this.#clock = clock;
  }

  /** A token for the other region, valid for minutes. */
  for(other: string): Promise<string> {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#signed.get(other);
    if (known && nowMs - known.atMs < RENEWED_MS) return known.token;
    const token = this.#sign(other);
    this.#signed.set(other, { token, atMs: nowMs });
    return token;
  }

  #sign(other: string): Promise<string> {
    const issuedAt = Math.floor(this.#clock.nowMs() / 1000);
    return new SignJWT()
      .setProtectedHeader({ alg: 'EdDSA' })
      .setIssuer(REGION_PREFIX + this.#region)
      .setAudience(REGION_PREFIX + other)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + VALID_SECONDS)
      .sign(this.#key);
  }
}

/** Another region as the issuer of its own tokens for this region. */
export function regionAsIssuer(other: string, keys: readonly VerificationKey[], region: string): [string, Issuer] {
  const caller = { kind: 'region', region: other, scopes: SCOPES_OF_REGIONS } as const;
  const issuer = { audience: REGION_PREFIX + region, keys: new StaticKeys(keys), callerOf: () => caller };
  return [REGION_PREFIX + other, issuer];
}
