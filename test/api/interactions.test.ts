import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ask,
  bringOnDuty,
  eventOf,
  type Process,
  type Regions,
  startRegions,
  type TestRegion,
} from '../fixtures/regions.ts';

const LONG = { timeout: 45_000, interval: 100 };
const MINUTE = 60_000;
let regions: Regions;
let eu: TestRegion;
let us: TestRegion;
beforeAll(async () => {
  regions = await startRegions({ names: ['eu', 'us'], replicas: false });
  [eu, us] = regions.all as [TestRegion, TestRegion];
});
afterAll(() => regions.stop());

const read = async ({ url }: Pick<TestRegion, 'url'>, id: string) =>
  (await ask(`${url}/v1/agents/${encodeURIComponent(id)}`)).body;
const callsOf = async (region: TestRegion, id: string): Promise<string[]> => {
  const { interactions = [] } = (await read(region, id)).facets;
  return interactions.map(({ call_id }: { call_id: string }) => call_id).sort();
};
const step = (id: string, call_id: string, state: string, ms: number) =>
  eventOf(id, 'BUSY', ms, { status: undefined, interactions: [{ call_id, state, connected_at: ms }] });
const send = async (region: TestRegion, events: object[]) =>
  expect(await ask(`${region.url}/v1/events`, 'POST', events)).toMatchObject({ status: 202 });

describe('the calls of a day', () => {
  it('are forgotten by every region, the latest left, and a late word revives none; one that lasts goes on', async () => {
    const startMs = Date.now() - 120 * MINUTE;
    const [id = ''] = await bringOnDuty(eu, 1, regions.all, startMs);
    await send(eu, [step(id, 'lasts', 'CONNECTED', startMs + 1)]);
    // What is told in another region is the home's to forget, too.
    for (let call = 0; call < 60; call++)
      await send(call % 2 ? us : eu, [step(id, `call-${call}`, 'ENDED', startMs + call * MINUTE)]);
    const left = ['lasts', ...Array.from({ length: 16 }, (_, i) => `call-${44 + i}`)].sort();
    for (const region of regions.all) {
      await expect.poll(async () => (await callsOf(region, id)).length, LONG).toBeLessThanOrEqual(33);
      await expect.poll(() => callsOf(region, id), LONG).toEqual(expect.arrayContaining(left));
    }
    await expect.poll(() => callsOf(us, id), LONG).toEqual(await callsOf(eu, id));
    await send(us, [step(id, 'call-3', 'CONNECTED', startMs + 3 * MINUTE - 1)]);
    for (const region of regions.all) {
      expect(await callsOf(region, id)).not.toContain('call-3');
      expect(await read(region, id)).toMatchObject({ status: 'BUSY', reason: 'ON_CALL' });
    }
    await send(us, [step(id, 'lasts', 'ENDED', Date.now())]);
    for (const region of regions.all)
      await expect.poll(async () => (await read(region, id)).status, LONG).toBe('AVAILABLE');
  });

  it('are as many as a record holds: more at once are refused, and nothing is done', async () => {
    const nowMs = Date.now();
    const [, id = ''] = await bringOnDuty(eu, 2, regions.all, nowMs - MINUTE);
    const many = Array.from({ length: 200 }, (_, call) => step(id, `live-${call}`, 'CONNECTED', nowMs + call));
    const refused = await ask(`${eu.url}/v1/events`, 'POST', many);
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ field: '/interactions' }] } });
    expect(await callsOf(eu, id)).toEqual([]);
  });
});

describe('events of one whole second', () => {
  it('leave the agent as the last of them says, whatever their ids', async () => {
    const second = Math.floor(Date.now() / 1000);
    const agents = Array.from({ length: 40 }, (_, i) => `crm-eu:tie-${i}`);
    const said = (agent_id: string, status: string, event_id: string) => ({
      event_id,
      timestamp: second,
      agent_id,
      status,
    });
    const ids = (i: number) => (i % 2 ? ['evt-9', 'evt-10'] : ['evt-10', 'evt-9']).map((id) => `${id}-${i}`);
    for (const [i, agent] of agents.entries()) {
      const [one = '', other = ''] = ids(i);
      await send(eu, [said(agent, 'AVAILABLE', one), said(agent, 'BUSY', other)]);
      // It comes again, as after a 503.
      await send(eu, [said(agent, 'AVAILABLE', one)]);
    }
    for (const region of regions.all) {
      for (const agent of agents) await expect.poll(async () => (await read(region, agent)).status, LONG).toBe('BUSY');
    }
    const [agent = ''] = agents;
    // A clock that is wrong by years leaves no mark.
    await send(eu, [{ ...said(agent, 'BUSY', 'far'), timestamp: second + 1e9 }]);
    await send(eu, [
      { ...said(agent, 'BUSY', 'evt-0a'), timestamp: second + 60 },
      { ...said(agent, 'AVAILABLE', 'evt-0'), timestamp: second + 60 },
    ]);
    for (const region of regions.all)
      await expect.poll(async () => (await read(region, agent)).status, LONG).toBe('AVAILABLE');
  });
});

describe('a call of which nobody has spoken for four hours', () => {
  it('is over: whoever looks for such calls next says so to everybody', async () => {
    const startMs = Date.now() - 5 * 60 * MINUTE;
    const [, , id = ''] = await bringOnDuty(eu, 3, regions.all, startMs);
    await send(eu, [step(id, 'lost', 'CONNECTED', startMs + MINUTE)]);
    for (const region of regions.all) await expect.poll(async () => (await read(region, id)).status, LONG).toBe('BUSY');
    // It is looked for once an hour, and by whoever takes that over at once.
    const next = await eu.spawn();
    await (eu.processes[0] as Process).signal('SIGTERM');
    for (const { url } of [next, us])
      await expect.poll(async () => (await read({ url }, id)).status, LONG).toBe('AVAILABLE');
  });
});
