import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';

/** A public key for verifying tokens. */
export interface VerificationKey {
  /** Key id in tokens; undefined: any token of the issuer may be signed with it. */
  kid: string | undefined;
  key: KeyObject;
  /** Algorithms for this key, as in the header `alg`. */
  algorithms: readonly string[];
}

/** An unusable key; the message says why, to follow the path of a config value. */
export class UnusableKey extends Error {
  override name = 'UnusableKey';
}

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]+?-----END \1-----/g;
const LEAST_RSA_BITS = 2048;
const CURVES: Record<string, string> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' };
const RSA = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const EDDSA = ['EdDSA', 'Ed25519'];

/** Algorithms of tokens: asymmetric ones only, so that a verifier can never sign. */
export const ALGORITHMS = [...RSA, ...Object.values(CURVES), ...EDDSA];

/**
 * Reads public keys from text: PEM (one or several), a JWK, or a JWKS.
 * @throws UnusableKey if one of them cannot be used, or there is none
 */
export function readKeys(text: string): VerificationKey[] {
  const keys = text.trimStart().startsWith('{') ? readJson(text).map(ofJwk) : [...text.matchAll(PEM)].map(ofPem);
  if (keys.length === 0) throw new UnusableKey('holds no key, expected PEM, a JWK or a JWKS');
  return keys;
}

/** Usable keys of a published key set; unknown kinds of keys are skipped. */
export function keysOfSet(set: unknown): VerificationKey[] {
  const { keys } = (set ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new UnusableKey('is not a JWKS');
  return keys.flatMap((jwk) => {
    try {
      return [ofJwk(jwk)];
    } catch (error) {
      if (error instanceof UnusableKey) return [];
      throw error;
    }
  });
}

/** Reads the private key of a region: Ed25519, as PEM (PKCS#8) or JWK. @throws UnusableKey */
export function readRegionKey(text: string): KeyObject {
  const key = parsed('is not a private key, expected PEM (PKCS#8) or a JWK', () =>
    text.trimStart().startsWith('{')
      ? createPrivateKey({ key: JSON.parse(text) as JsonWebKey, format: 'jwk' })
      : createPrivateKey(text),
  );
  if (key.asymmetricKeyType !== 'ed25519') throw new UnusableKey('is of the wrong kind, expected an Ed25519 key');
  return key;
}

/** Whether a key is the public part of a region's private key. */
export function isPublicPartOf(key: KeyObject, privateKey: KeyObject): boolean {
  return createPublicKey(privateKey).equals(key);
}

function readJson(text: string): unknown[] {
  const json = parsed('is not JSON', () => JSON.parse(text) as { keys?: unknown });
  return Array.isArray(json.keys) ? json.keys : [json];
}

function ofPem([pem, label]: RegExpExecArray): VerificationKey {
  if (label?.includes('PRIVATE')) throw new UnusableKey('holds a private key: only public ones belong here');
  return usable(
    parsed('holds a PEM that is not a public key', () => createPublicKey(pem)),
    undefined,
  );
}

function ofJwk(value: unknown): VerificationKey {
  const jwk = (value ?? {}) as JsonWebKey & { kid?: unknown; use?: unknown; alg?: unknown };
  if (jwk.d !== undefined) throw new UnusableKey('holds a private key: only public ones belong here');
  if (jwk.use !== undefined && jwk.use !== 'sig') throw new UnusableKey('holds a key that is not for signatures');
  const key = parsed('holds a JWK that is not a public key', () => createPublicKey({ key: jwk, format: 'jwk' }));
  const found = usable(key, typeof jwk.kid === 'string' ? jwk.kid : undefined);
  return jwk.alg === undefined ? found : { ...found, algorithms: found.algorithms.filter((each) => each === jwk.alg) };
}

function usable(key: KeyObject, kid: string | undefined): VerificationKey {
  const { namedCurve = '', modulusLength = LEAST_RSA_BITS } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < LEAST_RSA_BITS) throw new UnusableKey(`holds an RSA key of less than ${LEAST_RSA_BITS} bits`);
  const algorithms = algorithmsOf(key.asymmetricKeyType ?? '', namedCurve);
  if (algorithms.length === 0) throw new UnusableKey('holds a key of an unsupported kind, expected RSA, EC or Ed25519');
  return { kid, key, algorithms };
}

function algorithmsOf(kind: string, curve: string): string[] {
  if (kind === 'rsa') return RSA;
  if (kind === 'ed25519') return EDDSA;
  return kind === 'ec' && CURVES[curve] ? [CURVES[curve]] : [];
}

/** Hides the library's message, which may quote the key. */
function parsed<T>(message: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw new UnusableKey(message);
  }
}
