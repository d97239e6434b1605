import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EXCHANGE } from '../../src/agent/exchange.ts';
import { RegionTokens } from '../../src/auth/region-tokens.ts';
import { SCOPES, type Scope } from '../../src/auth/scopes.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { JwksServer, jwkOf, pairOf, privatePem, publicPem, sign } from '../fixtures/issuer.ts';
import { eventOf, type Regions, startRegions, TOOK_EFFECT } from '../fixtures/regions.ts';
import { ROUTES } from '../fixtures/routes.ts';
import { SOON } from '../fixtures/soon.ts';

const ISSUER = 'https://login.example.com/';
const [idp, next, scripts, stranger] = [pairOf('2026-01', 'RS256'), pairOf('2026-02'), pairOf('s'), pairOf('x')];
const [euKey, usKey] = [pairOf('eu'), pairOf('us')];
const keysOf = (pair: typeof euKey) => ({ publicKey: publicPem(pair), privateKey: privatePem(pair) });
const nowMs = systemClock.nowMs();
const ann = { iss: ISSUER, aud: 'muster', sub: 'ann', client_id: 'desk' };
const granting = (...scopes: Scope[]) => sign(idp, { ...ann, scope: scopes.join(' ') }, nowMs);
const without = (scope: Scope) => granting(...SCOPES.filter((each) => each !== scope));
const asUs = new RegionTokens('us', usKey.privateKey, systemClock);

let issuer: JwksServer;
let regions: Regions;
let eu: string;
let us: string;

beforeAll(async () => {
  issuer = await JwksServer.start(idp);
  const issuers = {
    idp: { issuer: ISSUER, audience: 'muster', jwksUrl: issuer.url },
    scripts: { issuer: 'scripts', audience: 'muster', keys: [JSON.stringify(jwkOf(scripts))] },
  };
  regions = await startRegions({
    names: ['eu', 'us'],
    replicas: false,
    secured: {
      auth: { issuers },
      keys: { eu: keysOf(euKey), us: keysOf(usKey) },
      token: await granting('admin:region'),
    },
  });
  [eu, us] = regions.all.map((region) => region.url) as [string, string];
});
afterAll(async () => {
  await regions?.stop();
  await issuer?.stop();
});

interface Asked {
  token?: string;
  body?: unknown;
  method?: string;
  headers?: Record<string, string>;
}

async function send(url: string, { token, body, method, headers }: Asked = {}) {
  const answer = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    body: answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text,
    challenge: answer.headers.get('www-authenticate'),
    id: answer.headers.get('x-request-id'),
  };
}

/** Brings an agent of the region `eu` into a queue, and waits until `us` knows. */
async function onDuty(agentId: string, queue: string): Promise<{ eventId: unknown; request: string | null }> {
  const event = eventOf(agentId, 'AVAILABLE', nowMs, { profile: { queues: [queue], skills: {} } });
  const { status, id } = await send(`${eu}/v1/events`, { token: await granting('write:agent:status'), body: event });
  expect(status).toBe(202);
  const token = await granting('read:agent');
  const known = () => send(`${us}/v1/agents/${encodeURIComponent(agentId)}`, { token });
  await vi.waitFor(async () => expect((await known()).status).toBe(200), SOON);
  return { eventId: event.event_id, request: id };
}

/** The audit's records about one request, as the region's first instance has written them. */
async function recordsOf(region: number, request: string | null) {
  const lines = () =>
    readFileSync(regions[region]?.processes[0]?.log as string, 'utf8')
      .split('\n')
      .filter((line) => line.includes('"audit":true') && line.includes(`"request":"${request}"`));
  await vi.waitFor(() => expect(lines()).not.toEqual([]), SOON);
  return lines().map((line) => JSON.parse(line));
}

const event = { event_id: 'one', timestamp: nowMs, agent_id: 'crm-eu:one', status: 'OFFLINE' };
const gone = '/v1/claims/crm-eu:nobody~1';
const call = { queue: 'nobody-is-in', call_id: 'call' };
const query = new URLSearchParams(call);

