import { FAULTS, type FaultSettings } from '@muster/simulators/genesys/faults';
import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import { startGenesysSimulator } from '@muster/simulators/genesys/simulator';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { BRISK, GenesysClient, type Listener, until } from './genesys-client.ts';

const NO_FAULTS = Object.fromEntries(
  Object.entries(FAULTS).map(([name, fault]) => [name, fault.default]),
) as unknown as FaultSettings;

describe('faults of the Genesys Cloud simulator', () => {
  let simulator: GenesysSimulator;
  let client: GenesysClient;
  let userId: string;
  let listener: Listener;

  beforeAll(async () => {
    const timings = { lagFromMs: 0, lagToMs: 0 };
    simulator = await startGenesysSimulator({ agents: 5, habits: BRISK, timings, requestsPerMinute: 10_000 });
    await until(() => expect(simulator.state().idle).toBe(5));
  });
  afterAll(() => simulator.stop());

  beforeEach(async () => {
    simulator.faults({ ...NO_FAULTS, forgetChannels: true });
    client = await GenesysClient.login(simulator);
    userId = (await client.get('/api/v2/users')).body.entities[0].id;
    simulator.setUser(userId, { presence: 'On Queue' });
    listener = await client.listen([`v2.users.${userId}.presence`]);
  });

  const fault = (changes: object) => client.call('POST', '/simulator/faults', changes);
  const go = (presence: 'Break' | 'Meal' | 'Meeting') => simulator.setUser(userId, { presence });
  const heard = () => listener.of('.presence').map(({ eventBody }) => eventBody.presenceDefinition.systemPresence);

  it('are named and checked before any is set', async () => {
    expect((await fault({ dropEvents: 1, failNext: -1 })).status).toBe(400);
    expect((await fault({ gremlins: 1 })).body.message).toContain('gremlins');
    expect((await fault({ closeSockets: 7 })).status).toBe(400);
    expect((await client.get('/simulator/faults')).body).toEqual(NO_FAULTS);
  });

  it('drop events', async () => {
    await fault({ dropEvents: 1 });
    go('Break');
    await fault({ dropEvents: 0 });
    go('Meal');
    await until(() => expect(heard()).toEqual(['MEAL']));
  });

  it('duplicate events, with the same correlation id', async () => {
    await fault({ duplicateEvents: 1 });
    go('Break');
    await until(() => expect(heard()).toEqual(['BREAK', 'BREAK']));
    expect(new Set(listener.frames.map(({ metadata }) => metadata?.CorrelationId)).size).toBe(1);
  });

  it('delay events', async () => {
    await fault({ delayEvents: 1, delayMs: 500 });
    go('Break');
    await fault({ delayEvents: 0 });
    go('Meal');
    await until(() => expect(heard()).toEqual(['MEAL', 'BREAK']));
  });

  it('let events change places', async () => {
    await fault({ reorderEvents: 1 });
    go('Break');
    go('Meal');
    await until(() => expect(heard()).toEqual(['MEAL', 'BREAK']));
  });

  it('send half a frame', async () => {
    await fault({ malformFrames: 1 });
    go('Break');
    await until(() => expect(listener.malformed).toHaveLength(1));
    expect(heard()).toEqual([]);
  });

  it('make sockets fall silent without closing', async () => {
    await fault({ silentSockets: true });
    go('Break');
    listener.socket.send('{"message":"ping"}');
    // The close that follows is the first thing the client notices.
    await fault({ closeSockets: 1001 });
    await until(() => expect(listener.closeCode).toBe(1001));
    expect(listener.frames).toEqual([]);
  });

  it('break sockets without a word', async () => {
    await fault({ closeSockets: 1006 });
    await until(() => expect(listener.closeCode).toBe(1006));
  });

  it('leave out an expand', async () => {
    await fault({ omitExpands: ['presence'] });
    const { body } = await client.get(`/api/v2/users/${userId}?expand=presence,routingStatus`);
    expect(body).not.toHaveProperty('presence');
    expect(body).toHaveProperty('routingStatus');
  });

  it('answer the next requests with 401, 429 or 500, then recover', async () => {
    for (const [name, status] of [
      ['unauthorizedNext', 401],
      ['throttleNext', 429],
      ['failNext', 500],
    ] as const) {
      await fault({ [name]: 2, retryAfterSeconds: 7 });
      const answers = [];
      for (let request = 1; request <= 3; request++) answers.push(await client.get('/api/v2/users'));
      expect(answers.map((answer) => answer.status)).toEqual([status, status, 200]);
      expect(answers[0]?.body.contextId).toBe(answers[0]?.headers.get('inin-correlation-id'));
      expect(answers[0]?.headers.get('retry-after')).toBe(status === 429 ? '7' : null);
    }
  });

  it('take a permission away', async () => {
    await fault({ missingPermissions: ['routing:queue:view'] });
    const { status, body } = await client.get('/api/v2/routing/queues');
    expect(status).toBe(403);
    expect(body).toMatchObject({
      code: 'missing.any.permissions',
      messageParams: { permissions: '[routing:queue:view]' },
    });
    expect((await client.get('/api/v2/users')).status).toBe(200);
  });

  it('revoke tokens, and their channels with them', async () => {
    await fault({ revokeTokens: true });
    await until(() => expect(listener.closeCode).toBe(1001));
    expect((await client.get('/api/v2/users')).body.code).toBe('bad.credentials');
    const back = await GenesysClient.login(simulator);
    expect((await back.call('HEAD', `/api/v2/notifications/channels/${listener.channelId}`)).status).toBe(404);
  });
});
