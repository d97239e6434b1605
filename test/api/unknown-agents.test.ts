import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { partitionOf, readFields, type StreamEntry } from '../../src/bus/envelope.ts';
import { withAdmin } from '../../world/redis/admin.ts';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { ask, eventOf, type Regions, startRegions } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';

const nowMs = RECENTLY_MS;
const TOPIC = 'agent.status.change';
const profile = { queues: ['crm-eu:support'], skills: {} };
const pathOf = (id: string) => `/v1/agents/${encodeURIComponent(id)}`;
const claim = (url: string, call_id: string, agent_id: string) =>
  ask(`${url}/v1/claims`, 'POST', { queue: 'support', call_id, agent_id, budget_ms: 2000 });

/** As somebody beside Muster: in the plain form, straight on the bus. */
const onTheBus = ({ bus }: Regions, event: Record<string, unknown>) => {
  const key = String(event.agent_id);
  const stream = `${TOPIC}:${partitionOf(key, 12)}`;
  return withAdmin(bus.port, (redis) => redis.run('XADD', stream, '*', 'key', key, 'value', JSON.stringify(event)));
};

describe('agents of no connection, where they are accepted', () => {
  let regions: Regions;
  let eu: string;
  let us: string;
  beforeAll(async () => {
    const config = { agents: { unknown: { accept: true, home: 'eu' } } };
    regions = await startRegions({ names: ['eu', 'us'], replicas: false, config });
    [eu, us] = regions.all.map(({ url }) => url) as [string, string];
  });
  afterAll(() => regions?.stop());

  it('are at home where the config says, whoever has spoken of them first', async () => {
    for (const [id, url, more] of [
      ['ann', us, {}],
      ['other:bob', us, { region_source: 'us' }],
      ['other:eve', eu, { region_source: 'us' }],
    ] as const) {
      expect(await ask(`${url}/v1/events`, 'POST', eventOf(id, 'AVAILABLE', nowMs, more))).toMatchObject({
        status: 202,
      });
      for (const each of [eu, us]) {
        await vi.waitFor(async () => expect((await ask(each + pathOf(id))).body).toMatchObject({ home: 'eu' }), SOON);
      }
    }
  });

  it('are granted once though two regions hear of one in the same moment, and not of each other', async () => {
    const event = eventOf('new', 'AVAILABLE', nowMs, { profile });
    await regions.bus.kill('SIGSTOP');
    try {
      for (const url of [eu, us]) expect(await ask(`${url}/v1/events`, 'POST', event)).toMatchObject({ status: 202 });
      const answers = await Promise.all([claim(eu, 'call-eu', 'new'), claim(us, 'call-us', 'new')]);
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
      expect(answers.find(({ status }) => status === 201)?.body.authority).toEqual({ region: 'eu', mode: 'home' });
    } finally {
      await regions.bus.kill('SIGCONT');
    }
  });
});

describe('agents of no connection, where nothing is said of them', () => {
  let regions: Regions;
  let eu: string;
  beforeAll(async () => {
    regions = await startRegions({ names: ['eu'], replicas: false });
    eu = regions.all[0]?.url ?? '';
  });
  afterAll(() => regions?.stop());

  it.each(['ann', 'other:7', 'crm-eu', 'constructor:1'])('%s is refused with the way to allow it', async (id) => {
    const refused = await ask(`${eu}/v1/events`, 'POST', [
      eventOf('crm-eu:good', 'AVAILABLE', nowMs),
      eventOf(id, 'AVAILABLE', nowMs, { profile }),
    ]);
    expect(refused).toMatchObject({
      status: 400,
      body: {
        code: 'invalid_request',
        errors: [{ field: '/1/agent_id', message: expect.stringContaining('agents.unknown.accept') }],
      },
    });
    expect((await ask(eu + pathOf('crm-eu:good'))).status).toBe(404);
    expect((await ask(eu + pathOf(id))).status).toBe(404);
    expect(await claim(eu, `call-${id}`, id)).toMatchObject({ status: 409, body: { code: 'no_agent_available' } });
  });

  it('are dead letters on the bus, and what stands behind them is applied', async () => {
    await onTheBus(regions, eventOf('stray', 'AVAILABLE', nowMs, { region_source: 'eu', profile }));
    const behind = Array.from({ length: 500 }, (_, i) => `crm-eu:${i}`).find(
      (id) => partitionOf(id, 12) === partitionOf('stray', 12),
    );
    await onTheBus(regions, eventOf(behind ?? '', 'AVAILABLE', nowMs, { region_source: 'eu' }));
    await vi.waitFor(async () => expect((await ask(eu + pathOf(behind ?? ''))).status).toBe(200), SOON);
    expect((await ask(eu + pathOf('stray'))).status).toBe(404);
    const letters = (await withAdmin(regions.bus.port, (redis) =>
      redis.run('XRANGE', `${TOPIC}.dlq`, '-', '+'),
    )) as StreamEntry[];
    expect(letters.map(([, fields]) => [readFields(fields).key, fields.join()])).toEqual([
      ['stray', expect.stringContaining('agents.unknown.accept')],
    ]);
  });
});
