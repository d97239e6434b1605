import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import { startGenesysSimulator } from '@muster/simulators/genesys/simulator';
import { afterAll, afterEach, describe, expect, it, test } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { Budget } from '../../src/platforms/budget.ts';
import type { GenesysApi } from '../../src/platforms/genesys/client.ts';
import { createGenesysReader } from '../../src/platforms/genesys/reader.ts';
import { type GenesysEndpoint, LOGIN, REQUESTS, USER_TOPICS } from '../../src/platforms/genesys/requests.ts';
import type { PlatformReader } from '../../src/platforms/platform.ts';
import { GenesysClient } from '../simulators/genesys-client.ts';
import { AGENTS, allAgree, liveWorld, world } from './genesys-recorder.ts';
import { endWorlds, type Recorder } from './recorder.ts';
import { isOf, noteSent } from './sent-requests.ts';

afterEach(endWorlds);

const ROWS: [string, GenesysEndpoint][] = Object.entries(REQUESTS);
const PERMISSIONS = [...new Set(ROWS.flatMap(([, { permission }]) => permission ?? []))];
/** What a connection needs; assigning is the readers' alone. */
const CONNECTION_NEEDS = PERMISSIONS.filter((permission) => permission !== REQUESTS.assign.permission);
const OFTEN = 250;

/** What Muster does without each permission when it starts. */
const STARTS = {
  'directory:user:view': { connected: false, agents: 0 },
  'routing:queue:view': { connected: true, agents: AGENTS },
  'presence:presenceDefinition:view': { connected: true, agents: AGENTS },
  'routing:utilization:view': { connected: true, agents: AGENTS },
};

/** Nobody may be available whom the platform would not take a call for. */
function isHonest(recorder: Recorder, simulator: GenesysSimulator): boolean {
  return recorder.userIds().every((id) => recorder.status(id).status !== 'AVAILABLE' || simulator.user(id).available);
}

const problemOf = (recorder: Recorder): string => recorder.connection.health().problem ?? '';
const queuesOf = (recorder: Recorder, userIds = recorder.userIds()) =>
  userIds.flatMap((id) => recorder.facets(id).profile?.queues ?? []);

function readerOf(simulator: GenesysSimulator): PlatformReader {
  const access = { loginUrl: simulator.url, apiUrl: simulator.url, ...simulator.credentials };
  const log = { info: () => {}, warn: () => {} };
  const context = { connection: 'emea', budget: new Budget(systemClock, 100), log, count: () => {} };
  return createGenesysReader(access, context, systemClock);
}

describe('the table of requests', () => {
  it('has everything that is sent, and nothing that never is', async () => {
    const { simulator, recorder } = await world({}, { utilization: true });
    const noted = noteSent(simulator.url);
    await recorder.live();
    const reader = readerOf(simulator);
    const { signal } = new AbortController();
    await reader.read([`emea:${recorder.userIds()[0]}`], signal);
    await reader.assign?.(`emea:${recorder.userIds()[0]}`, 'nothing-waits', signal);
    await reader.close();
    noted.end();
    const rows = [LOGIN, ...ROWS.map(([, row]) => row)];
    expect(noted.sent.filter((sent) => !rows.some((row) => isOf(row, sent)))).toEqual([]);
    expect(rows.filter((row) => !noted.sent.some((sent) => isOf(row, sent)))).toEqual([]);
  });
});

/** Held by the compiler alone. */
const outside = (client: GenesysApi): Promise<unknown>[] => [
  client.send({ to: 'queueMembers', queueId: '1', query: 'joined=true' }),
  // @ts-expect-error: not in the table
  client.send({ to: 'conversations' }),
  // @ts-expect-error: its path has a blank
  client.send({ to: 'queueMembers' }),
  // @ts-expect-error: no path of one's own
  client.send('/api/v2/users'),
];

test('a request outside the table does not compile', () => {
  expect(outside).toBeTypeOf('function');
});

