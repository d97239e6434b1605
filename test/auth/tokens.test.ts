import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { StaticKeys } from '../../src/auth/key-source.ts';
import { readKeys } from '../../src/auth/keys.ts';
import { RegionTokens, regionAsIssuer } from '../../src/auth/region-tokens.ts';
import { SCOPES, scopesIn } from '../../src/auth/scopes.ts';
import { clientOf, InvalidBearer, Tokens } from '../../src/auth/tokens.ts';
import { jwkOf, type Pair, pairOf, publicPem, sign } from '../fixtures/issuer.ts';

const NOW_MS = Date.parse('2026-03-02T10:00:00Z');
const ISS = 'https://login.example.com/';
const good = { iss: ISS, aud: 'muster', sub: 'ann', scope: 'read:agent' };
const [first, second, stranger] = [pairOf('1'), pairOf('2', 'ES256'), pairOf('1')];

/** A clock that tells what it is told to. */
function clockAt(nowMs = NOW_MS) {
  const clock = { ms: nowMs, nowMs: () => clock.ms, monotonicMs: () => clock.ms };
  return clock;
}

/** Believes these keys of one issuer. */
function tokensOf(keys: string[], clock = clockAt()): Tokens {
  const source = new StaticKeys(keys.flatMap(readKeys));
  return new Tokens(new Map([[ISS, { audience: 'muster', keys: source, callerOf: clientOf }]]), clock);
}

const published = (...pairs: Pair[]): string => JSON.stringify({ keys: pairs.map(jwkOf) });
const faultOf = (tokens: Tokens, token: string): Promise<string> =>
  tokens.callerOf(token).then(
    () => 'none',
    (error) => (error instanceof InvalidBearer ? error.fault : String(error)),
  );

describe('a token', () => {
  it('says who calls, for whom, and what they may', async () => {
    const tokens = tokensOf([published(first)]);
    const token = await sign(first, { ...good, azp: 'ivr', scope: 'read:agent route:agent mail' }, NOW_MS);
    expect(await tokens.callerOf(token)).toEqual({
      kind: 'client',
      issuer: ISS,
      subject: 'ann',
      client: 'ivr',
      scopes: new Set(['read:agent', 'route:agent']),
    });
  });

  it.each(['EdDSA', 'ES256', 'RS256'] as const)('may be signed with %s, by PEM, JWK or JWKS', async (alg) => {
    const pair = pairOf('any', alg);
    const token = await sign(pair, good, NOW_MS);
    for (const text of [publicPem(pair), JSON.stringify(jwkOf(pair)), published(pair)]) {
      expect(await faultOf(tokensOf([text]), token)).toBe('none');
    }
  });

  it('is believed of either of two keys without names, while one takes the place of the other', async () => {
    const tokens = tokensOf([publicPem(first), publicPem(stranger)]);
    for (const pair of [first, stranger]) expect(await faultOf(tokens, await sign(pair, good, NOW_MS))).toBe('none');
  });

  it.each<[string, Pair, object, string]>([
    ['of another issuer', first, { iss: 'https://elsewhere.example.com/' }, 'issuer'],
    ['for somebody else', first, { aud: 'billing' }, 'audience'],
    ['for nobody', first, { aud: undefined }, 'audience'],
    ['that has expired', first, { exp: NOW_MS / 1000 - 31 }, 'expired'],
    ['that never expires', first, { exp: undefined }, 'claims'],
    ['that is not good yet', first, { nbf: NOW_MS / 1000 + 31 }, 'claims'],
    ['of a stranger who uses the name of a key', stranger, {}, 'signature'],
    ['of a key that is not there', second, {}, 'key'],
  ])('%s is refused', async (_what, pair, more, fault) => {
    expect(await faultOf(tokensOf([published(first)]), await sign(pair, { ...good, ...more }, NOW_MS))).toBe(fault);
  });

  it('is good for the leeway of clocks after it has expired, and no longer, remembered or not', async () => {
    const clock = clockAt();
    const [tokens, others] = [tokensOf([published(first)], clock), tokensOf([published(first)], clock)];
    const token = await sign(first, { ...good, exp: NOW_MS / 1000 + 60 }, NOW_MS);
    clock.ms = NOW_MS + 89_000;
    expect(await faultOf(tokens, token)).toBe('none');
    clock.ms = NOW_MS + 91_000;
    expect([await faultOf(tokens, token), await faultOf(others, token)]).toEqual(['expired', 'expired']);
  });

  it('is not signed with the public key as a secret, nor with nothing', async () => {
    const tokens = tokensOf([publicPem(first)]);
    const secret = Buffer.from(publicPem(first));
    const hmac = await new SignJWT({ ...good, exp: NOW_MS / 1000 + 60 })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(secret);
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const bare = `${part({ alg: 'none' })}.${part({ ...good, exp: NOW_MS / 1000 + 60 })}`;
    const forged = `${bare}.${createHmac('sha256', secret).update(bare).digest('base64url')}`;
    for (const token of [hmac, `${bare}.`, forged]) expect(await faultOf(tokens, token)).toBe('key');
  });

  it('is refused in words, whatever it is', async () => {
    const tokens = tokensOf([published(first)]);
    const token = await sign(first, good, NOW_MS);
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 300 }), fc.nat(token.length - 1), async (text, at) => {
        expect(await faultOf(tokens, text)).toBe('malformed');
        const other = token[at] === 'x' ? 'y' : 'x';
        const changed = token.slice(0, at) + other + token.slice(at + 1);
        // The last letter of a signature holds bits that count for nothing.
        if (at < token.length - 1) expect(await faultOf(tokens, changed)).not.toBe('none');
      }),
      { numRuns: 200 },
    );
    expect(await faultOf(tokens, 'x'.repeat(8193))).toBe('malformed');
  });
});

