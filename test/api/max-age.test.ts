import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import { startGenesysSimulator } from '@muster/simulators/genesys/simulator';
import { createClient } from '@muster-routing/muster/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { verify } from '../../src/verify/verify.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { ask, bringOnDuty, type Regions, startRegions } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';
import { GenesysClient } from '../simulators/genesys-client.ts';

let simulator: GenesysSimulator;
let regions: Regions;
let eu: string;
let us: string;
/** A user of the platform who waits for calls, homed in us. */
let user: string;

beforeAll(async () => {
  simulator = await startGenesysSimulator({ agents: 3, queues: 1, paused: true });
  const client = await GenesysClient.login(simulator);
  const [{ id: userId }] = (await client.get('/api/v2/users')).body.entities;
  simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
  user = `emea:${userId}`;
  const account = { platform: 'genesys', loginUrl: simulator.url, apiUrl: simulator.url, ...simulator.credentials };
  regions = await startRegions({
    names: ['eu', 'us'],
    replicas: false,
    config: {
      connections: {
        'crm-eu': { platform: 'events', home: 'eu' },
        'crm-us': { platform: 'events', home: 'us' },
        emea: { ...account, home: 'us' },
      },
    },
  });
  [eu, us] = regions.all.map(({ url }) => url) as [string, string];
  const [here, there] = regions.all as [Regions[0], Regions[0]];
  await bringOnDuty(here, 1, regions.all, RECENTLY_MS);
  await bringOnDuty(there, 3, regions.all, RECENTLY_MS);
  await vi.waitFor(async () => expect(idsOf((await look('global')).body)).toContain(user), SOON);
}, 60_000);
afterAll(async () => {
  await regions?.stop();
  await simulator?.stop();
});

const look = (queue: string, more: Record<string, string> = {}, url = eu, limit = 10) =>
  ask(`${url}/agents/available?${new URLSearchParams({ queue, limit: String(limit), ...more })}`);
const claim = (call_id: string, more: object = {}, url = eu) =>
  ask(`${url}/v1/claims`, 'POST', { queue: 'crm-us:support', call_id, budget_ms: 2000, ...more });
const route = (call_id: string, more: object = {}) =>
  ask(`${eu}/v1/route`, 'POST', { queue: 'crm-us:support', call_id, ...more });
const idsOf = (body: { agents: { agent_id: string }[] }): string[] => body.agents.map(({ agent_id }) => agent_id);

/** Answers, and how long that took in ms. */
async function timed<T>(asked: Promise<T>): Promise<[T, number]> {
  const startedMs = performance.now();
  return [await asked, Math.ceil(performance.now() - startedMs)];
}

describe('a limit of age', () => {
  it.each<[string, unknown]>([
    ['is negative', -1],
    ['is negative by little', -0.5],
    ['is no integer', 0.5],
    ['is no number', 'old'],
    ['is larger than anything', 2 ** 31],
  ])('that %s is refused, naming the field', async (_what, max_age_ms) => {
    const query = { max_age_ms: String(max_age_ms) };
    const answers = await Promise.all([
      claim('wrong', { max_age_ms }),
      route('wrong', { max_age_ms }),
      route('wrong', query),
      look('crm-us:support', query),
      look('crm-us:support', { ...query, call_id: 'wrong' }),
    ]);
    for (const { status, body } of answers) {
      expect([status, body.code]).toEqual([400, 'invalid_request']);
      expect(new Set(body.errors.map(({ field }: { field: string }) => field))).toEqual(new Set(['/max_age_ms']));
    }
  });

  it('finds agents at home at any, and says that the answer is 0 ms old', async () => {
    const { body } = await look('crm-eu:support', { max_age_ms: '0' });
    expect([idsOf(body), body.age_ms, body.agents[0].age_ms]).toEqual([['crm-eu:0'], 0, 0]);
    const there = await look('crm-us:support', { max_age_ms: '0' }, us);
    expect([idsOf(there.body).length, there.body.age_ms]).toEqual([3, 0]);
  });

  it('is known to the client, and so is what the answer says', async () => {
    const client = createClient({ url: eu });
    const query = { queue: 'crm-us:support', limit: 3, max_age_ms: 30_000 };
    const { body } = await client.findAgents({ query });
    const oldest = 'agents' in body ? Math.max(...body.agents.map(({ age_ms }) => age_ms ?? Number.NaN)) : undefined;
    expect(body.age_ms).toBe(oldest);
  });
});

