import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { ask, bringOnDuty, eventOf, type Regions, startRegions, TOOK_EFFECT } from '../fixtures/regions.ts';

const nowMs = RECENTLY_MS;
let regions: Regions;
let eu: string;
let us: string;

beforeAll(async () => {
  regions = await startRegions({
    names: ['eu', 'us'],
    replicas: false,
    config: { agents: { unknown: { accept: true, home: 'eu' } } },
  });
  [eu, us] = regions.all.map((region) => region.url) as [string, string];
});
afterAll(() => regions.stop());

const agent = (id: string): string => `crm-eu:${id}`;
const known = (url: string, id: string) => ask(`${url}/v1/agents/${encodeURIComponent(id)}`);
const post = (url: string, path: string, body: unknown) => ask(`${url}${path}`, 'POST', body);
const inQueue = (name: string, skills = {}) => ({ profile: { queues: [`crm-eu:${name}`], skills } });
const seenIn = (url: string, id: string, status: string) =>
  vi.waitFor(async () => expect((await known(url, id)).body).toMatchObject({ status }), 10_000);

describe('events', () => {
  it('are taken in the plain form and reach every region, with age, home and staleness in the answer', async () => {
    const { status, body } = await post(eu, '/v1/events', {
      event_id: 'plain-1',
      timestamp: nowMs / 1000,
      agent_id: 'plain',
      status: 'AVAILABLE',
      region_source: 'eu',
    });
    expect(status).toBe(202);
    const outcome = expect.stringMatching(TOOK_EFFECT);
    expect(body).toEqual({ accepted: 1, replicated: false, events: [{ event_id: 'plain-1', outcome }] });
    await seenIn(us, 'plain', 'AVAILABLE');
    const { body: answer } = await known(us, 'plain');
    expect(answer).toMatchObject({ home: 'eu', stale: false, available_since: nowMs });
    expect(answer.age_ms).toBeGreaterThanOrEqual(0);
  });

  it('are harmless twice, late and out of order', async () => {
    const older = eventOf(agent('order'), 'OFFLINE', nowMs);
    const newer = eventOf(agent('order'), 'AVAILABLE', nowMs + 1000);
    const outcome = async (event: object) => (await post(eu, '/v1/events', event)).body.events[0].outcome;
    expect(await outcome(newer)).toMatch(TOOK_EFFECT);
    expect(await outcome(newer)).toBe('duplicate');
    expect(await outcome(older)).toBe('outdated');
    expect((await known(eu, agent('order'))).body.status).toBe('AVAILABLE');
  });

  it('come in batches that are taken whole or not at all', async () => {
    const good = eventOf('batch', 'AVAILABLE', nowMs);
    const { status, body } = await post(eu, '/v1/events', [
      good,
      { ...good, colour: 'red' },
      { ...good, status: 'GONE' },
    ]);
    expect(status).toBe(400);
    expect(body.errors.map((each: { field: string }) => each.field)).toEqual(['/1/colour', '/2/status']);
    expect((await known(eu, 'batch')).status).toBe(404);
  });

  it('are clamped to now where they come from the future, in every region alike', async () => {
    await post(eu, '/v1/events', eventOf('future', 'AVAILABLE', 4_000_000_000));
    await seenIn(us, 'future', 'AVAILABLE');
    const at = async (url: string) => (await known(url, 'future')).body.facets.presence.at;
    expect(await at(us)).toBe(await at(eu));
    await post(eu, '/v1/events', eventOf('future', 'OFFLINE', (await at(eu)) + 60_000));
    expect((await known(eu, 'future')).body.status).toBe('OFFLINE');
  });
});

