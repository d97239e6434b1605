import type { VerificationKey } from './keys.ts';

/** Where the public keys of an issuer come from. */
export interface KeySource {
  /** The keys that a token naming this one may be signed with. @throws KeysUnavailable */
  find(kid: string | undefined): Promise<readonly VerificationKey[]>;
  /** Changes whenever a key is withdrawn, or comes; undefined while none may be trusted. */
  readonly version: number | undefined;
}

/** The keys of an issuer are not known now: whether a token is good cannot be said. */
export class KeysUnavailable extends Error {
  override name = 'KeysUnavailable';
}

/** Keys that the configuration names; they change with it. */
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

/** Those of that name; where there is none, those that have no name. A token that names none may be signed with any. */
export function matching(keys: readonly VerificationKey[], kid: string | undefined): readonly VerificationKey[] {
  if (kid === undefined) return keys;
  const named = keys.filter((key) => key.kid === kid);
  return named.length > 0 ? named : keys.filter((key) => key.kid === undefined);
}
