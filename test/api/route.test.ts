import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { ask, eventOf, type Regions, startRegions, type TestRegion } from '../fixtures/regions.ts';
import { say } from '../fixtures/tokens.ts';

const nowMs = RECENTLY_MS;
let regions: Regions;
let eu: string;
let us: string;

beforeAll(async () => {
  const support = { unites: ['crm-eu:support'], domain: 'north' };
  const domains = {
    'crm-eu': { platform: 'events', home: 'eu', domain: 'north' },
    'crm-us': { platform: 'events', home: 'us' },
  };
  const few = { limits: { retriesPerMinute: 60 } };
  regions = await startRegions({
    names: ['eu', 'us'],
    replicas: false,
    config: { connections: domains, queues: { support }, domains: { north: {}, main: {} }, ...few },
  });
  [eu, us] = regions.all.map((region) => region.url) as [string, string];
});
afterAll(() => regions.stop());

const agent = (id: string): string => `crm-eu:${id}`;

/** Brings an agent on duty into a queue of its own name. */
async function onDuty(name: string, skills = {}): Promise<void> {
  const event = eventOf(agent(name), 'AVAILABLE', nowMs, { profile: { queues: [agent(name)], skills } });
  expect((await ask(`${eu}/v1/events`, 'POST', event)).status).toBe(202);
}

const route = async (fields: object, url = eu) => ask(`${url}/v1/route`, 'POST', fields);
const settle = async (fields: object, url = eu) => ask(`${url}/v1/route/settle`, 'POST', fields);
const query = (path: string, fields: Record<string, string>, url = eu) =>
  ask(`${url}${path}?${new URLSearchParams(fields)}`);
const statusOf = async (name: string) => (await ask(`${eu}/v1/agents/${encodeURIComponent(agent(name))}`)).body.status;

async function form(path: string, text: string, headers: Record<string, string> = {}) {
  const type = { 'content-type': 'application/x-www-form-urlencoded', ...headers };
  const answer = await fetch(`${eu}${path}`, { method: 'POST', headers: type, body: text });
  return { status: answer.status, body: await answer.json() };
}

