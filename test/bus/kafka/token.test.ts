import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { GrantedTokens, TokenFile } from '../../../src/bus/kafka/token.ts';
import type { JsonAnswer } from '../../fixtures/json-server.ts';
import { TokenEndpoint } from '../../fixtures/token-endpoint.ts';

const SECRET = 'vt:9/hush+hush';

describe('tokens of an endpoint', () => {
  let endpoint: TokenEndpoint;
  const clock = { ms: 0, nowMs: () => 0, monotonicMs: () => clock.ms };
  const source = (tokenUrl = endpoint.url) =>
    new GrantedTokens({ tokenUrl, clientId: 'muster', clientSecret: SECRET, scope: 'kafka' }, clock);

  /** Tokens `t1`, `t2`, … that live for 100 s. */
  function grantAll(): void {
    let count = 0;
    endpoint.answer = () => {
      count += 1;
      return { status: 200, body: { access_token: `t${count}`, token_type: 'Bearer', expires_in: 100 } };
    };
  }

  beforeEach(async () => {
    endpoint = await TokenEndpoint.start();
    grantAll();
  });
  afterEach(() => endpoint.stop());

  test('asks with client credentials, encoded as RFC 6749 wants them', async () => {
    expect(await source().get()).toBe('t1');
    const authorization = `Basic ${Buffer.from('muster:vt%3A9%2Fhush%2Bhush').toString('base64')}`;
    expect(endpoint.asked).toEqual([{ authorization, form: { grant_type: 'client_credentials', scope: 'kafka' } }]);
  });

  test('keeps a token until three quarters of its life are over', async () => {
    const tokens = source();
    await tokens.get();
    clock.ms += 74_999;
    expect(await tokens.get()).toBe('t1');
    clock.ms += 1;
    expect(await tokens.get()).toBe('t2');
  });

  test('asks for each connection where the endpoint does not say how long a token lives', async () => {
    endpoint.answer = () => ({ status: 200, body: { access_token: `t${endpoint.asked.length}` } });
    const tokens = source();
    expect([await tokens.get(), await tokens.get()]).toEqual(['t1', 't2']);
  });

  test('sends one request for all waiting connections', async () => {
    const tokens = source();
    expect(await Promise.all([tokens.get(), tokens.get(), tokens.get()])).toEqual(['t1', 't1', 't1']);
    expect(endpoint.asked).toHaveLength(1);
  });

  test('fetches a new token after the brokers refused one', async () => {
    const tokens = source();
    await tokens.get();
    tokens.refuse();
    expect(await tokens.get()).toBe('t2');
  });

  test('says what the endpoint refuses, without the secret that it repeats', async () => {
    const description = `no client muster with ${SECRET}`;
    endpoint.answer = () => ({ status: 401, body: { error: 'invalid_client', error_description: description } });
    await expect(source().get()).rejects.toThrow(
      `the token endpoint ${endpoint.url} answered 401: invalid_client, no client muster with …`,
    );
  });

  test.each([
    ['nothing', {}],
    ['what would say more to a broker', { access_token: 'a\u0001b=c', expires_in: 100 }],
  ])('takes for a token no answer that holds %s', async (_, body) => {
    endpoint.answer = () => ({ status: 200, body });
    await expect(source().get()).rejects.toThrow(`the token endpoint ${endpoint.url} answered without a token`);
  });

  test('says that the endpoint cannot be reached, on each attempt', async () => {
    const tokens = source('http://127.0.0.1:1/token?key=k');
    for (const _ of [1, 2])
      await expect(tokens.get()).rejects.toThrow(
        'the token endpoint http://127.0.0.1:1/token cannot be reached: connect ECONNREFUSED',
      );
  });

  test('does not make a connection wait for a slow endpoint, and has its token for the next', async () => {
    let grant = (_: JsonAnswer): void => undefined;
    endpoint.answer = () => new Promise((resolve) => (grant = resolve));
    const tokens = source();
    await expect(tokens.get()).rejects.toThrow(`the token endpoint ${endpoint.url} has not answered within 1500 ms`);
    grant({ status: 200, body: { access_token: 'late', expires_in: 100 } });
    expect(await tokens.get()).toBe('late');
    expect(endpoint.asked).toHaveLength(1);
  });
});

describe('tokens of a file', () => {
  function file(text?: string): string {
    const dir = mkdtempSync(join(tmpdir(), 'muster-token-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const path = join(dir, 'token');
    if (text !== undefined) writeFileSync(path, text);
    return path;
  }

  test('are read for each connection', async () => {
    const path = file('first\n');
    const tokens = new TokenFile(path);
    expect(await tokens.get()).toBe('first');
    writeFileSync(path, 'second==');
    expect(await tokens.get()).toBe('second==');
  });

  test('fail if the file is missing', async () => {
    const path = file();
    await expect(new TokenFile(path).get()).rejects.toThrow(`the token file ${path} cannot be read: ENOENT`);
  });

  test.each([['\n'], ['two words'], ['a\u0001auth=b']])('are not %j', async (text) => {
    const path = file(text);
    await expect(new TokenFile(path).get()).rejects.toThrow(`the token file ${path} holds no token`);
  });
});
