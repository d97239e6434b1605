import type { CxoneSimulator } from '@muster/simulators/cxone/interface';
import { startCxoneSimulator } from '@muster/simulators/cxone/simulator';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { Budget } from '../../src/platforms/budget.ts';
import { createCxoneReader } from '../../src/platforms/cxone/reader.ts';
import { type CxoneEndpoint, LOGIN, REQUESTS } from '../../src/platforms/cxone/requests.ts';
import type { CxoneSettings } from '../../src/platforms/cxone/settings.ts';
import { CxoneClient } from '../simulators/cxone-client.ts';
import { AGENTS, allAgree, liveWorld, settingsFor, world } from './cxone-recorder.ts';
import { endWorlds, type Recorder } from './recorder.ts';
import { isOf, noteSent } from './sent-requests.ts';

afterEach(endWorlds);

const SERVICES = '/incontactapi/services/v34.0/';
const ROWS: [string, CxoneEndpoint][] = Object.entries(REQUESTS);
/** Those that a connection goes on without. */
const SPARED = ROWS.map(([, row]) => row).filter((row) => row !== REQUESTS.states && row !== REQUESTS.statesOfAgent);
const OFTEN = { readingIntervalMs: 100 };
/** Long enough for everything to be read again. */
const SETUP_MS = 700_000;

const problemOf = (recorder: Recorder): string => recorder.connection.health().problem ?? '';
const queuesOf = (recorder: Recorder) => recorder.userIds().flatMap((id) => recorder.facets(id).profile?.queues ?? []);

/** Nobody may be available to whom the platform would not take a contact. */
function isHonest(recorder: Recorder, simulator: CxoneSimulator): boolean {
  return recorder.userIds().every((id) => recorder.status(id).status !== 'AVAILABLE' || simulator.user(id).available);
}

/** What is sent from the first login to the first word on a single agent with a contact. */
async function sentWith(login: (simulator: CxoneSimulator) => Partial<CxoneSettings>) {
  const { simulator, recorder } = await world();
  const settings = settingsFor(simulator, login(simulator));
  const noted = noteSent(simulator.url);
  await recorder.live();
  const log = { info: () => {}, warn: () => {} };
  const context = { connection: 'cxone-test', budget: new Budget(systemClock, 100), log, count: () => {} };
  const reader = createCxoneReader(settings, context, systemClock);
  await reader.read([`cxone-test:${recorder.userIds()[0]}`], new AbortController().signal);
  await reader.close();
  noted.end();
  return noted.sent;
}

describe('the table of requests', () => {
  it('has everything that is sent, and nothing that never is', async () => {
    const sent = [...(await sentWith(() => ({}))), ...(await sentWith(({ url }) => ({ accessKeyUrl: url })))];
    const rows = [
      ...Object.values(LOGIN).map((row) => ({ row, prefix: '' })),
      ...ROWS.map(([, row]) => ({ row, prefix: SERVICES })),
    ];
    expect(sent.filter((each) => !rows.some(({ row, prefix }) => isOf(row, each, prefix)))).toEqual([]);
    expect(rows.filter(({ row, prefix }) => !sent.some((each) => isOf(row, each, prefix)))).toEqual([]);
  });
});

describe('the simulator', async () => {
  const simulator = await startCxoneSimulator({ agents: 1, queues: 1, paused: true, requestsPerMinute: 10_000 });
  afterAll(() => simulator.stop());
  const client = await CxoneClient.login(simulator);
  const { agentId, teamId } = (await client.get('/agents')).body.agents[0];
  const blanks: Record<string, unknown> = { agentId, teamId };

  it.each(ROWS)('demands for %s the scope that the row says, and a role that allows it', async (_, { path, scope }) => {
    const ask = () => client.get(`/${path.replace(/\{(\w+)\}/, (_all, name) => String(blanks[name]))}`);
    const others = ROWS.map(([, row]) => row.path).filter((other) => other !== path);
    const other = scope === 'AdminAPI' ? 'RealTimeDataAPI' : 'AdminAPI';
    simulator.faults({ missingScopes: [other], refusedRequests: others });
    expect((await ask()).status).toBeLessThan(300);
    for (const faults of [
      { missingScopes: [scope], refusedRequests: [] },
      { missingScopes: [], refusedRequests: [path] },
    ]) {
      simulator.faults(faults);
      const { status, headers } = await ask();
      expect([status, headers.get('icStatusDescription')]).toEqual([403, 'Forbidden']);
    }
  });
});

