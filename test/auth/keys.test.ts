import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { keysOfSet, readKeys, readRegionKey, UnusableKey } from '../../src/auth/keys.ts';
import { jwkOf, pairOf, privatePem, publicPem } from '../fixtures/issuer.ts';

const pair = pairOf('a');
const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
const other = generateKeyPairSync('x25519').publicKey.export({ type: 'spki', format: 'pem' }).toString();
const privateJwk = { ...pair.privateKey.export({ format: 'jwk' }), kid: 'a' };

describe('public keys', () => {
  it('come as PEM, several in one text too, as JWK and as JWKS', () => {
    const [one, two] = [pairOf('1', 'RS256'), pairOf('2', 'ES256')];
    const named = (text: string) => readKeys(text).map(({ kid, algorithms }) => [kid, algorithms[0]]);
    expect(named(`${publicPem(one)}\n${publicPem(two)}`)).toEqual([
      [undefined, 'RS256'],
      [undefined, 'ES256'],
    ]);
    expect(named(JSON.stringify(jwkOf(one)))).toEqual([['1', 'RS256']]);
    expect(named(JSON.stringify({ keys: [jwkOf(one), jwkOf(two)] }))).toEqual([
      ['1', 'RS256'],
      ['2', 'ES256'],
    ]);
  });

  it.each<[string, string, RegExp]>([
    ['a private key', privatePem(pair), /private/],
    ['a private JWK', JSON.stringify(privateJwk), /private/],
    ['a shared secret', JSON.stringify({ kty: 'oct', k: 'c2VjcmV0' }), /not a public key/],
    ['a short RSA key', short.export({ type: 'spki', format: 'pem' }).toString(), /2048/],
    ['a key that cannot sign', other, /kind/],
    ['a key for encryption', JSON.stringify({ ...jwkOf(pair), use: 'enc' }), /signatures/],
    ['broken PEM', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', /not a public key/],
    ['broken JSON', '{', /not JSON/],
    ['nothing', 'keys.pem', /no key/],
  ])('are not %s, and what is said of it does not quote it', (_what, text, message) => {
    expect(() => readKeys(text)).toThrow(UnusableKey);
    expect(() => readKeys(text)).toThrow(message);
    if (text.length > 40) expect(() => readKeys(text)).not.toThrow(text.slice(30, 40));
  });

  it('of a published set are those that can be used', () => {
    const set = { keys: [{ kty: 'AKP', alg: 'ML-DSA-44', pub: 'AA' }, jwkOf(pair), privateJwk, null, 'key'] };
    expect(keysOfSet(set).map(({ kid }) => kid)).toEqual(['a']);
    for (const none of [undefined, [], {}, { keys: 'a' }]) expect(() => keysOfSet(none)).toThrow(/JWKS/);
  });
});

describe('the private key of a region', () => {
  it('is Ed25519, as PEM or JWK', () => {
    for (const text of [privatePem(pair), JSON.stringify(privateJwk)]) {
      expect(readRegionKey(text).asymmetricKeyType).toBe('ed25519');
    }
    expect(() => readRegionKey(privatePem(pairOf('r', 'RS256')))).toThrow(/Ed25519/);
    for (const text of [publicPem(pair), 'secret', '{}'])
      expect(() => readRegionKey(text)).toThrow(/not a private key/);
  });
});
