import type { CxoneSimulator } from '@muster/simulators/cxone/interface';
import type { SimulatorOptions } from '@muster/simulators/cxone/options';
import { startCxoneSimulator } from '@muster/simulators/cxone/simulator';
import { afterEach, describe, expect, it } from 'vitest';
import { BRISK, CxoneClient, NO_LAG } from './cxone-client.ts';
import { until } from './until.ts';

interface Row {
  agentId: number;
  agentStateId: number;
  outStateId: number;
  isACW: boolean;
  contactId: number;
  startDate: string;
  lastUpdateTime: string;
}

describe('/agents/states of the CXone simulator', () => {
  let simulator: CxoneSimulator;
  let client: CxoneClient;

  afterEach(() => simulator.stop());

  async function start(options: Partial<SimulatorOptions> = {}): Promise<void> {
    const timings = { ...NO_LAG, ...options.timings };
    simulator = await startCxoneSimulator({ agents: 6, omnichannel: 0, ...options, habits: BRISK, timings });
    client = await CxoneClient.login(simulator);
    await until(() => expect(simulator.state().idle).toBe(simulator.state().agents));
  }

  const read = async (query = '') => (await client.get(`/agents/states${query}`)).body;
  const rowOf = async (agentId: number): Promise<Row> =>
    (await read()).agentStates.find((row: Row) => row.agentId === agentId);
  const idsOf = ({ agentStates }: { agentStates: Row[] }) => agentStates.map(({ agentId }) => agentId);
  const readAfter = async (time: string): Promise<string> => {
    let polled = '';
    await until(async () => {
      polled = (await read('?top=1')).lastPollTime;
      expect(Date.parse(polled)).toBeGreaterThan(Date.parse(time));
    });
    return polled;
  };
  /** A cursor with everything until now before it, and everything from now on after it: no change shares its millisecond. */
  const cursor = async () => {
    const newest = (await read()).agentStates.map((row: Row) => row.lastUpdateTime).sort();
    const polled = await readAfter(newest.at(-1));
    await readAfter(polled);
    return polled;
  };

  it('has a row for everybody, in the types and names of recent versions', async () => {
    await start();
    const { agentStates, ...root } = await read();
    expect(root).toEqual({
      totalRecords: 6,
      _links: { self: '/incontactapi/services/v34.0/agents/states?top=100&skip=0', next: '', previous: '' },
      hiddenAgents: 0,
      lastPollTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
    expect(agentStates[0]).toMatchObject({
      agentId: 1001,
      agentStateId: 1,
      agentStateName: 'Available',
      contactId: 0,
      isActive: true,
      isACW: false,
      mediaTypeId: 0,
      openContacts: 0,
      outStateId: 0,
      teamId: expect.any(Number),
      sessionStartTime: expect.any(String),
    });
  });

  it('answers what has changed since the time of the last poll', async () => {
    await start();
    const since = await cursor();
    expect(await read(`?updatedSince=${since}`)).toMatchObject({ totalRecords: 0, agentStates: [] });
    simulator.setUser('1003', { outStateId: 402 });
    const delta = await read(`?updatedSince=${since}`);
    expect(idsOf(delta)).toEqual([1003]);
    expect(delta.agentStates[0]).toMatchObject({ agentStateId: 2, outStateId: 402, outStateDescription: 'Lunch' });
    expect(idsOf(await read('?updatedSince=1970-01-01T00:00:00.000Z'))).toHaveLength(6);
  });

  it('takes or leaves what changed at that very time, as it is switched', async () => {
    await start();
    const { lastUpdateTime } = await rowOf(1001);
    const at = `?updatedSince=${lastUpdateTime}`;
    expect(idsOf(await read(at))).not.toContain(1001);
    simulator.switches({ updatedSince: 'from' });
    expect(idsOf(await read(`?updatedSince=${(await rowOf(1001)).lastUpdateTime}`))).toContain(1001);
  });

  it.each(['204', '304'] as const)(
    'answers %s without a body when nothing has changed, if so switched',
    async (mode) => {
      await start({ switches: { emptyDelta: mode } });
      const { status, text } = await client.get(`/agents/states?updatedSince=${await cursor()}`);
      expect([String(status), text]).toEqual([mode, '']);
    },
  );

  it('is read page by page along the links', async () => {
    await start({ agents: 25, switches: { maxPageSize: 10 } });
    const seen: number[] = [];
    let path = '/agents/states?top=1000';
    while (path !== '') {
      const { body } = await client.get(path);
      expect(body.totalRecords).toBe(25);
      seen.push(...idsOf(body));
      path = body._links.next.replace('/incontactapi/services/v34.0', '');
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, at) => 1001 + at));
    const { body } = await client.get('/agents/states?top=4&skip=22&orderBy=agentId desc');
    expect(idsOf(body)).toEqual([1003, 1002, 1001]);
    expect(body._links.previous).toContain('skip=18');
  });

  it('gives only the fields that were asked for, and refuses ones that do not exist', async () => {
    await start();
    expect((await read('?fields=agentId,outStateId&top=1')).agentStates).toEqual([{ agentId: 1001, outStateId: 0 }]);
    const wrong = await client.get('/agents/states?fields=agentId,shoeSize');
    expect(wrong.status).toBe(400);
    expect(wrong.headers.get('icStatusDescription')).toBe("Invalid fields list 'agentId,shoeSize'");
  });

  it.each(['Invalid', '13/13/2017', '11/11/2019', '2026-13-41T00:00:00Z'])('refuses updatedSince=%s', async (text) => {
    await start({ agents: 1 });
    const { status, headers } = await client.get(`/agents/states?updatedSince=${encodeURIComponent(text)}`);
    expect([status, headers.get('icStatusDescription')]).toEqual([400, 'Invalid Updated Since']);
  });

  it('shows those who are logged out always, in deltas, or never', async () => {
    await start();
    const since = await cursor();
    simulator.setUser('1002', { agentStateId: 0 });
    const places = async () => [
      idsOf(await read()).includes(1002),
      idsOf(await read(`?updatedSince=${since}`)).includes(1002),
    ];
    expect(await places()).toEqual([true, true]);
    simulator.switches({ loggedOut: 'delta' });
    expect(await places()).toEqual([false, true]);
    expect(idsOf(await read('?updatedSince=1970-01-01T00:00:00.000Z'))).not.toContain(1002);
    simulator.switches({ loggedOut: 'never' });
    expect(await places()).toEqual([false, false]);
  });

  it('writes "none" as zero, null or not at all', async () => {
    await start();
    expect(await rowOf(1001)).toMatchObject({ contactId: 0, mediaTypeName: '' });
    simulator.switches({ none: 'null' });
    expect(await rowOf(1001)).toMatchObject({ contactId: null, mediaTypeName: null, openContacts: 0 });
    simulator.switches({ none: 'missing' });
    expect(await rowOf(1001)).not.toHaveProperty('contactId');
    expect((await read('?fields=agentId,contactId&top=1')).agentStates).toEqual([{ agentId: 1001 }]);
  });

  it('shows reserved codes with their id, by their text, or not at all', async () => {
    await start();
    simulator.setUser('1001', { outStateId: -1 });
    expect(await rowOf(1001)).toMatchObject({ agentStateId: 2, outStateId: -1, outStateDescription: 'Refused' });
    simulator.switches({ reservedCodes: 'text' });
    expect(await rowOf(1001)).toMatchObject({ agentStateId: 2, outStateId: 0, outStateDescription: 'Refused' });
    simulator.switches({ reservedCodes: 'hidden' });
    expect(await rowOf(1001)).toMatchObject({ agentStateId: 2, outStateId: 0, outStateDescription: '' });
    simulator.setUser('1001', { outStateId: 402 });
    expect(await rowOf(1001)).toMatchObject({ outStateId: 402, outStateDescription: 'Lunch' });
  });

  it('has the field names of old versions, if so switched; the read of one agent always has them', async () => {
    await start({ switches: { fieldNames: 'legacy' } });
    const row = await rowOf(1001);
    expect(row).toMatchObject({ isAcw: false, mediaType: 0, mediaName: '' });
    expect(row).not.toHaveProperty('sessionStartTime');
    simulator.switches({ fieldNames: 'modern' });
    const { body } = await client.get('/agents/1001/states');
    expect(body.agentStates).toEqual([
      expect.objectContaining({ agentId: 1001, isAcw: false, lastPollTime: expect.any(String) }),
    ]);
    const nobody = await client.get('/agents/zork/states');
    expect([nobody.status, nobody.headers.get('icStatusDescription')]).toEqual([404, 'Invalid Agent Id']);
  });

  it('shows a change late, stamped when it is shown, so that a delta misses nothing', async () => {
    await start({ timings: { lagFromMs: 150, lagToMs: 150 } });
    await until(async () => expect((await read()).agentStates.every((row: Row) => row.agentStateId === 1)).toBe(true));
    const since = await cursor();
    simulator.setUser('1004', { outStateId: 401 });
    expect((await rowOf(1004)).outStateId).toBe(0);
    expect(simulator.user('1004').outStateId).toBe(401);
    const later = (await read(`?updatedSince=${since}`)).lastPollTime;
    await until(async () => expect(idsOf(await read(`?updatedSince=${later}`))).toEqual([1004]));
    const { startDate, lastUpdateTime } = await rowOf(1004);
    expect(Date.parse(lastUpdateTime)).toBeGreaterThan(Date.parse(startDate));
  });
});
