import { FAULTS, type FaultSettings } from '@muster/simulators/cxone/faults';
import type { CxoneSimulator } from '@muster/simulators/cxone/interface';
import { startCxoneSimulator } from '@muster/simulators/cxone/simulator';
import type { Answered } from '@muster/simulators/kit/witness';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BRISK, CxoneClient, NO_LAG } from './cxone-client.ts';
import { until } from './until.ts';

const NO_FAULTS = Object.fromEntries(
  Object.entries(FAULTS).map(([name, fault]) => [name, fault.default]),
) as unknown as FaultSettings;

describe('faults of the CXone simulator', () => {
  let simulator: CxoneSimulator;
  let client: CxoneClient;
  const answered: Answered[] = [];
  const notified: (number | null)[] = [];

  beforeAll(async () => {
    simulator = await startCxoneSimulator({
      agents: 5,
      habits: BRISK,
      timings: NO_LAG,
      requestsPerMinute: 10_000,
      witness: {
        changed() {},
        ended() {},
        answered: (one) => answered.push(one),
        notifies: (withinMs) => notified.push(withinMs),
      },
    });
    client = await CxoneClient.login(simulator);
    await until(() => expect(simulator.state().idle).toBe(5));
  });
  afterAll(() => simulator.stop());

  beforeEach(() => {
    simulator.faults(NO_FAULTS);
    for (const { id } of simulator.users()) simulator.setUser(id, { agentStateId: 1 });
  });

  const fault = (changes: object) => client.control('POST', '/faults', changes);
  const idsSince = async (since: string): Promise<number[]> =>
    (await client.get(`/agents/states?updatedSince=${since}`)).body.agentStates.map(
      ({ agentId }: { agentId: number }) => agentId,
    );
  const outStateOf = async (agentId: number) =>
    (await client.get(`/agents/${agentId}/states`)).body.agentStates[0].outStateId;
  /** A cursor that shares its millisecond with no change. */
  const cursor = async (): Promise<string> => {
    const poll = async () => (await client.get('/agents/states')).body.lastPollTime;
    const begun = await poll();
    let polled = begun;
    const next = async (than: string) => {
      await until(async () => {
        polled = await poll();
        expect(Date.parse(polled)).toBeGreaterThan(Date.parse(than));
      });
      return polled;
    };
    const since = await next(begun);
    await next(since);
    return since;
  };

  it('are named and checked before any is set', async () => {
    expect((await fault({ lateRows: 1, throttleNext: -1 })).status).toBe(400);
    expect((await fault({ gremlins: 1 })).body.message).toContain('gremlins');
    expect((await client.control('GET', '/faults')).body).toEqual(NO_FAULTS);
    expect((await client.control('POST', '/switches', { emptyDelta: '418' })).status).toBe(400);
    expect((await client.control('POST', '/switches', { gremlins: 1 })).status).toBe(400);
    expect((await client.control('POST', '/switches', { maxPageSize: 0 })).status).toBe(400);
  });

  it('give a row twice, and one that has not changed', async () => {
    const since = await cursor();
    simulator.setUser('1001', { outStateId: 401 });
    await fault({ duplicateRows: 1 });
    expect(await idsSince(since)).toEqual([1001, 1001]);
    await fault({ duplicateRows: 0, redeliverRows: 1 });
    expect(await idsSince(since)).toEqual([1001, 1002, 1003, 1004, 1005]);
  });

  it('show a change late, in a delta all the same', async () => {
    const since = await cursor();
    await fault({ lateRows: 1, lateMs: 200 });
    simulator.setUser('1001', { outStateId: 401 });
    await fault({ lateRows: 0 });
    expect(await idsSince(since)).toEqual([]);
    const later = await cursor();
    await until(async () => expect(await idsSince(later)).toEqual([1001]));
  });

  it('hide a change from every delta, and show it in a full read when its time is over', async () => {
    await fault({ hideRows: 1, hideMs: 200 });
    expect(notified.at(-1)).toBeNull();
    simulator.setUser('1001', { outStateId: 401 });
    await fault({ hideRows: 0 });
    expect(notified.at(-1)).toBe(0);
    const since = await cursor();
    expect(await outStateOf(1001)).toBe(0);
    await until(async () => expect(await outStateOf(1001)).toBe(401));
    expect(await idsSince(since)).toEqual([]);
  });

  it('hide agents from every list, and say how many', async () => {
    await fault({ hiddenAgents: 2 });
    for (const [path, key] of [
      ['/agents', 'agents'],
      ['/agents/states', 'agentStates'],
    ] as const) {
      const { body } = await client.get(path);
      expect(body.hiddenAgents).toBe(2);
      expect(body[key].map(({ agentId }: { agentId: number }) => agentId)).toEqual([1001, 1002, 1003]);
    }
    expect((await client.get('/agents/1005')).status).toBe(404);
  });

  it('answer 401, 503 and 403', async () => {
    await fault({ unauthorizedNext: 1 });
    expect((await client.get('/agents')).status).toBe(401);
    await fault({ unavailableNext: 1, failLoginNext: 1 });
    expect((await client.get('/agents')).status).toBe(503);
    expect((await client.requestToken({}, '')).status).toBe(503);
    await fault({ missingScopes: ['AdminAPI'] });
    expect((await client.get('/agents')).status).toBe(403);
    expect((await client.get('/agents/states')).status).toBe(200);
  });

  it('answer 429, with Retry-After and without', async () => {
    await fault({ throttleNext: 1 });
    const without = await client.get('/agents');
    expect([without.status, without.headers.get('retry-after')]).toEqual([429, null]);
    await fault({ throttleNext: 1, retryAfterSeconds: 3 });
    expect((await client.get('/agents')).headers.get('retry-after')).toBe('3');
    expect((await client.get('/agents')).status).toBe(200);
    await until(() => expect(answered.filter(({ forced }) => forced)).toHaveLength(2));
    const token = client.token.slice(-8);
    expect(answered.at(-1)).toEqual({ token, status: 200, forced: false });
  });

  it('cut an answer in half, and hold it back', async () => {
    await fault({ truncateAnswers: 1 });
    const cut = await client.get('/agents/states');
    expect([cut.status, cut.body]).toEqual([200, undefined]);
    expect(cut.text.startsWith('{"totalRecords":5')).toBe(true);
    await fault({ truncateAnswers: 0, slowAnswers: 1, slowMs: 300 });
    const held = client.get('/agents/states');
    const quick = client.control('GET', '/state');
    expect(await Promise.race([held, quick])).toBe(await quick);
    expect((await held).status).toBe(200);
  });

  it('put the platform’s clock wrong, both ways', async () => {
    const ahead = async () =>
      Date.parse((await client.get('/server-time')).body.ServerTime) - Date.parse(new Date().toISOString());
    await fault({ clockSkewMs: 600_000 });
    expect(await ahead()).toBeGreaterThan(500_000);
    await fault({ clockSkewMs: -600_000 });
    expect(await ahead()).toBeLessThan(-500_000);
  });

  it('end every token at once', async () => {
    const other = await CxoneClient.login(simulator);
    expect((await other.get('/agents')).status).toBe(200);
    await fault({ expireTokens: true });
    expect((await other.get('/agents')).status).toBe(401);
    client = await CxoneClient.login(simulator);
    expect((await client.get('/agents')).status).toBe(200);
  });

  it('limit the requests of the whole business unit, whoever asks', async () => {
    const strict = await startCxoneSimulator({ agents: 1, habits: BRISK, requestsPerMinute: 3 });
    try {
      const [one, other] = [await CxoneClient.login(strict), await CxoneClient.login(strict)];
      const statuses = [];
      for (const asking of [one, other, one, other]) statuses.push((await asking.get('/server-time')).status);
      expect(statuses).toEqual([200, 200, 200, 429]);
    } finally {
      await strict.stop();
    }
  });
});
