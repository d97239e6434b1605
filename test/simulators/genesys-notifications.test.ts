import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import { startGenesysSimulator } from '@muster/simulators/genesys/simulator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BRISK, GenesysClient, Listener, until } from './genesys-client.ts';

const CHANNELS = '/api/v2/notifications/channels';
const OPTIONS = {
  agents: 1_010,
  habits: BRISK,
  requestsPerMinute: 10_000,
  timings: { lagFromMs: 0, lagToMs: 0, heartbeatMs: 40, closingNoticeMs: 30 },
};

describe('notifications of the Genesys Cloud simulator', () => {
  let simulator: GenesysSimulator;
  let client: GenesysClient;
  let ids: string[];

  beforeAll(async () => {
    simulator = await startGenesysSimulator(OPTIONS);
    client = await GenesysClient.login(simulator);
    await until(() => expect(simulator.state().idle).toBe(OPTIONS.agents));
    const pages = await Promise.all(
      [1, 2, 3].map((page) => client.get(`/api/v2/users?pageSize=500&pageNumber=${page}`)),
    );
    ids = pages.flatMap(({ body }) => body.entities.map(({ id }: { id: string }) => id));
  });
  afterAll(() => simulator.stop());

  const subscriptions = (channelId: string) => `${CHANNELS}/${channelId}/subscriptions`;
  const user = (at: number) => String(ids[at]);
  const newChannel = async () => String((await client.call('POST', CHANNELS)).body.id);

  it('arrive under the individual topics, spelled as events spell them', async () => {
    const listener = await client.listen([`v2.users.${user(0)}?presence&routingStatus&activity`]);
    simulator.setUser(user(0), { presence: 'Break' });
    simulator.setUser(user(0), { presence: 'On Queue' });
    const truth = simulator.user(user(0));
    await until(() =>
      expect(listener.frames.filter(({ topicName }) => topicName !== 'channel.metadata')).toHaveLength(8),
    );

    const presences = listener.of('.presence').map(({ eventBody }) => eventBody);
    expect(presences.map(({ presenceDefinition }) => presenceDefinition.systemPresence).sort()).toEqual([
      'BREAK',
      'ON_QUEUE',
    ]);
    expect(presences.map(({ modifiedDate }) => modifiedDate)).toContain(truth.presenceSince);
    // The body of a presence event does not say whose it is.
    expect(presences[0]).not.toHaveProperty('id');
    expect(listener.of('.presence')[0]).toMatchObject({
      topicName: `v2.users.${user(0)}.presence`,
      version: '2',
      metadata: { CorrelationId: expect.any(String) },
    });
    const statuses = listener.of('.routingStatus').map(({ eventBody }) => eventBody);
    expect(statuses).toContainEqual({
      id: user(0),
      routingStatus: { status: 'IDLE', startTime: truth.routingStatusSince },
    });
    const activities = listener.of('.activity').map(({ eventBody }) => eventBody);
    expect(activities).toHaveLength(4);
    expect(activities).toContainEqual({
      id: user(0),
      routingStatus: { status: 'IDLE', startTime: truth.routingStatusSince },
      presence: {
        presenceDefinition: { id: expect.any(String), systemPresence: 'ON_QUEUE' },
        presenceMessage: '',
        modifiedDate: truth.presenceSince,
      },
      outOfOffice: { active: false, modifiedDate: expect.any(String) },
      activeQueueIds: truth.queueIds,
      dateActiveQueuesChanged: expect.any(String),
    });
    const rest = (await client.get(`/api/v2/users/${user(0)}?expand=presence`)).body;
    expect(rest.presence.presenceDefinition.systemPresence).toBe('On Queue');
    listener.socket.close();
  });

  it('are lost while no socket is open, and never begin with a snapshot', async () => {
    const first = await client.listen([`v2.users.${user(1)}.presence`]);
    first.socket.close();
    await until(() => expect(first.closeCode).toBeDefined());
    simulator.setUser(user(1), { presence: 'Meal' });
    // A second listener of the same change tells when it has been delivered to whoever was there.
    const witness = await client.listen([`v2.users.${user(1)}.presence`]);
    simulator.setUser(user(1), { presence: 'Meeting' });
    await until(() => expect(witness.of('.presence')).toHaveLength(1));

    const again = await Listener.open(first.connectUri, first.channelId);
    simulator.setUser(user(1), { presence: 'On Queue' });
    await until(() => expect(again.of('.presence')).toHaveLength(1));
    expect(again.of('.presence')[0]?.eventBody.presenceDefinition.systemPresence).toBe('ON_QUEUE');
    again.socket.close();
    witness.socket.close();
  });

  it('come to one socket per channel: the second replaces the first', async () => {
    const first = await client.listen([`v2.users.${user(2)}.presence`]);
    const second = await Listener.open(first.connectUri, first.channelId);
    await until(() => expect(first.closeCode).toBeDefined());
    simulator.setUser(user(2), { presence: 'Away' });
    await until(() => expect(second.of('.presence')).toHaveLength(1));
    expect(first.of('.presence')).toHaveLength(0);
    second.socket.close();
  });

  it('are accompanied by heartbeats and pongs', async () => {
    const listener = await client.listen([]);
    listener.socket.send('{"message":"ping"}');
    listener.socket.send('nonsense');
    const said = () => listener.of('channel.metadata').map(({ eventBody }) => eventBody.message);
    await until(() => expect(said()).toEqual(expect.arrayContaining(['pong', 'WebSocket Heartbeat'])));
    listener.socket.close();
  });

  it('end after the announcement of maintenance', async () => {
    const listener = await client.listen([]);
    simulator.faults({ announceClosing: true });
    await until(() => expect(listener.closeCode).toBe(1001));
    expect(listener.of('v2.system.socket_closing')).toHaveLength(1);
    expect((await client.call('HEAD', `${CHANNELS}/${listener.channelId}`)).status).toBe(200);
  });

  it('need a channel that exists: the upgrade is refused with 401', async () => {
    const uri = `${simulator.url.replace('http', 'ws')}/channels/streaming-0-unknown`;
    await expect(Listener.open(uri, '')).rejects.toThrow('401');
    expect((await client.call('HEAD', `${CHANNELS}/streaming-0-unknown`)).status).toBe(404);
  });

  it('are subscribed to with POST, PUT, GET and DELETE', async () => {
    const path = subscriptions(await newChannel());
    const topic = (at: number) => ({ id: `v2.users.${user(at)}.activity` });
    const listed = async () => (await client.get(path)).body.entities.map(({ id }: { id: string }) => id);
    const { body } = await client.call('POST', path, [topic(0), topic(1)]);
    expect(body.entities[0]).toMatchObject({ ...topic(0), state: 'Permitted', selfUri: expect.stringContaining(path) });
    await client.call('POST', path, [topic(1), topic(2)]);
    expect(await listed()).toEqual([topic(0).id, topic(1).id, topic(2).id]);
    await client.call('PUT', path, [topic(3)]);
    expect(await listed()).toEqual([topic(3).id]);
    await client.call('DELETE', path);
    expect(await listed()).toEqual([]);
  });

  it('refuse a bad topic with the whole request, or alone with ignoreErrors', async () => {
    const path = subscriptions(await newChannel());
    const good = `v2.users.${user(0)}.presence`;
    const combined = `v2.users.${user(1)}?presence&mood`;
    const stranger = 'v2.users.ffffffff-0000-4000-8000-000000000000.presence';
    const long = `v2.users.${user(2)}?${Array(20).fill('presence').join('&')}`;
    const topics = [good, combined, stranger, long].map((id) => ({ id }));
    expect((await client.call('PUT', path, topics)).status).toBe(400);
    expect((await client.get(path)).body.entities).toEqual([]);
    const { body } = await client.call('PUT', `${path}?ignoreErrors=true`, topics);
    expect(body.entities.map(({ id, state }: { id: string; state: string }) => [id, state])).toEqual([
      [good, 'Permitted'],
      [combined, 'Permitted'],
      [`v2.users.${user(1)}.mood`, 'Rejected'],
      [stranger, 'Rejected'],
      [long, 'Rejected'],
    ]);
  });

  it('are limited to 1,000 topics per channel; a combined topic counts once', async () => {
    const path = subscriptions(await newChannel());
    const topics = ids.map((id) => ({ id: `v2.users.${id}?presence&routingStatus` }));
    expect((await client.call('PUT', path, topics.slice(0, 1_000))).status).toBe(200);
    expect((await client.call('POST', path, topics.slice(0, 1_000))).status).toBe(200);
    expect((await client.call('POST', path, topics.slice(1_000, 1_001))).status).toBe(400);
    expect((await client.get(path)).body.entities).toHaveLength(1_000);
  });

  it('are limited to 20 channels: the 21st evicts the least recently used without a socket', async () => {
    simulator.faults({ forgetChannels: true });
    const connected = await client.listen([]);
    const idle = [];
    for (let channel = 2; channel <= 20; channel++) idle.push(await newChannel());
    expect((await client.get(CHANNELS)).body.entities).toHaveLength(20);
    await client.call('HEAD', `${CHANNELS}/${idle[0]}`);
    const newest = await newChannel();
    const listed = (await client.get(CHANNELS)).body.entities.map(({ id }: { id: string }) => id);
    expect(listed).toHaveLength(20);
    expect(listed).toEqual(expect.arrayContaining([connected.channelId, idle[0], newest]));
    expect(listed).not.toContain(idle[1]);
    const other = await GenesysClient.login(simulator);
    expect((await other.get(CHANNELS)).body.entities).toEqual([]);
    const foreign = (await other.get(`${CHANNELS}?includechannels=oauthclient`)).body.entities;
    expect(foreign).toHaveLength(20);
    expect(foreign[0]).not.toHaveProperty('id');
    connected.socket.close();
  });

  it('end with the token of their channel', async () => {
    const visitor = await GenesysClient.login(simulator);
    const listener = await visitor.listen([]);
    await visitor.call('DELETE', '/api/v2/tokens/me');
    await until(() => expect(listener.closeCode).toBe(1001));
    expect((await client.call('HEAD', `${CHANNELS}/${listener.channelId}`)).status).toBe(404);
  });

  it('end with the life of the channel, which a new subscription prolongs', async () => {
    const mortal = await startGenesysSimulator({ agents: 1, timings: { channelLifeMs: 500 } });
    try {
      const visitor = await GenesysClient.login(mortal);
      const listener = await visitor.listen([]);
      const expires = async () => Date.parse((await visitor.get(CHANNELS)).body.entities[0].expires);
      const before = await expires();
      await visitor.call('PUT', subscriptions(listener.channelId), []);
      expect(await expires()).toBeGreaterThan(before);
      await until(() => expect(listener.closeCode).toBe(1001));
      await expect(Listener.open(listener.connectUri, '')).rejects.toThrow('401');
    } finally {
      await mortal.stop();
    }
  });
});