describe('bad input', () => {
  const event = { event_id: 'e', timestamp: nowMs, agent_id: 'bad', status: 'AVAILABLE' };
  it.each<[string, string, unknown, number, string, string[]]>([
    ['not JSON', '/v1/events', '{', 400, 'not_json', []],
    ['nothing', '/v1/events', [], 400, 'invalid_request', ['/']],
    ['an absurd timestamp', '/v1/events', { ...event, timestamp: 12 }, 400, 'invalid_request', ['/timestamp']],
    [
      'an unknown region',
      '/v1/events',
      { ...event, region_source: 'mars' },
      400,
      'invalid_request',
      ['/region_source'],
    ],
    [
      'a claim nobody granted',
      '/v1/events',
      { ...event, claim: { fence: 1, state: 'ENDED', until: 0, call_id: '', queue: '', completed_at: 0 } },
      400,
      'invalid_request',
      ['/claim'],
    ],
    ['an unknown field', '/v1/claims', { queue: 'support', call_id: 'x', prio: 1 }, 400, 'invalid_request', ['/prio']],
    ['a missing field', '/v1/claims', { queue: 'support' }, 400, 'invalid_request', ['/call_id']],
    ['a wrong type', '/v1/claims', { queue: 'support', call_id: 7 }, 400, 'invalid_request', ['/call_id']],
    ['an unknown queue', '/v1/claims', { queue: 'nowhere', call_id: 'x' }, 404, 'unknown_queue', []],
    ['no claim id', '/v1/claims/what/confirm', {}, 404, 'unknown_claim', []],
    [
      'a claim never granted',
      `/v1/claims/${encodeURIComponent('crm-eu:none~5')}/confirm`,
      {},
      404,
      'unknown_claim',
      [],
    ],
    ['a fence from the future', '/v1/claims/plain~9000000000000000/confirm', {}, 404, 'unknown_claim', []],
    ['no such route', '/v1/nothing', {}, 404, 'unknown_route', []],
  ])('%s is a problem that says what to do', async (_, path, body, status, code, fields) => {
    const answer = await post(eu, path, body);
    expect(answer).toMatchObject({ status, body: { code, status, type: `urn:muster:problem:${code}` } });
    expect((answer.body.errors ?? []).map((each: { field: string }) => each.field)).toEqual(fields);
    expect((await known(eu, 'bad')).status).toBe(404);
  });

  it('of 10 MB is refused, and the sender hears why', async () => {
    const { statusCode, body } = await request(`${eu}/v1/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `"${'x'.repeat(10 * 1024 * 1024)}"`,
    });
    expect(statusCode).toBe(413);
    expect(await body.json()).toMatchObject({ code: 'body_too_large' });
  });

  it('in a query names the parameter', async () => {
    const { status, body } = await ask(`${eu}/agents/available?queue=support&limit=many`);
    expect(status).toBe(400);
    expect(body.errors[0].field).toBe('/limit');
    expect((await ask(`${eu}/agents/available?skills=billing:lots`)).body.errors[0].field).toBe('/skills');
  });
});

describe('a claim', () => {
  it('lives from held to confirmed to completed, and cannot be confirmed after', async () => {
    await post(eu, '/v1/events', eventOf(agent('life'), 'AVAILABLE', nowMs, inQueue('life')));
    const asked = { queue: 'crm-eu:life', call_id: 'life-1' };
    const granted = await post(eu, '/v1/claims', asked);
    expect(granted).toMatchObject({
      status: 201,
      body: { agent_id: agent('life'), state: 'HELD', authority: { region: 'eu' } },
    });
    expect(await post(eu, '/v1/claims', asked)).toMatchObject({
      status: 200,
      body: { claim_id: granted.body.claim_id },
    });

    const path = `/v1/claims/${encodeURIComponent(granted.body.claim_id)}`;
    expect(await post(eu, `${path}/confirm`, {})).toMatchObject({ status: 200, body: { state: 'CONFIRMED' } });
    expect(await post(eu, `${path}/renew`, {})).toMatchObject({ status: 200, body: { state: 'CONFIRMED' } });
    expect(await ask(`${eu}${path}`)).toMatchObject({ status: 200, body: { state: 'CONFIRMED', call_id: 'life-1' } });
    expect(await post(eu, `${path}/complete`, {})).toMatchObject({
      status: 200,
      body: { state: 'ENDED', expires_in_ms: 0 },
    });
    expect(await post(eu, `${path}/complete`, {})).toMatchObject({ status: 200, body: { state: 'ENDED' } });
    expect(await post(eu, `${path}/confirm`, {})).toMatchObject({ status: 409, body: { code: 'claim_ended' } });
  });

  it('that was superseded is refused everything, and says so', async () => {
    await post(eu, '/v1/events', eventOf(agent('stale'), 'AVAILABLE', nowMs, inQueue('stale')));
    const first = await post(eu, '/v1/claims', { queue: 'crm-eu:stale', call_id: 'stale-1' });
    const path = `/v1/claims/${encodeURIComponent(first.body.claim_id)}`;
    await post(eu, `${path}/release`, {});
    await post(eu, '/v1/claims', { queue: 'crm-eu:stale', call_id: 'stale-2' });
    for (const settlement of ['confirm', 'renew', 'release', 'complete']) {
      expect(await post(eu, `${path}/${settlement}`, {})).toMatchObject({
        status: 409,
        body: { code: 'fence_superseded' },
      });
    }
    expect(await ask(`${eu}${path}`)).toMatchObject({ status: 200, body: { state: 'ENDED' } });
  });

  it('is granted by the home of its agent, wherever it is asked for and settled', async () => {
    await post(eu, '/v1/events', eventOf(agent('far'), 'AVAILABLE', nowMs, inQueue('far')));
    await seenIn(us, agent('far'), 'AVAILABLE');
    const asked = { queue: 'crm-eu:far', call_id: 'far-1', budget_ms: 2000 };
    const granted = await post(us, '/v1/claims', asked);
    expect(granted).toMatchObject({
      status: 201,
      body: { agent_id: agent('far'), authority: { region: 'eu', mode: 'home' } },
    });
    expect((await known(eu, agent('far'))).body).toMatchObject({ status: 'BUSY', reason: 'CLAIMED' });
    expect((await post(us, '/v1/claims', asked)).body.claim_id).toBe(granted.body.claim_id);

    const path = `/v1/claims/${encodeURIComponent(granted.body.claim_id)}`;
    expect(await post(us, `${path}/confirm`, {})).toMatchObject({ status: 200, body: { state: 'CONFIRMED' } });
    expect((await ask(`${eu}${path}`)).body.state).toBe('CONFIRMED');
    expect(await post(us, `${path}/complete`, {})).toMatchObject({ status: 200, body: { state: 'ENDED' } });
    expect((await known(eu, agent('far'))).body.status).toBe('AVAILABLE');
  });

  it('follows the platform: connected confirms it, the end of the interaction completes it', async () => {
    const id = agent('platform');
    await post(eu, '/v1/events', eventOf(id, 'AVAILABLE', nowMs, inQueue('platform')));
    const { body } = await post(eu, '/v1/claims', { queue: 'crm-eu:platform', call_id: 'talk' });
    const path = `${eu}/v1/claims/${encodeURIComponent(body.claim_id)}`;
    const interaction = (state: string, at: number) => ({
      ...eventOf(id, 'BUSY', at),
      status: undefined,
      interactions: [{ call_id: 'talk', state, connected_at: nowMs + 1000 }],
    });
    await post(eu, '/v1/events', interaction('CONNECTED', nowMs + 1000));
    expect((await ask(path)).body.state).toBe('CONFIRMED');
    await post(eu, '/v1/events', interaction('ENDED', nowMs + 5000));
    expect((await ask(path)).body.state).toBe('ENDED');
    expect((await known(eu, id)).body.status).toBe('AVAILABLE');
  });

  it('that nobody can have counts why, and explains on request', async () => {
    await post(eu, '/v1/events', eventOf(agent('why'), 'AVAILABLE', nowMs, inQueue('why', { billing: 10 })));
    const asked = { queue: 'crm-eu:why', call_id: 'why-1', skills: { billing: 50 }, explain: true };
    const { status, body } = await post(eu, '/v1/claims', asked);
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'no_agent_available', passed_over: { seen: 1, skill: 1 } });
    expect(body.explanation).toMatchObject([
      { agent_id: agent('why'), obstacle: 'skill', parts: { available_since: nowMs } },
    ]);
  });
});

describe('a lookup', () => {
  it('names the best agents in order and takes nobody; with a call id it claims', async () => {
    for (const [i, id] of ['second', 'first'].entries()) {
      await post(eu, '/v1/events', eventOf(agent(id), 'AVAILABLE', nowMs + 10 - i, inQueue('look', { spanish: 70 })));
    }
    const url = `${eu}/agents/available?queue=crm-eu:look&skills=spanish:60`;
    const ids = async () =>
      (await ask(`${url}&limit=5`)).body.agents.map((each: { agent_id: string }) => each.agent_id);
    expect(await ids()).toEqual([agent('first'), agent('second')]);
    expect(await ids()).toEqual([agent('first'), agent('second')]);
    const claimed = await ask(`${url}&call_id=look-1`);
    expect(claimed).toMatchObject({ status: 200, body: { agent_id: agent('first'), state: 'HELD' } });
    expect((await ask(`${url}&call_id=look-1`)).body.claim_id).toBe(claimed.body.claim_id);
    expect(await ids()).toEqual([agent('second')]);
    expect((await ask(`${eu}/v1/queues/crm-eu:look`)).body).toMatchObject({ in_line: 1, taken: 1 });
  });
});

describe('operators', () => {
  it('see the regions, the shards and what waits', async () => {
    await bringOnDuty(regions.all[0] as (typeof regions.all)[0], 5, regions.all, nowMs);
    const { body } = await ask(`${eu}/v1/regions`);
    expect(body.regions).toMatchObject([
      { region: 'eu', state: 'fresh', reachable: true },
      { region: 'us', state: 'fresh', reachable: true },
    ]);
    expect(body.shards).toHaveLength(3);
    expect(await ask(`${eu}/readyz`)).toMatchObject({ status: 200, body: { status: 'ready', obstacles: [] } });
    const metrics = await (await fetch(`${eu}/metrics`)).text();
    expect(metrics).toMatch(/muster_events_total\{outcome="accepted",region="eu"\} \d+/);
  });
});