/** Every route that asks for a token: what is needed, what is sent, and the answer to whoever may. */
const GUARDED: [route: string, needs: Scope, path: string, body: object | undefined, status: number][] = [
  ['POST /v1/events', 'write:agent:status', '/v1/events', event, 202],
  ['POST /v1/claims', 'route:agent', '/v1/claims', call, 404],
  ['POST /v1/claims/:id/confirm', 'route:agent', `${gone}/confirm`, {}, 404],
  ['POST /v1/claims/:id/renew', 'route:agent', `${gone}/renew`, {}, 404],
  ['POST /v1/claims/:id/release', 'route:agent', `${gone}/release`, {}, 404],
  ['POST /v1/claims/:id/complete', 'route:agent', `${gone}/complete`, {}, 404],
  ['GET /v1/claims/:id', 'read:agent', gone, undefined, 404],
  ['GET /v1/route', 'route:agent', `/v1/route?${query}`, undefined, 404],
  ['POST /v1/route', 'route:agent', '/v1/route', call, 404],
  ['GET /v1/route/settle', 'route:agent', '/v1/route/settle?settlement=confirm&call_id=x', undefined, 200],
  ['POST /v1/route/settle', 'route:agent', '/v1/route/settle', { settlement: 'confirm', call_id: 'x' }, 200],
  ['GET /agents/available', 'read:agent', '/agents/available?queue=support', undefined, 200],
  ['GET /agents/available', 'route:agent', `/agents/available?${query}`, undefined, 404],
  ['GET /v1/agents', 'read:agent', '/v1/agents?limit=1', undefined, 200],
  ['GET /v1/agents/:id', 'read:agent', '/v1/agents/nobody', undefined, 404],
  ['DELETE /v1/agents/:id', 'write:agent:status', '/v1/agents/nobody', undefined, 404],
  ['GET /v1/queues/:id', 'read:agent', '/v1/queues/support', undefined, 200],
  ['GET /v1/stream', 'read:agent', '/v1/stream?events=none', undefined, 400],
  ['GET /v1/regions', 'admin:region', '/v1/regions', undefined, 200],
  ['GET /v1/connections', 'admin:region', '/v1/connections', undefined, 200],
  ['POST /v1/connections/:connection/reconcile', 'admin:region', '/v1/connections/nobody/reconcile', undefined, 404],
  ['GET /metrics', 'admin:region', '/metrics', undefined, 200],
];

describe('a route', () => {
  it('is proven here, if it asks for a scope', () => {
    const guarded = ROUTES.filter(({ access }) => (SCOPES as readonly string[]).includes(access));
    expect([...new Set(GUARDED.map(([route]) => route))].sort()).toEqual(guarded.map(({ route }) => route).sort());
  });

  it.each(GUARDED)('%s is for whoever has %s alone', async (route, needs, path, body, status) => {
    const method = route.split(' ')[0] as string;
    const url = `${eu}${path}`;
    const nobody = await send(url, { method, body });
    expect(nobody).toMatchObject({
      status: 401,
      challenge: 'Bearer realm="muster"',
      body: { code: 'unauthenticated' },
    });
    const wrong = await send(url, { method, body, token: await without(needs) });
    expect(wrong).toMatchObject({ status: 403, body: { code: 'insufficient_scope', scope: needs } });
    expect(wrong.challenge).toContain(`error="insufficient_scope"`);
    expect(wrong.challenge).toContain(`scope="${needs}"`);
    const right = await send(url, { method, body, token: await granting(needs) });
    expect(right.status).toBe(status);
  });

  it('is for everybody where a load balancer asks, and for a secret of its own where a platform does', async () => {
    expect((await send(`${eu}/healthz`)).status).toBe(200);
    expect((await send(`${eu}/readyz`)).status).toBe(200);
    expect((await send(`${eu}/v1/platforms/crm-eu/events`, { body: {} })).body.code).toBe('pushes_not_set_up');
  });

  it('that is not there says so to anybody', async () => {
    expect((await send(`${eu}/v1/nothing`)).body.code).toBe('unknown_route');
  });
});