describe('the simulator', async () => {
  const simulator = await startGenesysSimulator({ agents: 1, queues: 1, paused: true, requestsPerMinute: 10_000 });
  afterAll(() => simulator.stop());
  const client = await GenesysClient.login(simulator);
  const idOf = async (path: string) => String((await client.get(path)).body.entities[0].id);
  const blanks: Record<string, string> = {
    userId: await idOf('/api/v2/users'),
    queueId: await idOf('/api/v2/routing/queues'),
    channelId: String((await client.call('POST', '/api/v2/notifications/channels')).body.id),
    conversationId: 'call-1',
  };
  const bodies: Record<string, unknown> = { subscribe: [], assign: { id: blanks.userId } };
  simulator.setUser(blanks.userId ?? '', { presence: 'On Queue', routingStatus: 'IDLE' });
  simulator.wait('call-1', 'call', blanks.queueId);

  it.each(ROWS)('demands for %s what the row says, in the platform’s words', async (name, row) => {
    const path = row.path.replace(/\{(\w+)\}/, (_all, blank) => blanks[blank] ?? '');
    const ask = () => client.call(row.method, path, bodies[name]);
    simulator.faults({ missingPermissions: PERMISSIONS.filter((permission) => permission !== row.permission) });
    expect((await ask()).status).toBeLessThan(300);
    if (row.permission === undefined) return;
    simulator.faults({ missingPermissions: [row.permission] });
    const { status, body } = await ask();
    expect({ status, ...body }).toMatchObject({ status: 403, code: 'missing.any.permissions' });
    expect(body.message).toContain(`[${row.permission}]`);
  });
});

describe('a permission that is missing', () => {
  it.each(Object.entries(STARTS))('%s: is named, and the rest goes on', async (permission, health) => {
    const missing = { missingPermissions: [permission] };
    const { simulator, recorder } = await world({ faults: missing }, { utilization: true }, OFTEN);
    recorder.connection.start();
    await recorder.until(() => problemOf(recorder).includes(permission));
    await recorder.until(() => recorder.connection.health().connected === health.connected);
    expect(recorder.connection.health()).toMatchObject(health);
    expect(recorder.warnings.join()).toContain(permission);
    expect(recorder.userIds()).toHaveLength(health.agents);
    if (permission === 'routing:queue:view') expect(queuesOf(recorder)).toEqual([]);
    const userId = recorder.userIds()[0] ?? '';
    if (health.connected) {
      simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
      await recorder.until(() => recorder.status(userId).status === 'AVAILABLE');
    }
    expect(isHonest(recorder, simulator)).toBe(true);
    simulator.faults({ missingPermissions: [] });
    await recorder.until(() => problemOf(recorder) === '' && allAgree(recorder, simulator));
  });

  it('covers all that the table names', () => {
    expect(Object.keys(STARTS).sort()).toEqual(CONNECTION_NEEDS.sort());
  });

  it.each(CONNECTION_NEEDS)(
    '%s: withdrawn while agents work, makes nobody available, and is given back',
    async (permission) => {
      const { simulator, recorder, userId } = await liveWorld({}, { utilization: true }, OFTEN);
      const queues = queuesOf(recorder);
      simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
      await recorder.until(() => recorder.status(userId).status === 'AVAILABLE');
      simulator.faults({ missingPermissions: [permission] });
      await recorder.until(() => problemOf(recorder).includes(permission));
      simulator.setUser(userId, { presence: 'Break' });
      await recorder.until(() => recorder.status(userId).reason === 'BREAK');
      const { lastSnapshotMs: beforeMs = 0 } = recorder.connection.health();
      const goesOn = () => (recorder.connection.health().lastSnapshotMs ?? 0) > beforeMs;
      if (STARTS[permission as keyof typeof STARTS].connected) await recorder.until(goesOn);
      expect(isHonest(recorder, simulator)).toBe(true);
      expect(queuesOf(recorder)).toEqual(queues);
      simulator.faults({ missingPermissions: [] });
      await recorder.until(() => problemOf(recorder) === '' && allAgree(recorder, simulator));
    },
  );
});