describe('a request that the platform does not allow', () => {
  it.each(SPARED)('$path: is named with what it needs, and the rest goes on', async ({ path, scope }) => {
    const options = { faults: { refusedRequests: [path] }, omnichannel: 1 };
    const { simulator, recorder } = await world({ options, ...OFTEN });
    await recorder.live();
    const named = new RegExp(
      `GET ${path.replace(/\{\w+\}/, '\\w+')} was refused with 403: Forbidden; it needs ${scope}`,
    );
    await recorder.until(() => named.test(problemOf(recorder)));
    expect(recorder.connection.health()).toMatchObject({ connected: true, agents: AGENTS });
    expect(recorder.warnings.filter((line) => line.includes(`GET ${path}`))).toHaveLength(1);
    const [agentId = '', other = ''] = recorder.userIds();
    simulator.setUser(agentId, { agentStateId: 1 });
    simulator.setUser(other, { agentStateId: 2, outStateId: 401 });
    await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
    await recorder.until(() => recorder.status(other).reason === 'BREAK');
    if (path === 'agents/skills') expect(queuesOf(recorder)).toEqual([]);
    if (path === 'agents') expect(recorder.facets(agentId).profile).not.toHaveProperty('capacity');
    expect(isHonest(recorder, simulator)).toBe(true);
    simulator.faults({ refusedRequests: [] });
    await recorder.until(() => problemOf(recorder) === '' && allAgree(recorder, simulator));
  });

  it('agents/states: nobody is known, and the connection says what it needs', async () => {
    const { recorder } = await world({ options: { faults: { refusedRequests: ['agents/states'] } } });
    recorder.connection.start();
    await recorder.until(() => problemOf(recorder).includes('it needs RealTimeDataAPI, and a role that allows it'));
    expect(recorder.connection.health()).toMatchObject({ connected: false, agents: 0 });
  });

  it('agents/{agentId}/states: nothing is said of who is asked about', async () => {
    const { simulator } = await liveWorld({ options: { faults: { refusedRequests: ['agents/{agentId}/states'] } } });
    const log = { info: () => {}, warn: () => {} };
    const context = { connection: 'cxone-test', budget: new Budget(systemClock, 100), log, count: () => {} };
    const reader = createCxoneReader(settingsFor(simulator), context, systemClock);
    const asked = reader.read([`cxone-test:${simulator.users()[0]?.id}`], new AbortController().signal);
    await expect(asked).rejects.toThrow(/states was refused with 403: Forbidden; it needs RealTimeDataAPI/);
    await reader.close();
  });
});

describe('what is withdrawn while agents work', () => {
  it.each(SPARED)('$path: makes nobody available, and is given back', async ({ path }) => {
    const { simulator, recorder, agentId } = await liveWorld({ options: { omnichannel: 1 }, ...OFTEN });
    const queues = queuesOf(recorder);
    simulator.setUser(agentId, { agentStateId: 1 });
    await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
    simulator.faults({ refusedRequests: [path] });
    recorder.clock.forward(SETUP_MS);
    await recorder.until(() => problemOf(recorder).includes('was refused with 403'));
    simulator.setUser(agentId, { agentStateId: 2, outStateId: 401 });
    await recorder.until(() => recorder.status(agentId).reason === 'BREAK');
    const { readings } = recorder;
    await recorder.until(() => recorder.readings > readings);
    expect(isHonest(recorder, simulator)).toBe(true);
    expect(queuesOf(recorder)).toEqual(queues);
    simulator.faults({ refusedRequests: [] });
    await recorder.until(() => problemOf(recorder) === '' && allAgree(recorder, simulator));
  });

  it('agents/states: who was available is not, and is again when states may be read', async () => {
    const { simulator, recorder, agentId } = await liveWorld(OFTEN);
    simulator.setUser(agentId, { agentStateId: 1 });
    await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
    for (let time = 0; time < 2; time++) {
      simulator.faults({ missingScopes: ['RealTimeDataAPI'] });
      await recorder.until(() => recorder.status(agentId).reason === 'NOT_WATCHED');
      expect(problemOf(recorder)).toContain('it needs RealTimeDataAPI');
      simulator.faults({ missingScopes: [] });
      await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE' && problemOf(recorder) === '');
    }
  });
});

describe('an access key alone', () => {
  it('logs in without an application, and is told in the platform’s words why it cannot', async () => {
    const { simulator, recorder } = await world();
    await recorder.connection.stop();
    const alone = { ...settingsFor(simulator), accessKeyUrl: simulator.url };
    const log = { info: () => {}, warn: () => {} };
    const context = { connection: 'cxone-test', budget: new Budget(systemClock, 100), log, count: () => {} };
    const withKey = createCxoneReader(alone, context, systemClock);
    await withKey.prepare();
    await withKey.close();
    const withWrongKey = createCxoneReader({ ...alone, accessKeySecret: 'wrong' }, context, systemClock);
    await expect(withWrongKey.prepare()).rejects.toThrow(/access-key was refused with 40[01]: invalid_grant/);
    await withWrongKey.close();
  });
});
