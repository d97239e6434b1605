import type { KeyObject } from 'node:crypto';
import { SignJWT } from 'jose';
import type { Clock } from '../ops/clock.ts';
import { StaticKeys } from './key-source.ts';
import type { VerificationKey } from './keys.ts';
import { SCOPES_OF_REGIONS } from './scopes.ts';
import type { Issuer } from './tokens.ts';

/** How regions are named in the tokens that they sign for each other: no other issuer may be named so. */
export const REGION_PREFIX = 'urn:muster:region:';

/**
 * Clocks of regions may differ by this less what follows, in s: a region whose clock is wrong must not be taken for one
 * that is cut off.
 */
const VALID_SECONDS = 900;
const RENEWED_MS = 60_000;

/** What a region shows to others: tokens signed with its own key, each good at one other region alone. */
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

  /** A token for the other region, good for minutes. */
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

/** Another region as an issuer: of tokens for this region, about itself. */
export function regionAsIssuer(other: string, keys: readonly VerificationKey[], region: string): [string, Issuer] {
  const caller = { kind: 'region', region: other, scopes: SCOPES_OF_REGIONS } as const;
  const issuer = { audience: REGION_PREFIX + region, keys: new StaticKeys(keys), callerOf: () => caller };
  return [REGION_PREFIX + other, issuer];
}
