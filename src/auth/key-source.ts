import type { VerificationKey } from './keys.ts';

/** Source of an issuer's public keys. */
export interface KeySource {
  /** Keys that a token with this `kid` may be signed with. @throws KeysUnavailable */
  find(kid: string | undefined): Promise<readonly VerificationKey[]>;
  /** Changes whenever a key is added or withdrawn; undefined while no key may be trusted. */
  readonly version: number | undefined;
}

/** The issuer's keys are unavailable, so its tokens cannot be verified. */
export class KeysUnavailable extends Error {
  override name = 'KeysUnavailable';
}

/** Keys from the configuration. */
export class StaticKeys implements KeySource {
  readonly version = 1;
  readonly #keys: readonly VerificationKey[];

  constructor(keys: readonly VerificationKey[]) {
    this.#keys = keys;
  }

  async find(kid: string | undefined): Promise<readonly VerificationKey[]> {
    return matching(this.#keys, kid);
  }
}

/** Keys with this id; if there is none, keys without an id. A token without a `kid` may be signed with any key. */
export function matching(keys: readonly VerificationKey[], kid: string | undefined): readonly VerificationKey[] {
  if (kid === undefined) return keys;
  const named = keys.filter((key) => key.kid === kid);
  return named.length > 0 ? named : keys.filter((key) => key.kid === undefined);
}
