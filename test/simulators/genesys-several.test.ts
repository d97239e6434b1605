import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import type { MediaType } from '@muster/simulators/genesys/model';
import type { SimulatorOptions } from '@muster/simulators/genesys/options';
import { startGenesysSimulator } from '@muster/simulators/genesys/simulator';
import { ONE_AT_A_TIME, SEVERAL } from '@muster/simulators/genesys/utilization';
import { afterEach, describe, expect, it } from 'vitest';
import { BRISK, GenesysClient, type Listener, until } from './genesys-client.ts';

describe('simulated agents who carry several interactions', () => {
  let simulator: GenesysSimulator;
  let client: GenesysClient;
  let userId: string;

  afterEach(() => simulator.stop());

  async function start(options: Partial<SimulatorOptions> = {}): Promise<void> {
    simulator = await startGenesysSimulator({
      agents: 4,
      timings: { lagFromMs: 0, lagToMs: 5 },
      utilization: SEVERAL,
      ...options,
      habits: { ...BRISK, talkMs: 60_000, ...options.habits },
    });
    client = await GenesysClient.login(simulator);
    userId = (await client.get('/api/v2/users')).body.entities[0].id;
    await until(() => expect(simulator.user(userId).available).toBe(true));
  }

  const send = (conversationId: string, mediaType: MediaType) => simulator.send({ conversationId, userId, mediaType });
  const refused = (conversationId: string, mediaType: MediaType) => {
    const answer = send(conversationId, mediaType);
    return answer.accepted ? undefined : answer.reason;
  };
  const states = () => simulator.user(userId).interactions.map(({ state }) => state);
  const counts = async () => {
    const { conversationSummary } = (await client.get(`/api/v2/users/${userId}?expand=conversationSummary`)).body;
    return Object.fromEntries(
      Object.entries<{ contactCenter: { active: number; acw: number } }>(conversationSummary)
        .map(([media, { contactCenter }]) => [media, contactCenter] as const)
        .filter(([, work]) => work && work.active + work.acw > 0),
    );
  };
  const conversations = (listener: Listener, id: string) =>
    listener.of('.conversations').filter(({ eventBody }) => eventBody.id === id);

  it('take as many of a kind as their utilization says, and one more is a double booking', async () => {
    await start();
    for (const id of ['c1', 'c2', 'c3']) expect(refused(id, 'chat')).toBeUndefined();
    await until(() => expect(states()).toEqual(['CONNECTED', 'CONNECTED', 'CONNECTED']));
    expect(refused('c4', 'chat')).toBe('CONNECTED');
    const { doubleBookings, doubleBookingList, interacting, interactionsSent } = simulator.state();
    expect([doubleBookings, interacting, interactionsSent]).toEqual([1, 1, 3]);
    expect(doubleBookingList[0]).toMatchObject({ conversationId: 'c4', mediaType: 'chat', busyWith: 'c1' });
  });

  it('take beside their work only what may interrupt it', async () => {
    await start();
    expect(refused('c1', 'chat')).toBeUndefined();
    await until(() => expect(states()).toEqual(['CONNECTED']));
    expect(refused('b1', 'callback')).toBe('CONNECTED');
    expect(refused('e1', 'email')).toBe('CONNECTED');
    expect(simulator.user(userId).available).toBe(true);
    expect(refused('v1', 'call')).toBeUndefined();
    expect(simulator.user(userId).available).toBe(false);
    expect(refused('c2', 'chat')).toMatch(/ALERTING|CONNECTED/);
    expect(
      simulator.user(userId).interactions.map(({ conversationId, mediaType }) => [conversationId, mediaType]),
    ).toEqual([
      ['c1', 'chat'],
      ['v1', 'call'],
    ]);
  });

  it('take none of what they have no room for at all', async () => {
    const utilization = { ...SEVERAL, email: { ...SEVERAL.email, maximumCapacity: 0 } };
    await start({ utilization });
    expect(refused('e1', 'email')).toBe('NO_CAPACITY');
  });

  it('are counted by media, told of conversation by conversation, and idle when all are over', async () => {
    await start({ habits: { talkMs: 300, wrapUpMs: 200 } });
    const listener = await client.listen([`v2.users.${userId}?conversations&conversationsummary&routingStatus`]);
    for (const id of ['m1', 'm2', 'm3']) send(id, 'message');
    send('c1', 'chat');
    expect(await counts()).toEqual({ message: { active: 3, acw: 0 }, chat: { active: 1, acw: 0 } });
    await until(() => expect(states()).toContain('WRAP_UP'));
    expect(simulator.user(userId).routingStatus).toBe('INTERACTING');
    await until(async () => expect(Object.values(await counts()).some(({ acw }) => acw > 0)).toBe(true));
    await until(() => expect(simulator.user(userId).routingStatus).toBe('IDLE'));
    expect(simulator.state()).toMatchObject({ interactionsCompleted: 4, doubleBookings: 0 });
    for (const id of ['m1', 'm2', 'm3', 'c1']) {
      await until(() => expect(conversations(listener, id)).toHaveLength(5));
      const list = id === 'c1' ? 'chats' : 'messages';
      for (const { eventBody } of conversations(listener, id))
        expect(eventBody.participants.at(-1)).toHaveProperty(list);
    }
    await until(() => expect(listener.of('.routingStatus')).toHaveLength(2));
  });

  it('neither leave nor miss an alert while somebody may send them more', async () => {
    await start({ habits: { missesCall: 1, takesBreak: 1, talkMs: 20, wrapUpMs: 20, breakMs: 60_000 } });
    for (let number = 1; number <= 10; number++) {
      expect(refused(`m${number}`, 'message')).toBeUndefined();
      await until(() => expect(states().length).toBeLessThan(4));
    }
    await until(() => expect(simulator.state().interactionsCompleted).toBe(10));
    expect(simulator.state()).toMatchObject({ interactionsMissed: 0, doubleBookings: 0 });
    expect(simulator.user(userId).presence).toBe('On Queue');
    // A call leaves no room for anything else: it can be missed.
    send('v1', 'call');
    await until(() => expect(simulator.state().interactionsMissed).toBe(1));
  });

  it('are a share of all, by a setting of their own', async () => {
    await start({ agents: 100, utilization: ONE_AT_A_TIME, habits: { carriesSeveral: 0.3 } });
    const { entities } = (await client.get('/api/v2/users?pageSize=100')).body;
    const levels: string[] = [];
    for (const { id } of entities)
      levels.push((await client.get(`/api/v2/routing/users/${id}/utilization`)).body.level);
    const own = levels.filter((level) => level === 'Agent').length;
    expect(own).toBeGreaterThan(10);
    expect(own).toBeLessThan(60);
  });

  it('are given the setting over HTTP, and it is read there', async () => {
    await start({ utilization: ONE_AT_A_TIME });
    const path = `/api/v2/routing/users/${userId}/utilization`;
    const organisation = (await client.get('/api/v2/routing/utilization')).body;
    expect(organisation).toMatchObject({ level: 'Organization', utilization: { chat: { maximumCapacity: 1 } } });
    expect((await client.get(path)).body).toEqual(organisation);
    await client.call('POST', `/simulator/users/${userId}`, { carriesSeveral: true });
    expect((await client.get(path)).body).toMatchObject({
      level: 'Agent',
      utilization: { chat: { maximumCapacity: 3, interruptableMediaTypes: ['call', 'message'] } },
    });
    expect((await client.get('/api/v2/routing/users/nobody/utilization')).status).toBe(404);
    simulator.faults({ missingPermissions: ['routing:utilization:view'] });
    for (const denied of [path, '/api/v2/routing/utilization']) expect((await client.get(denied)).status).toBe(403);
  });

  it('choose the queues they take work from, and are notified of it', async () => {
    await start();
    const listener = await client.listen([`v2.users.${userId}.activity`]);
    await client.call('POST', `/simulator/users/${userId}`, { joinedQueueIds: [] });
    await until(() => expect(listener.of('.activity')).toHaveLength(1));
    const [before] = listener.of('.activity');
    expect(before?.eventBody.activeQueueIds).toEqual([]);
    expect((await client.get(`/api/v2/users/${userId}/queues`)).body.total).toBe(0);
    const { entities } = (await client.get(`/api/v2/users/${userId}/queues?joined=false`)).body;
    await client.call('POST', `/simulator/users/${userId}`, { joinedQueueIds: [entities[0].id] });
    await until(() => expect(listener.of('.activity')).toHaveLength(2));
    const { activeQueueIds, dateActiveQueuesChanged } = listener.of('.activity')[1]?.eventBody ?? {};
    expect(activeQueueIds).toEqual([entities[0].id]);
    expect(Date.parse(dateActiveQueuesChanged)).toBeGreaterThan(Date.parse(before?.eventBody.dateActiveQueuesChanged));
  });

  it('speak languages', async () => {
    await start();
    const { entities } = (await client.get('/api/v2/users?expand=languages')).body;
    const spoken = entities.flatMap(({ languages }: { languages: object[] }) => languages);
    expect(spoken.length).toBeGreaterThan(0);
    for (const { id, languages } of entities) {
      expect((await client.get(`/api/v2/users/${id}/routinglanguages`)).body.entities).toEqual(languages);
    }
    expect(spoken[0]).toMatchObject({ name: expect.any(String), proficiency: expect.any(Number), state: 'ACTIVE' });
  });
});
