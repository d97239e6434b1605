import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { pairOf, privatePem, publicPem, sign } from '../fixtures/issuer.ts';
import { type Regions, startRegions } from '../fixtures/regions.ts';

const PER_SECOND = 20;
const [scripts, euKey, usKey] = [pairOf('s', 'EdDSA'), pairOf('eu'), pairOf('us')];
const keysOf = (pair: typeof euKey) => ({ publicKey: publicPem(pair), privateKey: privatePem(pair) });
const granting = (client_id: string, scope = 'read:agent route:agent admin:region') =>
  sign(scripts, { iss: 'scripts', aud: 'muster', sub: 'ann', client_id, scope }, systemClock.nowMs());

let regions: Regions;
let eu: string;

beforeAll(async () => {
  regions = await startRegions({
    names: ['eu', 'us'],
    replicas: false,
    config: { limits: { requestsPerSecond: PER_SECOND } },
    secured: {
      auth: { issuers: { scripts: { issuer: 'scripts', audience: 'muster', keys: [publicPem(scripts)] } } },
      keys: { eu: keysOf(euKey), us: keysOf(usKey) },
      token: await granting('start'),
    },
  });
  eu = regions[0]?.url ?? '';
});
afterAll(() => regions?.stop());

async function send(token: string, path = '/v1/queues/support', method = 'GET') {
  const answer = await fetch(`${eu}${path}`, { method, headers: { authorization: `Bearer ${token}` } });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text };
}

/** Asks until it is refused. */
async function exhaust(token: string) {
  return vi.waitFor(
    async () => {
      const all = await Promise.all(Array.from({ length: 2 * PER_SECOND }, () => send(token)));
      const refused = all.find(({ status }) => status === 429);
      if (!refused) throw new Error('nobody was refused');
      return refused;
    },
    { timeout: 10_000, interval: 1 },
  );
}

describe('a client who asks too often', () => {
  it('is told what is left, refused beyond that, and let in again', async () => {
    const token = await granting('often');
    const first = await send(token);
    expect(first.headers.get('ratelimit-limit')).toBe(String(PER_SECOND));
    expect(first.headers.get('ratelimit-remaining')).toBe(String(PER_SECOND - 1));
    expect(first.headers.get('ratelimit-reset')).toBe('1');
    const refused = await exhaust(token);
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'too_many_requests', status: 429 });
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.headers.get('ratelimit-remaining')).toBe('0');
    await vi.waitFor(async () => expect((await send(token)).status).toBe(200), { timeout: 10_000, interval: 100 });
  });

  it('still settles, and keeps nobody else from asking', async () => {
    const [token, other] = [await granting('busy'), await granting('other')];
    await exhaust(token);
    const claim = `/v1/claims/${encodeURIComponent('crm-eu:nobody~1')}/release`;
    const settled = await Promise.all(Array.from({ length: 2 * PER_SECOND }, () => send(token, claim, 'POST')));
    expect(new Set(settled.map(({ status }) => status))).toEqual(new Set([404]));
    expect((await send(other)).status).toBe(200);
    const metrics = await send(other, '/metrics');
    expect(metrics.text).toMatch(/muster_rate_limited_total\{[^}]*\} [1-9]/);
  });
});

it('load balancers are never counted', async () => {
  const all = await Promise.all(Array.from({ length: 3 * PER_SECOND }, () => fetch(`${eu}/healthz`)));
  for (const answer of all) {
    await answer.text();
    expect(answer.status).toBe(200);
    expect(answer.headers.get('ratelimit-limit')).toBeNull();
  }
});