describe('scopes', () => {
  const words = fc.array(fc.oneof(fc.constantFrom(...SCOPES), fc.stringMatching(/^[a-z:]{1,12}$/)), { maxLength: 6 });

  it('are those of Muster that are granted, as text or as a list', () => {
    fc.assert(
      fc.property(words, (granted) => {
        const expected = new Set(SCOPES.filter((scope) => granted.includes(scope)));
        for (const claims of [
          { scope: granted.join(' ') },
          { scp: granted },
          { scp: granted.join(' ') },
          { roles: granted },
        ])
          expect(scopesIn(claims)).toEqual(expected);
      }),
    );
  });

  it('are nobody’s roles beside what an application was given, and nothing of any other kind', () => {
    expect(scopesIn({ scp: 'read:agent', roles: ['admin:region'] })).toEqual(new Set(['read:agent']));
    expect(scopesIn({ scope: '', roles: ['admin:region'] })).toEqual(new Set());
    expect(scopesIn({ scope: 'read:agents xread:agent' })).toEqual(new Set());
    for (const scope of [7, true, { 'read:agent': true }, null]) expect(scopesIn({ scope })).toEqual(new Set());
  });
});

describe('a region', () => {
  const clock = clockAt();
  const [us] = [pairOf('us')];
  const keysOf = (pair: Pair) => readKeys(publicPem(pair));
  const shown = (pair: Pair, region: string, to: string) => new RegionTokens(region, pair.privateKey, clock).for(to);
  const tokensIn = (region: string, at = clock) =>
    new Tokens(
      new Map([regionAsIssuer('us', keysOf(us), region), regionAsIssuer('ap', keysOf(pairOf('ap')), region)]),
      at,
    );

  it('is known by its key, and may what callers of it may', async () => {
    const scopes = new Set(['read:agent', 'route:agent']);
    expect(await tokensIn('eu').callerOf(await shown(us, 'us', 'eu'))).toEqual({
      kind: 'region',
      region: 'us',
      scopes,
    });
  });

  it.each<[string, Pair, string, string, string]>([
    ['another region with a token that it got', us, 'us', 'ap', 'audience'],
    ['another region by its name', us, 'ap', 'eu', 'signature'],
    ['a region by the key of a stranger', stranger, 'us', 'eu', 'signature'],
    ['a region that is not configured', us, 'sa', 'eu', 'issuer'],
  ])('is not %s', async (_what, pair, region, to, fault) => {
    expect(await faultOf(tokensIn('eu'), await shown(pair, region, to))).toBe(fault);
  });

  it('is known although its clock differs by ten minutes', async () => {
    const token = await shown(us, 'us', 'eu');
    for (const ms of [NOW_MS - 600_000, NOW_MS + 600_000]) {
      expect(await faultOf(tokensIn('eu', clockAt(ms)), token)).toBe('none');
    }
    expect(await faultOf(tokensIn('eu', clockAt(NOW_MS + 1_000_000)), token)).toBe('expired');
  });

  it('signs anew before its tokens are old, and not for each request', async () => {
    const at = clockAt();
    const own = new RegionTokens('us', us.privateKey, at);
    const token = await own.for('eu');
    at.ms += 59_000;
    expect(await own.for('eu')).toBe(token);
    expect(await own.for('ap')).not.toBe(token);
    at.ms += 2000;
    expect(await own.for('eu')).not.toBe(token);
  });
});