describe('a route', () => {
  it('is an agent with the id that the platform knows, and the same one when it is asked for again', async () => {
    await onDuty('found');
    const first = await route({ queue: agent('found'), call_id: 'found-1' });
    expect(first).toEqual({
      status: 200,
      body: {
        found: true,
        agent_id: agent('found'),
        connection: 'crm-eu',
        user_id: 'found',
        claim_id: expect.stringMatching(/^crm-eu:found~\d+:voice:home:eu:[\w-]{22}$/),
        expires_in_ms: expect.any(Number),
        replicated: false,
        queue: agent('found'),
        age_ms: 0,
        authority: 'home',
        delivered: '',
        verified: false,
      },
    });
    const again = [
      await query('/v1/route', { queue: agent('found'), call_id: 'found-1', skills: '', language: '' }),
      await form('/v1/route', `queue=${agent('found')}&call_id=found-1&budget_ms=1500`),
      await form('/v1/route', `{"queue": "${agent('found')}", "call_id": "found-1"}`),
    ];
    for (const { status, body } of again) {
      expect([status, body.claim_id]).toEqual([200, first.body.claim_id]);
    }
  });

  it('to nobody is a 200 that says why and when to ask again', async () => {
    await onDuty('nobody', { billing: 10 });
    const { status, body } = await route({ queue: agent('nobody'), call_id: 'nobody-1', skills: 'billing:50' });
    expect(status).toBe(200);
    expect(body).toEqual({
      found: false,
      reason: 'no_agent_available',
      detail: 'no agent of queue "crm-eu:nobody" can take the call now: 1 seen, 1 skill',
      retry_after_ms: 2000,
      age_ms: 0,
      queue: agent('nobody'),
      agent_id: '',
      claim_id: '',
    });
  });

  it('to nobody is asked for again later, the more calls wait, however they ask', async () => {
    await onDuty('many', { billing: 10 });
    const wish = { queue: agent('many'), skills: 'billing:50' };
    const many = Array.from({ length: 8 }, (_, n) => route({ ...wish, call_id: `many-${n}` }));
    const told = (await Promise.all(many)).map(({ body }) => body.retry_after_ms);
    const claim = { queue: agent('many'), skills: { billing: 50 } };
    const claimed = await ask(`${eu}/v1/claims`, 'POST', { ...claim, call_id: 'many-claim' });
    const looked = await query('/agents/available', { ...wish, call_id: 'many-look' });
    expect([claimed.status, looked.status]).toEqual([409, 409]);
    const rest = [claimed, looked].map(({ body }) => body.retry_after_ms);
    // A turn each second, less the time that all this took; none is sooner than in 2 s.
    expect(Math.min(...told, ...rest)).toBeGreaterThanOrEqual(2000);
    expect(Math.max(...told)).toBeGreaterThan(2000);
    expect(Math.max(...told, ...rest)).toBeLessThanOrEqual(2000 + 10 * 1000);
    const [first = 0] = told;
    const again = (await route({ ...wish, call_id: 'many-0' })).body.retry_after_ms;
    expect(again).toBeLessThanOrEqual(Math.max(2000, first));
  });

  it('names the claim that the call has, where it asks for something else', async () => {
    await onDuty('wish');
    const first = await route({ queue: agent('wish'), call_id: 'wish-1' });
    expect(await route({ queue: agent('found'), call_id: 'wish-1' })).toEqual({
      status: 200,
      body: {
        found: false,
        reason: 'call_has_claim',
        detail: expect.stringContaining('has agent "crm-eu:wish"'),
        retry_after_ms: expect.any(Number),
        age_ms: 0,
        queue: agent('wish'),
        agent_id: agent('wish'),
        claim_id: first.body.claim_id,
      },
    });
  });

  it.each<[string, object, boolean]>([
    ['as text', { skills: 'spanish:60, billing' }, true],
    ['as text that asks for more', { skills: 'spanish:80' }, false],
    ['as names', { skills: ['spanish', 'billing'] }, true],
    ['with levels', { skills: { spanish: 71 } }, false],
    ['as a language', { language: 'spanish' }, true],
    ['as a language nobody speaks', { language: 'french' }, false],
    ['as a language of a level', { language: 'spanish', skills: 'spanish:80' }, false],
  ])('wants skills %s', async (how, wanted, isFound) => {
    const name = `skills-${how.replaceAll(' ', '-')}`;
    await onDuty(name, { spanish: 70, billing: 5 });
    const { status, body } = await route({ queue: agent(name), call_id: name, ...wanted });
    expect([status, body.found]).toEqual([200, isFound]);
  });

  it('takes numbers for text and text for numbers', async () => {
    await onDuty('numbers');
    const asked = { queue: agent('numbers'), call_id: 220033988201, budget_ms: '1500', media: 'voice' };
    const { body } = await route(asked);
    expect(body.found).toBe(true);
    expect((await ask(`${eu}/v1/claims/${encodeURIComponent(body.claim_id)}`)).body.call_id).toBe('220033988201');
  });

  it('is a token of the write, for reads that follow, and nothing to keep', async () => {
    await onDuty('token');
    const answer = await fetch(`${eu}/v1/route?queue=${agent('token')}&call_id=token-1`);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const token = answer.headers.get('muster-consistency') ?? '';
    const read = await say(`${us}/v1/agents/${encodeURIComponent(agent('token'))}`, { token });
    expect(read.body).toMatchObject({ status: 'BUSY', reason: 'CLAIMED' });
  });

  it.each<[string, object, number, string, string[]]>([
    ['a missing field', { queue: 'support' }, 400, 'invalid_request', ['/call_id']],
    ['an empty field', { queue: '', call_id: 'x' }, 400, 'invalid_request', ['/queue']],
    ['an unknown field', { queue: 'support', call_id: 'x', skill: 'a' }, 400, 'invalid_request', ['/skill']],
    ['an unknown medium', { queue: 'support', call_id: 'x', media: 'fax' }, 400, 'invalid_request', ['/media']],
    ['a long budget', { queue: 'support', call_id: 'x', budget_ms: 2001 }, 400, 'invalid_request', ['/budget_ms']],
    ['odd skills', { queue: 'support', call_id: 'x', skills: 'a:lots' }, 400, 'invalid_request', ['/skills']],
    ['no object', ['support'], 400, 'invalid_request', ['/']],
    ['an unknown queue', { queue: 'nowhere', call_id: 'x' }, 404, 'unknown_queue', []],
  ])('with %s is a problem: its author must see it', async (_, fields, status, code, wrong) => {
    const { body, ...answer } = await route(fields);
    expect([answer.status, body.code]).toEqual([status, code]);
    expect((body.errors ?? []).map((each: { field: string }) => each.field)).toEqual(wrong);
  });

  it('is asked for in forms here only, and broken JSON is said to be that', async () => {
    expect(await form('/v1/route', '{"queue":')).toMatchObject({ status: 400, body: { code: 'not_json' } });
    expect(await form('/v1/claims', 'queue=support&call_id=x')).toMatchObject({ status: 415 });
  });
});

