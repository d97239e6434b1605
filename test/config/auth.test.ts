import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/load.ts';
import { isLoopback } from '../../src/config/loopback.ts';
import { problemsIn } from '../fixtures/config-problems.ts';
import { pairOf, privatePem, publicPem } from '../fixtures/issuer.ts';

const dir = mkdtempSync(join(tmpdir(), 'muster-config-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const [eu, us, rsa] = [pairOf('eu'), pairOf('us'), pairOf('idp', 'RS256')];
const issuer = { issuer: 'https://login.example.com/', audience: 'muster', jwksUrl: 'https://login.example.com/keys' };
const regions = {
  eu: { url: 'http://127.0.0.1:7401', keys: [publicPem(eu)] },
  us: { url: 'http://127.0.0.1:7402', keys: [publicPem(us)] },
};
const auth = { issuers: { idp: issuer }, regionKey: privatePem(eu) };
const whole = {
  region: 'eu',
  redis: { nodes: ['127.0.0.1:7001'] },
  bus: { url: 'redis://127.0.0.1:6390' },
  regions,
  claims: { keys: ['a secret of as many characters as it takes'] },
  auth,
};

const read = (config: object) => readConfig(JSON.stringify(config), join(dir, 'eu.yaml'), { KEY: privatePem(eu) });
const problemsOf = (config: object): string[] => problemsIn(() => read(config));
const withIssuer = (more: object) => ({ ...whole, auth: { ...auth, issuers: { idp: { ...issuer, ...more } } } });

describe('auth', () => {
  test('takes keys from the file, the environment, and files beside it', () => {
    writeFileSync(join(dir, 'idp.pem'), publicPem(rsa));
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the configuration
    const [key, pem] = ['${KEY}', '${file:idp.pem}'];
    const small = { issuer: 'scripts', audience: 'muster', keys: [pem] };
    const { auth: found } = read({ ...whole, auth: { issuers: { small }, regionKey: key } });
    expect(found?.regionKey).toBe(privatePem(eu));
    expect(found?.issuers.small?.keys).toEqual([publicPem(rsa).trimEnd()]);
  });

  test('is not needed, and of one region no keys are', () => {
    expect(read({ ...whole, auth: undefined }).auth).toBeUndefined();
    expect(problemsOf({ ...whole, regions: { eu: { url: regions.eu.url } }, auth: { issuers: auth.issuers } })).toEqual(
      [],
    );
  });

  test.each<[string, object, string[]]>([
    ['no issuer', { ...whole, auth: { ...auth, issuers: {} } }, ['auth.issuers: is empty, expected at least one']],
    [
      'an issuer without keys',
      withIssuer({ jwksUrl: undefined }),
      ['auth.issuers.idp: must have either jwksUrl or keys'],
    ],
    [
      'an issuer with two kinds of keys',
      withIssuer({ keys: [publicPem(rsa)] }),
      ['auth.issuers.idp: must have either jwksUrl or keys'],
    ],
    [
      'keys over HTTP',
      withIssuer({ jwksUrl: 'http://login.example.com/keys' }),
      ['auth.issuers.idp.jwksUrl: is not HTTPS'],
    ],
    [
      'an issuer named as a region is',
      withIssuer({ issuer: 'urn:muster:region:us' }),
      ['auth.issuers.idp.issuer: begins'],
    ],
    [
      'an issuer that comes twice',
      { ...whole, auth: { ...auth, issuers: { idp: issuer, again: issuer } } },
      ['auth.issuers.again.issuer: is also that of the issuer "idp"'],
    ],
    [
      'an issuer’s private key',
      withIssuer({ jwksUrl: undefined, keys: [privatePem(rsa)] }),
      ['auth.issuers.idp.keys[0]: holds a private key'],
    ],
    ['no key of the region', { ...whole, auth: { issuers: auth.issuers } }, ['auth.regionKey: is missing']],
    [
      'a key of another region',
      { ...whole, auth: { ...auth, regionKey: privatePem(us) } },
      ['auth.regionKey: is not the private part of any of regions.eu.keys'],
    ],
    ['no private key', { ...whole, auth: { ...auth, regionKey: 'secret' } }, ['auth.regionKey: is not a private key']],
    [
      'a region without keys',
      { ...whole, regions: { ...regions, us: { url: regions.us.url } } },
      ['regions.us.keys: is empty'],
    ],
    [
      'a region with a key of another kind',
      { ...whole, regions: { ...regions, us: { ...regions.us, keys: [publicPem(rsa)] } } },
      ['regions.us.keys[0]: is of the wrong kind'],
    ],
    [
      'a file that is not there',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference of the configuration
      { ...whole, auth: { ...auth, regionKey: '${file:none.pem}' } },
      ['auth.regionKey: refers to the file none.pem, which cannot be read: ENOENT'],
    ],
  ])('names %s', (_what, config, expected) => {
    const found = problemsOf(config);
    expect(found).toHaveLength(expected.length);
    for (const [at, begins] of expected.entries()) expect(found[at]).toContain(begins);
    expect(found.join()).not.toContain('PRIVATE KEY');
  });
});

test.each([
  ['127.0.0.1', true],
  ['127.8.9.1', true],
  ['::1', true],
  ['[::1]', true],
  ['localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.0.0.1.example.com', false],
  ['::ffff:127.0.0.1', true],
])('%s is loopback: %s', (host, is) => {
  expect(isLoopback(host)).toBe(is);
});