describe('a token', () => {
  it.each<[string, () => Promise<string>, string]>([
    ['of nobody who is believed', () => sign(scripts, { ...ann, iss: 'elsewhere' }, nowMs), 'an unknown issuer'],
    [
      'with a signature of somebody else',
      () => sign({ ...idp, privateKey: pairOf('', 'RS256').privateKey }, ann, nowMs),
      'signature',
    ],
    ['for somebody else', () => sign(idp, { ...ann, aud: 'another' }, nowMs), 'aud does not fit'],
    ['that has expired', () => sign(idp, { ...ann, exp: Math.floor(nowMs / 1000) - 60 }, nowMs), 'expired'],
  ])('%s is refused, and says why', async (_, made, why) => {
    const { status, challenge } = await send(`${eu}/v1/regions`, { token: await made() });
    expect(status).toBe(401);
    expect(challenge).toContain('error="invalid_token"');
    expect(challenge).toContain(why);
  });

  it('may be signed with a key of the config, where nobody publishes any', async () => {
    const token = await sign(scripts, { iss: 'scripts', aud: 'muster', sub: 'nightly', scope: 'read:agent' }, nowMs);
    expect((await send(`${eu}/v1/queues/support`, { token })).status).toBe(200);
  });
});

describe('a region', () => {
  it('is known to another by its own key, so that a claim crosses regions; both write down who asked', async () => {
    await onDuty('crm-eu:far', 'crm-eu:support');
    const token = await granting('route:agent');
    const asked = { queue: 'support', call_id: 'far', budget_ms: 5000 };
    const { status, body, id } = await send(`${us}/v1/claims`, { token, body: asked });
    expect(status).toBe(201);
    expect(body).toMatchObject({ agent_id: 'crm-eu:far', authority: { region: 'eu', mode: 'home' } });
    const { claim_id: claim, fence } = body;
    const what = { op: 'claim', outcome: 'ok', claim, fence, agent: 'crm-eu:far', call: 'far', granted_by: 'eu' };
    expect(await recordsOf(1, id)).toEqual([
      expect.objectContaining({ ...what, who: { issuer: ISSUER, subject: 'ann', client: 'desk' }, region: 'us' }),
    ]);
    const settled = await send(`${us}/v1/claims/${claim}/complete`, { token, body: { budget_ms: 5000 } });
    expect(settled).toMatchObject({ status: 200, body: { fence } });
    const told = () =>
      readFileSync(regions[0]?.processes[0]?.log as string, 'utf8')
        .split('\n')
        .filter((line) => line.includes('"audit":true') && line.includes(claim))
        .map((line) => JSON.parse(line));
    await expect.poll(told).toMatchObject([
      { ...what, who: { region: 'us' }, region: 'eu' },
      { op: 'complete', outcome: 'ok', claim, fence, who: { region: 'us' } },
    ]);
  });

  it('alone is told the beat, and alone may say that it asks', async () => {
    const all = await granting(...SCOPES);
    expect((await send(`${eu}/v1/beat`, { token: all })).body.code).toBe('not_that_region');
    expect((await send(`${eu}/v1/beat`, { token: await asUs.for('eu') })).status).toBe(200);
    const headers = { 'muster-asked-by': 'us' };
    const read = (token: string) => send(`${eu}/v1/queues/support`, { token, headers });
    expect((await read(all)).body.code).toBe('not_that_region');
    expect((await read(await asUs.for('eu'))).status).toBe(200);
  });

  it('may run a later version: what is unknown here is left out, and a format that is, refused', async () => {
    const headers = (format: number) => ({ 'muster-asked-by': 'us', 'muster-format': String(format) });
    const wish = {
      queue: 'crm-eu:nobody',
      call_id: 'later',
      media: 'voice',
      skills: {},
      proposes: 'crm-eu:x',
      later: 1,
    };
    const ask = async (more: object) => send(`${eu}/v1/claims`, { token: await asUs.for('eu'), body: wish, ...more });
    expect((await ask({ headers: headers(EXCHANGE.newest) })).body.code).toBe('no_agent_available');
    const refused = await ask({ headers: headers(EXCHANGE.newest + 1) });
    expect(refused).toMatchObject({ status: 503, body: { code: 'unknown_format' } });
    // A caller's mistake is one.
    const own = await send(`${eu}/v1/claims`, { token: await granting('route:agent'), body: wish });
    expect(own.status).toBe(400);
  });

  it('is not believed elsewhere, with a key of nobody, or beyond what its callers need of it', async () => {
    const beat = (token: string) => send(`${eu}/v1/beat`, { token });
    expect((await beat(await asUs.for('ap'))).challenge).toContain('aud does not fit');
    const forged = new RegionTokens('us', stranger.privateKey, systemClock);
    expect((await beat(await forged.for('eu'))).challenge).toContain('signature');
    const token = await asUs.for('eu');
    expect((await send(`${eu}/v1/events`, { token, body: event })).body.code).toBe('insufficient_scope');
    expect((await send(`${eu}/v1/regions`, { token })).body.code).toBe('insufficient_scope');
  });
});

