import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { partitionOf } from '../../src/bus/envelope.ts';
import { withAdmin } from '../../world/redis/admin.ts';
import { type Answer, ask, eventOf, type Regions, startRegions, type TestRegion } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';

const HOME = 'eu';
/** As old as nobody speaks of an agent any more. */
const LONG_AGO_MS = Date.UTC(2005, 0, 1);
const profile = { queues: ['crm-eu:support'], skills: {} };
let regions: Regions;
let eu: string;
let us: string;

beforeAll(async () => {
  const config = { agents: { unknown: { accept: true, home: HOME } } };
  regions = await startRegions({ names: ['eu', 'us'], replicas: false, config });
  [eu, us] = regions.all.map(({ url }) => url) as [string, string];
});
afterAll(() => regions?.stop());

const pathOf = (id: string) => `/v1/agents/${encodeURIComponent(id)}`;
const statusIn = async (url: string, id: string) => (await ask(url + pathOf(id))).status;
const everywhere = (id: string, status: number) =>
  Promise.all([eu, us].map((url) => vi.waitFor(async () => expect(await statusIn(url, id)).toBe(status), SOON)));
const tell = async (url: string, event: object) => {
  const { status, body } = await ask(`${url}/v1/events`, 'POST', event);
  expect(status, JSON.stringify(body)).toBe(202);
  return body.events[0].outcome as string;
};
const onDuty = (id: string, at: number) => eventOf(id, 'AVAILABLE', at, { profile });
const claim = (call_id: string, agent_id: string): Promise<Answer> =>
  ask(`${eu}/v1/claims`, 'POST', { queue: 'support', call_id, agent_id, budget_ms: 2000 });
const settle = ({ body }: Answer, how: string) =>
  ask(`${eu}/v1/claims/${encodeURIComponent(body.claim_id)}/${how}`, 'POST', {});
const forget = (url: string, id: string) => ask(url + pathOf(id), 'DELETE');

describe('an agent who is deleted', () => {
  it.each(['crm-eu:ann', 'bob'])(
    'is gone in every region, and %s comes back with a word of after it alone',
    async (id) => {
      await tell(us, onDuty(id, Date.now() - 60_000));
      await everywhere(id, 200);
      const first = await claim(`first-${id}`, id);
      expect(first.status).toBe(201);
      await settle(first, 'release');

      const { status, body } = await forget(eu, id);
      expect({ status, body }).toEqual({
        status: 202,
        body: { agent_id: id, forgotten_at: expect.any(Number), replicated: false },
      });
      await everywhere(id, 404);
      for (const url of [eu, us]) {
        const { agents } = (await ask(`${url}/v1/agents?limit=200`)).body as { agents: { agent_id: string }[] };
        expect(agents.map(({ agent_id }) => agent_id)).not.toContain(id);
      }
      expect(await claim(`while-gone-${id}`, id)).toMatchObject({ status: 409, body: { code: 'no_agent_available' } });

      expect(await tell(us, onDuty(id, body.forgotten_at))).toMatch(/outdated|duplicate/);
      // What has come to the other region by the same way as the late word, and after it, shows that it was there.
      await tell(us, onDuty(id, body.forgotten_at + 1));
      await everywhere(id, 200);
      const again = await claim(`again-${id}`, id);
      expect(again.status).toBe(201);
      expect(again.body.fence).toBeGreaterThan(first.body.fence);
      await settle(again, 'release');
    },
  );

  it('stays gone for late words, however they come', async () => {
    const id = 'crm-eu:late';
    await tell(eu, onDuty(id, Date.now() - 60_000));
    await everywhere(id, 200);
    await forget(eu, id);
    await everywhere(id, 404);
    for (const url of [eu, us]) expect(await tell(url, onDuty(id, Date.now() - 50_000))).toMatch(/outdated|duplicate/);
    await tell(us, onDuty('crm-eu:behind', Date.now()));
    await everywhere('crm-eu:behind', 200);
    await everywhere(id, 404);
  });

  it('may be deleted again, which tells the same once more; whom nobody knows may not', async () => {
    const id = 'crm-eu:twice';
    await tell(eu, onDuty(id, Date.now() - 60_000));
    const { body } = await forget(eu, id);
    expect(await forget(eu, id)).toMatchObject({ status: 202, body: { forgotten_at: body.forgotten_at } });
    expect(await forget(eu, 'crm-eu:nobody')).toMatchObject({ status: 404, body: { code: 'unknown_agent' } });
  });

  it('is read as gone elsewhere by whoever shows the token of it', async () => {
    const id = 'crm-eu:token';
    await tell(eu, onDuty(id, Date.now() - 60_000));
    await everywhere(id, 200);
    const { headers } = await fetch(eu + pathOf(id), { method: 'DELETE' });
    const token = headers.get('muster-consistency') ?? '';
    const codes: string[] = [];
    await vi.waitFor(async () => {
      const read = await fetch(us + pathOf(id), { headers: { 'muster-consistency': token } });
      codes.push(((await read.json()) as { code?: string }).code ?? 'known');
      expect(codes.at(-1)).toBe('unknown_agent');
    }, SOON);
    expect(codes).not.toContain('known');
  });

  it('is not while a claim holds them, and not anywhere but at home', async () => {
    const id = 'crm-eu:busy';
    await tell(eu, onDuty(id, Date.now() - 60_000));
    await everywhere(id, 200);
    const held = await claim('busy', id);
    expect(await forget(eu, id)).toMatchObject({ status: 409, body: { code: 'agent_has_claim' } });
    expect(await forget(us, id)).toMatchObject({ status: 421, body: { code: 'not_homed_here', home: 'eu' } });
    await settle(held, 'release');
    expect(await forget(eu, id)).toMatchObject({ status: 202 });
  });

  it('is nobody else’s to say', async () => {
    const event = { ...onDuty('crm-eu:ann', Date.now()), forgotten: {} };
    expect(await ask(`${eu}/v1/events`, 'POST', event)).toMatchObject({
      status: 400,
      body: { errors: [{ field: '/forgotten' }] },
    });
  });
});