describe('a settlement', () => {
  const claimed = async (name: string) => (await route({ queue: agent(name), call_id: `${name}-1` })).body.claim_id;

  it('is done by the claim, and may be repeated', async () => {
    await onDuty('by-claim');
    const claim_id = await claimed('by-claim');
    const confirmed = await settle({ claim_id, settlement: 'confirm', call_id: 'of-no-matter' });
    expect(confirmed).toEqual({
      status: 200,
      body: { done: true, state: 'CONFIRMED', claim_id, expires_in_ms: expect.any(Number) },
    });
    expect((await query('/v1/route/settle', { claim_id, settlement: 'confirm' })).body.state).toBe('CONFIRMED');
    const ended = { done: true, state: 'ENDED', claim_id, expires_in_ms: 0 };
    expect((await settle({ claim_id, settlement: 'complete' })).body).toEqual(ended);
    expect((await settle({ claim_id, settlement: 'complete' })).body).toEqual(ended);
    expect(await statusOf('by-claim')).toBe('AVAILABLE');
  });

  it.each([
    ['in its queue', { queue: agent('by-call') }],
    ['in whatever domain', { claim_id: '', queue: '' }],
  ])('is done by the call %s', async (_, more) => {
    await onDuty('by-call');
    const claim_id = await claimed('by-call');
    const asked = { call_id: 'by-call-1', settlement: 'release', ...more };
    for (let i = 0; i < 3; i++) {
      expect((await settle(asked)).body).toEqual({ done: true, state: 'ENDED', claim_id, expires_in_ms: 0 });
    }
    expect(await statusOf('by-call')).toBe('AVAILABLE');
  });

  it('is done by the call in a region that only heard of the claim', async () => {
    await onDuty('heard');
    const claim_id = await claimed('heard');
    await vi.waitFor(async () => {
      const { body } = await settle({ call_id: 'heard-1', settlement: 'confirm', budget_ms: 2000 }, us);
      expect(body).toMatchObject({ done: true, state: 'CONFIRMED', claim_id });
    }, 10_000);
  });

  it('by the agent is for the call that has the agent, and no other', async () => {
    await onDuty('by-agent');
    const claim_id = await claimed('by-agent');
    const asked = { agent_id: agent('by-agent'), settlement: 'release' };
    expect((await settle({ ...asked, call_id: 'a-later-one' })).body).toMatchObject({
      done: false,
      reason: 'unknown_claim',
    });
    expect(await statusOf('by-agent')).toBe('BUSY');
    const alone = await settle(asked);
    expect([alone.status, alone.body.errors[0].field]).toEqual([400, '/call_id']);
    expect((await settle({ ...asked, call_id: 'by-agent-1' })).body).toMatchObject({ done: true, claim_id });
    expect(await statusOf('by-agent')).toBe('AVAILABLE');
  });

  it('that comes late leaves the next call alone', async () => {
    await onDuty('late');
    const claim_id = await claimed('late');
    await settle({ claim_id, settlement: 'release' });
    await route({ queue: agent('late'), call_id: 'late-2' });
    for (const [by, reason] of [
      [{ claim_id }, 'fence_superseded'],
      [{ call_id: 'late-1' }, 'unknown_claim'],
    ] as const) {
      const { status, body } = await settle({ ...by, settlement: 'release' });
      expect(status).toBe(200);
      expect(body).toEqual({ done: false, reason, detail: expect.any(String) });
    }
    expect(await statusOf('late')).toBe('BUSY');
  });

  it('by the call or the agent is for the unit that the call has, where an agent carries several', async () => {
    const capacity = {
      media: { voice: { units: 1, beside: ['chat'] }, chat: { units: 2, beside: ['voice', 'chat'] } },
    };
    const profile = { queues: [agent('units')], skills: {}, capacity };
    await ask(`${eu}/v1/events`, 'POST', eventOf(agent('units'), 'AVAILABLE', nowMs, { profile }));
    const asked = { queue: agent('units'), language: '' };
    const voice = await route({ ...asked, call_id: 'units-voice', media: '' });
    const [one, two] = [
      await route({ ...asked, call_id: 'units-1', media: 'chat' }),
      await route({ ...asked, call_id: 'units-2', media: 'chat' }),
    ];
    expect([voice, one, two].map(({ body }) => body.found)).toEqual([true, true, true]);
    const byCall = await settle({ call_id: 'units-1', settlement: 'confirm' });
    expect(byCall.body).toMatchObject({ done: true, state: 'CONFIRMED', claim_id: one.body.claim_id });
    const byAgent = await settle({ agent_id: agent('units'), call_id: 'units-2', settlement: 'release' });
    expect(byAgent.body).toMatchObject({ done: true, state: 'ENDED', claim_id: two.body.claim_id });
    const untouched = await ask(`${eu}/v1/claims/${encodeURIComponent(voice.body.claim_id)}`);
    expect(untouched.body.state).toBe('HELD');
  });

  it.each<[string, object, string]>([
    ['an unknown call', { call_id: 'never', settlement: 'confirm' }, 'unknown_claim'],
    ['an unknown claim', { claim_id: 'what', settlement: 'confirm' }, 'unknown_claim'],
    ['an unknown agent', { agent_id: 'who', call_id: 'never', settlement: 'confirm' }, 'unknown_agent'],
  ])('of %s is a 200 that says so', async (_, fields, reason) => {
    expect(await settle(fields)).toMatchObject({ status: 200, body: { done: false, reason } });
  });

  it.each<[string, object, number, string[]]>([
    ['of nothing', { settlement: 'confirm' }, 400, ['/claim_id']],
    ['of no kind', { claim_id: 'a~1' }, 400, ['/settlement']],
    ['of an unknown kind', { claim_id: 'a~1', settlement: 'forget' }, 400, ['/settlement']],
    ['in an unknown queue', { call_id: 'x', queue: 'nowhere', settlement: 'confirm' }, 404, []],
  ])('%s is a problem', async (_, fields, status, wrong) => {
    const answer = await settle(fields);
    expect(answer.status).toBe(status);
    expect((answer.body.errors ?? []).map((each: { field: string }) => each.field)).toEqual(wrong);
  });
});

