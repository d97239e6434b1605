import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeysUnavailable } from '../../src/auth/key-source.ts';
import { RemoteKeys } from '../../src/auth/remote-keys.ts';
import { clientOf, InvalidBearer, Tokens } from '../../src/auth/tokens.ts';
import { createLog } from '../../src/ops/log.ts';
import { JwksServer, type Pair, pairOf, sign } from '../fixtures/issuer.ts';

const HOUR_MS = 3_600_000;
const claims = { iss: 'idp', aud: 'muster', scope: 'read:agent' };
const [old, young, stranger] = [pairOf('old'), pairOf('young', 'RS256'), pairOf('strange')];
const clock = { ms: 0, nowMs: () => clock.ms, monotonicMs: () => clock.ms };
let issuer: JwksServer;
let keys: RemoteKeys;
let tokens: Tokens;

beforeEach(async () => {
  clock.ms = Date.parse('2026-03-02T10:00:00Z');
  issuer = await JwksServer.start(old);
  keys = new RemoteKeys({ url: issuer.url, clock, log: createLog('silent', 'eu', 'test') });
  tokens = new Tokens(new Map([['idp', { audience: 'muster', keys, callerOf: clientOf }]]), clock);
});
afterEach(async () => {
  await keys.stop();
  await issuer.stop();
});

const tokenOf = (pair: Pair) => sign(pair, { ...claims, exp: clock.ms / 1000 + 24 * 3600 }, clock.ms);
const verdict = (token: string): Promise<string> =>
  tokens.callerOf(token).then(
    () => 'good',
    (error) =>
      error instanceof InvalidBearer ? error.fault : error instanceof KeysUnavailable ? 'unavailable' : `${error}`,
  );

describe('the keys that an issuer publishes', () => {
  it('are fetched by the first token, once for all who wait', async () => {
    const token = await tokenOf(old);
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => verdict(token)));
    expect(new Set(verdicts)).toEqual(new Set(['good']));
    expect(issuer.asked).toBe(1);
  });

  it('are fetched again when a token names a new one', async () => {
    expect(await verdict(await tokenOf(old))).toBe('good');
    issuer.keys = [old, young];
    clock.ms += 10_000;
    expect(await verdict(await tokenOf(young))).toBe('good');
    expect(issuer.asked).toBe(2);
  });

  it('are not fetched for every token that a stranger makes up', async () => {
    expect(await verdict(await tokenOf(old))).toBe('good');
    clock.ms += 10_000;
    for (let i = 0; i < 5; i++) expect(await verdict(await tokenOf(stranger))).toBe('key');
    expect(issuer.asked).toBe(2);
    issuer.keys = [old, young];
    expect(await verdict(await tokenOf(young))).toBe('key'); // the price: 10 s at most
    clock.ms += 10_000;
    expect(await verdict(await tokenOf(young))).toBe('good');
  });

  it('end with the issuer’s word, also for tokens that were good before', async () => {
    const token = await tokenOf(old);
    expect(await verdict(token)).toBe('good');
    issuer.keys = [young];
    await keys.refresh();
    expect(await verdict(token)).toBe('key');
  });

  it.each([
    ['answers with errors', (server: JwksServer) => void Object.assign(server, { status: 503 })],
    ['publishes nothing', (server: JwksServer) => void Object.assign(server, { keys: [] })],
    ['is gone', (server: JwksServer) => server.stop()],
  ])('outlive an issuer that %s, for hours and not for ever', async (_how, breakIt) => {
    const token = await tokenOf(old);
    expect(await verdict(token)).toBe('good');
    await breakIt(issuer);
    clock.ms += 4 * HOUR_MS - 1000;
    await keys.refresh();
    expect([await verdict(token), await verdict(await tokenOf(old))]).toEqual(['good', 'good']);
    clock.ms += 2000;
    expect([await verdict(token), await verdict(await tokenOf(old))]).toEqual(['unavailable', 'unavailable']);
  });

  it('are known as soon as an issuer that was away at the start answers', async () => {
    issuer.status = 500;
    keys.start();
    const token = await tokenOf(old);
    expect(await verdict(token)).toBe('unavailable');
    issuer.status = undefined;
    expect(await verdict(token)).toBe('unavailable');
    clock.ms += 10_000;
    expect(await verdict(token)).toBe('good');
  });
});