describe('while the bus is cut', () => {
  beforeAll(async () => {
    await regions.bus.kill('SIGSTOP');
    await vi.waitFor(async () => expect((await look('crm-us:support')).body.age_ms).toBeGreaterThan(2500), SOON);
  });
  afterAll(() => regions.bus.kill('SIGCONT'));

  it('a lookup takes agents of another home as long as its caller allows, and says how old they are', async () => {
    const { body: all } = await look('crm-us:support', { max_age_ms: '29000' });
    expect(idsOf(all)).toHaveLength(3);
    expect(all.age_ms).toBeGreaterThan(2500);
    expect(all.age_ms).toBe(Math.max(...all.agents.map(({ age_ms }: { age_ms: number }) => age_ms)));
    const { body } = await look('crm-us:support', { max_age_ms: '2000', explain: 'true' });
    expect(body).toMatchObject({ agents: [], passed_over: { stale: 3 } });
    expect(body.age_ms).toBeGreaterThan(2500);
    expect(body.explanation).toHaveLength(3);
    for (const each of body.explanation) {
      expect(each).toMatchObject({ obstacle: 'stale', word_of: 'home', age_limit_ms: 2000 });
      expect(each.age_ms).toBeGreaterThan(2500);
    }
    // At home nothing has aged.
    expect((await look('crm-us:support', { max_age_ms: '0' }, us)).body.age_ms).toBe(0);
  });

  it('agents of a platform are read through, for this request', async () => {
    const [{ body }, tookMs] = await timed(look('global', { max_age_ms: '0', budget_ms: '2000' }, eu, 50));
    expect(idsOf(body)).toContain(user);
    expect(idsOf(body)).not.toContain('crm-us:0');
    expect(body.age_ms).toBeLessThanOrEqual(tookMs + 1);
    for (const { agent_id, age_ms, confirmed_ms_ago } of body.agents) {
      expect(agent_id.startsWith('crm-eu:') ? age_ms : confirmed_ms_ago).toBeLessThanOrEqual(body.age_ms);
    }
    expect(body.agents.find(({ agent_id }: { agent_id: string }) => agent_id === user).age_ms).toBeGreaterThan(2500);
  });

  it('a claim of another home’s agent rests on what that home knows now', async () => {
    const [{ status, body }, tookMs] = await timed(claim('cut-1', { max_age_ms: 0 }));
    expect([status, body.authority]).toEqual([201, { region: 'us', mode: 'home' }]);
    expect(body.age_ms).toBeLessThanOrEqual(tookMs + 1);
    expect(body.agent.age_ms).toBeGreaterThan(2500);
    const [again, tookAgainMs] = await timed(claim('cut-1', { max_age_ms: 5 }));
    expect(again).toMatchObject({ status: 200, body: { claim_id: body.claim_id } });
    expect(again.body.age_ms).toBeLessThanOrEqual(tookAgainMs + 1);
    const [{ body: settled }, tookToSettleMs] = await timed(
      ask(`${eu}/v1/claims/${encodeURIComponent(body.claim_id)}/release`, 'POST', {}),
    );
    expect(settled.age_ms).toBeLessThanOrEqual(tookToSettleMs + 1);
  });

  it('a route is flat, found or not', async () => {
    const [{ body }, tookMs] = await timed(route('cut-2', { max_age_ms: '0', budget_ms: '2000' }));
    expect(body.found).toBe(true);
    expect(body.age_ms).toBeLessThanOrEqual(tookMs + 1);
    const nobody = (await route('cut-3', { skills: 'unheard-of', max_age_ms: '' })).body;
    expect(nobody).toMatchObject({ found: false, reason: 'no_agent_available' });
    expect(nobody.age_ms).toBeGreaterThan(2500);
    const other = (await route('cut-2', { queue: 'crm-eu:support' })).body;
    expect(other).toMatchObject({ found: false, reason: 'call_has_claim', age_ms: expect.any(Number) });
  });

  it('"nobody" says how old the data are that it rests on; at home they are of now', async () => {
    const wish = { queue: 'crm-us:support', skills: ['unheard-of'] };
    const refused = await claim('cut-4', wish);
    expect(refused).toMatchObject({ status: 409, body: { code: 'no_agent_available' } });
    expect(refused.body.age_ms).toBeGreaterThan(2500);
    const here = await claim('cut-5', { queue: 'crm-eu:support', agent_id: 'crm-eu:0', skills: ['unheard-of'] });
    expect(here).toMatchObject({ status: 409, body: { age_ms: 0 } });
  });

  it('a home that cannot be asked either makes its agents stale for a caller with a limit', async () => {
    const processes = regions.all[1]?.processes ?? [];
    await Promise.all(processes.map((each) => each.signal('SIGSTOP')));
    try {
      const reachable = async () => {
        const { body } = await ask(`${eu}/v1/regions`);
        return body.regions.find(({ region }: { region: string }) => region === 'us').reachable;
      };
      await vi.waitFor(async () => expect(await reachable()).toBe(false), SOON);
      const refused = await claim('cut-6', { max_age_ms: 1000 });
      expect(refused).toMatchObject({ status: 409, body: { passed_over: { stale: expect.any(Number) } } });
      expect(refused.body.passed_over).not.toHaveProperty('unreachable');
      expect(refused.body.age_ms).toBeGreaterThan(2500);
      // Nothing has changed for callers without one.
      const { passed_over } = (await claim('cut-7')).body;
      expect(passed_over).toMatchObject(
        refused.body.age_ms < 25_000 ? { unreachable: expect.any(Number) } : { seen: expect.any(Number) },
      );
      // On the home's behalf this region grants whom the platform confirms for this request.
      const [granted, tookMs] = await timed(claim('cut-8', { queue: 'global', agent_id: user, max_age_ms: 0 }));
      expect(granted).toMatchObject({ status: 201, body: { authority: { region: 'eu', mode: 'verified' } } });
      expect(granted.body.age_ms).toBeLessThanOrEqual(tookMs + 1);
    } finally {
      await Promise.all(processes.map((each) => each.signal('SIGCONT')));
    }
  });
});

describe('the histories', () => {
  it('have what it takes to judge that no answer was older than it said, or than its caller allowed', async () => {
    const { checks } = await verify(regions.histories());
    const honest = checks.find(({ name }) => name === 'honest-staleness');
    expect(honest).toMatchObject({ outcome: 'kept', violations: [] });
    expect(honest?.judged).toBeGreaterThan(20);
  });
});