describe('what is away for a moment', () => {
  it('is a 200 that says so where the home of a claim is silent', async () => {
    await onDuty('silent');
    const { body } = await route({ queue: agent('silent'), call_id: 'silent-1' });
    const homes = (regions[0] as TestRegion).processes;
    await Promise.all(homes.map((each) => each.signal('SIGSTOP')));
    try {
      const asked = { claim_id: body.claim_id, settlement: 'confirm', budget_ms: 100 };
      const { status, body: answer } = await settle(asked, us);
      expect(status).toBe(200);
      expect(answer).toEqual({ done: false, reason: expect.any(String), detail: expect.any(String) });
      expect(['home_unreachable', 'outcome_unknown']).toContain(answer.reason);
    } finally {
      await Promise.all(homes.map((each) => each.signal('SIGCONT')));
    }
  });

  it('is a 200 that says so where the shard is down', async () => {
    const { redis } = regions[1] as TestRegion;
    await redis.kill(await redis.masterOf('agents:{main}'));
    const asked = { queue: 'crm-us:none', call_id: 'down-1' };
    const expected = { reason: 'shard_unavailable', detail: expect.any(String) };
    expect(await route(asked, us)).toEqual({
      status: 200,
      body: {
        found: false,
        ...expected,
        retry_after_ms: expect.any(Number),
        age_ms: 0,
        queue: 'crm-us:none',
        agent_id: '',
        claim_id: '',
      },
    });
    const settled = await settle({ ...asked, settlement: 'release' }, us);
    expect(settled).toEqual({ status: 200, body: { done: false, ...expected } });
  });
});
