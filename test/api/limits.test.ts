import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ClaimIds } from '../../src/contract/claim-ids.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { pairOf, privatePem, publicPem, sign } from '../fixtures/issuer.ts';
import { CLAIM_KEY, type Regions, startRegions } from '../fixtures/regions.ts';

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

/** @param body JSON, or text that is a form */
async function send(token: string, path = '/v1/queues/support', method = 'GET', body?: string | object) {
  const type = typeof body === 'string' ? 'application/x-www-form-urlencoded' : 'application/json';
  const answer = await fetch(`${eu}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': type }) },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text };
}

/** Asks until it is refused. */
async function exhaust(token: string, asking = () => send(token)) {
  return vi.waitFor(
    async () => {
      const all = await Promise.all(Array.from({ length: 2 * PER_SECOND }, asking));
      const refused = all.find(({ status }) => status === 429);
      if (!refused) throw new Error('nobody was refused');
      return refused;
    },
    { timeout: 45_000, interval: 1 },
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
    await vi.waitFor(async () => expect((await send(token)).status).toBe(200), { timeout: 45_000, interval: 100 });
  });

  it('still settles, and keeps nobody else from asking', async () => {
    const [token, other] = [await granting('busy'), await granting('other')];
    await exhaust(token);
    // Granted once, of an agent whom nobody has heard of since.
    const id = new ClaimIds([CLAIM_KEY]).sign({ agentId: 'crm-eu:nobody', fence: 1, region: 'eu' });
    const claim = `/v1/claims/${encodeURIComponent(id)}/release`;
    const settled = await Promise.all(Array.from({ length: 2 * PER_SECOND }, () => send(token, claim, 'POST')));
    expect(new Set(settled.map(({ status }) => status))).toEqual(new Set([404]));
    const flat = `/v1/route/settle?${new URLSearchParams({ claim_id: id, settlement: 'release' })}`;
    const scripts = await Promise.all(Array.from({ length: 2 * PER_SECOND }, () => send(token, flat)));
    expect(new Set(scripts.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await send(other)).status).toBe(200);
    const metrics = await send(other, '/metrics');
    expect(metrics.text).toMatch(/muster_requests_rate_limited_total\{[^}]*\} [1-9]/);
  });
});

const forged = `crm-eu:nobody~1:voice:home:eu:${'A'.repeat(22)}`;
const fields = { claim_id: forged, settlement: 'confirm' };
const inPath = `/v1/claims/${encodeURIComponent(forged)}`;

describe('a client who makes up ids of claims', () => {
  it.each<[string, string, string, string | object | undefined, number]>([
    ['confirms, in the path', `${inPath}/confirm`, 'POST', undefined, 404],
    ['renews, in the path', `${inPath}/renew`, 'POST', {}, 404],
    ['releases, in the path', `${inPath}/release`, 'POST', undefined, 404],
    ['completes, in the path', `${inPath}/complete`, 'POST', undefined, 404],
    ['settles, in a query', `/v1/route/settle?${new URLSearchParams(fields)}`, 'GET', undefined, 200],
    ['settles, in a query that is posted', `/v1/route/settle?${new URLSearchParams(fields)}`, 'POST', undefined, 200],
    ['settles, in JSON', '/v1/route/settle', 'POST', fields, 200],
    ['settles, in a form', '/v1/route/settle', 'POST', `${new URLSearchParams(fields)}`, 200],
  ])('%s: is told that there is none, and refused when asking too often', async (who, path, method, body, status) => {
    const token = await granting(who);
    const first = await send(token, path, method, body);
    expect([first.status, JSON.parse(first.text)]).toEqual([
      status,
      expect.objectContaining(status === 404 ? { code: 'unknown_claim' } : { done: false, reason: 'unknown_claim' }),
    ]);
    const refused = await exhaust(token, () => send(token, path, method, body));
    expect(JSON.parse(refused.text)).toMatchObject({ code: 'too_many_requests', status: 429 });
    expect(refused.headers.get('retry-after')).toBe('1');
    await vi.waitFor(async () => expect((await send(token, path, method, body)).status).toBe(status), {
      timeout: 45_000,
      interval: 100,
    });
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