describe('a conversation that may not be assigned', () => {
  it('is not, and the permission is named', async () => {
    const { simulator, recorder, userId } = await liveWorld({}, {});
    simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
    simulator.wait('call-1');
    simulator.faults({ missingPermissions: ['conversation:call:assign'] });
    const reader = readerOf(simulator);
    const { signal } = new AbortController();
    const refused = await reader.assign?.(`emea:${userId}`, 'call-1', signal);
    expect(refused).toEqual({ answer: 'not_sent', reason: expect.stringContaining('[conversation:call:assign]') });
    expect(simulator.isWaiting('call-1')).toBe(true);
    simulator.faults({ missingPermissions: [] });
    expect(await reader.assign?.(`emea:${userId}`, 'call-1', signal)).toEqual({ answer: 'accepted' });
    await reader.close();
    expect(recorder.connection.health().problem).toBeUndefined();
  });
});

describe('topics that are refused', () => {
  it.each(Object.keys(USER_TOPICS))(
    '%s: whose they are is not available, for nobody tells what they do',
    async (topic) => {
      const { simulator, recorder, userId } = await liveWorld({ faults: { refusedTopics: [topic] } }, {}, OFTEN);
      expect(problemOf(recorder)).toMatch(
        /^12 notification topics are refused, e\.g\. v2\.users\.[^ ]+: You do not have/,
      );
      expect(problemOf(recorder)).toContain(`.${topic}:`);
      simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
      await recorder.until(() => recorder.status(userId).reason === 'NOT_WATCHED');
      simulator.setUser(userId, { presence: 'Meal' });
      await recorder.until(() => recorder.status(userId).reason === 'MEAL');
      simulator.faults({ refusedTopics: [] });
      await recorder.until(() => problemOf(recorder) === '');
      simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
      await recorder.until(() => recorder.status(userId).status === 'AVAILABLE');
      expect(recorder.reports.filter(({ facets }) => facets.presence?.reason === 'NOT_WATCHED')).not.toEqual([]);
    },
  );

  it('while the agent is available: they are not, from the next reading on', async () => {
    const { simulator, recorder, userId } = await liveWorld({}, {}, OFTEN);
    simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
    await recorder.until(() => recorder.status(userId).status === 'AVAILABLE');
    simulator.faults({ refusedTopics: ['conversations'] });
    await recorder.until(() => recorder.status(userId).reason === 'NOT_WATCHED');
    expect(recorder.warnings.filter((line) => line.startsWith('notification_topics_refused'))).toHaveLength(1);
  });
});

describe('a permission in one division only', () => {
  it.each([true, false])('leaves out whom it does not cover, listed or not: %s', async (otherDivisionListed) => {
    const { simulator, recorder, userId } = await liveWorld({}, {}, OFTEN);
    const [queue = ''] = queuesOf(recorder);
    for (const id of recorder.userIds()) simulator.setUser(id, { presence: 'On Queue', routingStatus: 'IDLE' });
    await recorder.until(() => recorder.userIds().every((id) => recorder.status(id).status === 'AVAILABLE'));
    simulator.faults({ otherDivision: [userId, queue.split(':')[1] ?? ''], otherDivisionListed });
    await recorder.until(() => recorder.status(userId).status !== 'AVAILABLE');
    const others = recorder.userIds().filter((id) => id !== userId);
    await recorder.until(() => !queuesOf(recorder, others).includes(queue));
    expect(recorder.status(userId)).toEqual(
      otherDivisionListed ? { status: 'BUSY', reason: 'NOT_WATCHED' } : { status: 'OFFLINE', reason: 'INACTIVE' },
    );
    await recorder.until(() => problemOf(recorder).includes('routing:queue:view') === otherDivisionListed);
    expect(others.every((id) => recorder.status(id).status === 'AVAILABLE')).toBe(true);
    expect(recorder.connection.health().connected).toBe(true);
  });
});