describe('the audit', () => {
  const who = { issuer: ISSUER, subject: 'ann', client: 'desk' };

  it('has one record of an event, and of each claim and settlement, with the fence', async () => {
    const { eventId, request } = await onDuty('crm-eu:near', 'crm-eu:near');
    const outcome = expect.stringMatching(TOOK_EFFECT);
    const told = { op: 'event', who, agent: 'crm-eu:near', event_id: eventId, outcome };
    expect(await recordsOf(0, request)).toEqual([expect.objectContaining({ ...told, facets: expect.any(Array) })]);
    const token = await granting('route:agent');
    const asked = { queue: 'crm-eu:near', call_id: 'near' };
    const { body, id } = await send(`${eu}/v1/claims`, { token, body: asked });
    const { claim_id: claim, fence } = body;
    const what = { who, claim, fence, agent: 'crm-eu:near', call: 'near', queue: 'crm-eu:near' };
    expect(await recordsOf(0, id)).toEqual([expect.objectContaining({ ...what, op: 'claim', outcome: 'ok' })]);
    for (const form of [`agents/available?${new URLSearchParams(asked)}`, `v1/route?${new URLSearchParams(asked)}`]) {
      const again = await send(`${eu}/${form}`, { token });
      expect(await recordsOf(0, again.id)).toEqual([
        expect.objectContaining({ ...what, op: 'claim', outcome: 'again' }),
      ]);
    }
    for (const op of ['confirm', 'renew', 'complete', 'release']) {
      const settled = await send(`${eu}/v1/claims/${claim}/${op}`, { token, body: {} });
      expect(await recordsOf(0, settled.id)).toEqual([expect.objectContaining({ ...what, op, outcome: 'ok' })]);
    }
    const late = await send(`${eu}/v1/route/settle?settlement=confirm&claim_id=${claim}`, { token });
    expect(late.body.done).toBe(false);
    expect(await recordsOf(0, late.id)).toMatchObject([{ op: 'confirm', who, claim, outcome: 'claim_ended' }]);
  });

  it('has one record of whatever an operator does, and of whoever was kept from it', async () => {
    const route = 'GET /v1/regions';
    const done = await send(`${eu}/v1/regions?`, { token: await granting('admin:region') });
    expect(await recordsOf(0, done.id)).toMatchObject([{ op: 'admin', who, outcome: 'ok', route }]);
    const kept = await send(`${eu}/v1/regions`, { token: await without('admin:region') });
    expect(await recordsOf(0, kept.id)).toMatchObject([{ op: 'denied', who, outcome: 'insufficient_scope', route }]);
  });
});

describe('a key of a request', () => {
  it('is its own for each caller', async () => {
    const headers = { 'idempotency-key': 'mine' };
    for (const sub of ['ann', 'bob']) {
      const token = await sign(idp, { ...ann, sub, scope: 'write:agent:status' }, nowMs);
      const tell = (what: string) =>
        send(`${eu}/v1/events`, { token, headers, body: { ...event, event_id: `${sub}-${what}` } });
      expect((await tell('first')).status).toBe(202);
      expect((await tell('another')).status).toBe(422);
    }
  });
});

describe("an issuer's keys", () => {
  it('are exchanged while everything runs: by the first token of the new one, which ends the old', async () => {
    issuer.keys = [next];
    const ofNext = await sign(next, { ...ann, scope: 'read:agent' }, nowMs);
    const read = (token: string) => send(`${eu}/v1/queues/support`, { token });
    await vi.waitFor(async () => expect((await read(ofNext)).status).toBe(200), SOON);
    const ofFirst = await read(await granting('read:agent'));
    expect(ofFirst).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
  });
});