/** The instance that ends hands its domains to another, which looks through them at once. */
async function lookThrough(region: TestRegion): Promise<void> {
  const before = [...region.processes];
  const { url } = await region.spawn();
  for (const each of before) await each.signal('SIGTERM');
  if (region.name === 'eu') eu = url;
  else us = url;
}

const isStored = async ({ redis }: TestRegion, id: string) => {
  const { port } = await redis.masterOf('agents:{main}');
  return withAdmin(port, (admin) => admin.run('HEXISTS', 'agents:{main}', id));
};

describe('an agent of whom nobody speaks', () => {
  it('is forgotten by the home, and in the end by the store of every region', async () => {
    const [home, other] = regions.all as [TestRegion, TestRegion];
    for (const id of ['crm-eu:left', 'crm-eu:there', 'crm-us:left']) {
      await tell(eu, eventOf(id, id === 'crm-eu:there' ? 'AVAILABLE' : 'OFFLINE', LONG_AGO_MS));
      await everywhere(id, 200);
    }
    const forgotten = {
      event_id: 'forgotten-long-ago',
      agent_id: 'crm-us:old',
      timestamp: LONG_AGO_MS,
      region_source: 'us',
      forgotten: {},
    };
    const stream = `agent.status.change:${partitionOf('crm-us:old', 12)}`;
    await withAdmin(regions.bus.port, (bus) =>
      bus.run('XADD', stream, '*', 'key', 'crm-us:old', 'value', JSON.stringify(forgotten)),
    );
    for (const region of [home, other])
      await vi.waitFor(async () => expect(await isStored(region, 'crm-us:old')).toBe(1), SOON);

    await lookThrough(home);
    await everywhere('crm-eu:left', 404);
    await vi.waitFor(async () => expect(await isStored(home, 'crm-us:old')).toBe(0), SOON);
    // Another home's, and one who is at work by the last that was heard.
    for (const id of ['crm-us:left', 'crm-eu:there']) await everywhere(id, 200);
    // That they were forgotten is remembered for as long again.
    expect(await isStored(home, 'crm-eu:left')).toBe(1);
    expect(await isStored(other, 'crm-us:old')).toBe(1);

    await lookThrough(other);
    await everywhere('crm-us:left', 404);
    await vi.waitFor(async () => expect(await isStored(other, 'crm-us:old')).toBe(0), SOON);
  });
});
