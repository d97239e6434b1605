import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import type { SimulatorOptions } from '@muster/simulators/genesys/options';
import { startGenesysSimulator } from '@muster/simulators/genesys/simulator';
import { afterEach, describe, expect, it } from 'vitest';
import { BRISK, GenesysClient, type Listener, until } from './genesys-client.ts';

describe('agents of the Genesys Cloud simulator', () => {
  let simulator: GenesysSimulator;
  let client: GenesysClient;
  let userId: string;
  let otherId: string;

  afterEach(() => simulator.stop());

  async function start(options: Partial<SimulatorOptions> = {}): Promise<void> {
    const timings = { lagFromMs: 0, lagToMs: 5 };
    simulator = await startGenesysSimulator({
      agents: 6,
      timings,
      ...options,
      habits: { ...BRISK, ...options.habits },
    });
    client = await GenesysClient.login(simulator);
    [userId, otherId] = (await client.get('/api/v2/users')).body.entities.map(({ id }: { id: string }) => id);
    if (!options.paused) await until(() => expect(simulator.state().idle).toBe(simulator.state().agents));
  }

  const send = (conversationId: string, to = userId) =>
    client.call('POST', '/simulator/interactions', { conversationId, userId: to });
  const idle = () => until(() => expect(simulator.user(userId).available).toBe(true));
  const inState = (state: string) => until(() => expect(simulator.user(userId).interactions[0]?.state).toBe(state));
  const whole = () => client.listen([`v2.users.${userId}?conversations&conversationsummary&routingStatus&presence`]);
  const mine = (listener: Listener) =>
    listener
      .of('.conversations')
      .map(({ eventBody }) =>
        eventBody.participants.findLast(({ purpose }: { purpose: string }) => purpose === 'agent'),
      );

  it('answer, talk, wrap up and are idle again; after-call work stays INTERACTING', async () => {
    await start({ habits: { wrapUpMs: 1_000 } });
    const listener = await whole();
    expect((await send('call-1')).body).toEqual({ accepted: true });
    await inState('WRAP_UP');
    expect(simulator.user(userId).routingStatus).toBe('INTERACTING');
    const { conversationSummary } = (await client.get(`/api/v2/users/${userId}?expand=conversationSummary`)).body;
    expect(conversationSummary.call.contactCenter).toEqual({ active: 0, acw: 1 });
    await idle();
    await until(() => expect(mine(listener)).toHaveLength(5));
    await until(() => expect(listener.of('.routingStatus')).toHaveLength(2));
    await until(() => expect(listener.of('.conversationsummary')).toHaveLength(3));

    const stages = mine(listener).map((participant) => {
      const [call] = participant.calls;
      return [call.state, call.afterCallWork?.state, Boolean(participant.endTime), Boolean(participant.endAcwTime)];
    });
    expect(stages).toEqual(
      expect.arrayContaining([
        ['alerting', undefined, false, false],
        ['connected', undefined, false, false],
        ['connected', 'pending', false, false],
        ['disconnected', 'pending', true, false],
        ['terminated', 'complete', true, true],
      ]),
    );
    const last = mine(listener).find(({ endAcwTime }) => endAcwTime);
    expect(last).toMatchObject({
      userId,
      wrapup: { notes: '', durationSeconds: expect.any(Number) },
      startAcwTime: last.endTime,
    });
    expect(listener.of('.conversations')[0]).toMatchObject({
      eventBody: { id: 'call-1', participants: [{ purpose: 'customer' }, { purpose: 'acd' }, { purpose: 'agent' }] },
    });
    expect(
      listener
        .of('.routingStatus')
        .map(({ eventBody }) => eventBody.routingStatus.status)
        .sort(),
    ).toEqual(['IDLE', 'INTERACTING']);
    const work = listener.of('.conversationsummary').map(({ eventBody }) => eventBody.call.contactCenter);
    expect(work).toEqual(
      expect.arrayContaining([
        { active: 1, acw: 0 },
        { active: 0, acw: 1 },
        { active: 0, acw: 0 },
      ]),
    );
    expect(simulator.state()).toMatchObject({ interactionsSent: 1, interactionsCompleted: 1, doubleBookings: 0 });
  });

  it('who have no room are counted as double booked, and who are away as refusing, with the reason', async () => {
    await start({ habits: { talkMs: 10_000 } });
    expect(simulator.send({ conversationId: 'call-1', userId })).toEqual({ accepted: true });
    expect(simulator.send({ conversationId: 'call-2', userId })).toEqual({ accepted: false, reason: 'ALERTING' });
    await inState('CONNECTED');
    const connected = await send('call-3');
    expect(connected.status).toBe(409);
    expect(connected.body).toEqual({ accepted: false, reason: 'CONNECTED' });
    expect((await send('call-1', otherId)).body.reason).toBe('CONVERSATION_ELSEWHERE');
    simulator.setUser(otherId, { presence: 'Break' });
    expect((await send('call-4', otherId)).body.reason).toBe('NOT_ON_QUEUE');
    simulator.setUser(otherId, { presence: 'On Queue', routingStatus: 'COMMUNICATING' });
    expect((await send('call-5', otherId)).body.reason).toBe('COMMUNICATING');

    const state = (await client.get('/simulator/state')).body;
    expect(state).toMatchObject({ interactionsSent: 1, doubleBookings: 4, refusals: 1, interacting: 1 });
    expect(state.doubleBookingList).toHaveLength(4);
    expect(state.refusalList).toMatchObject([{ conversationId: 'call-4', reason: 'NOT_ON_QUEUE' }]);
    expect(state.doubleBookingList[1]).toMatchObject({
      conversationId: 'call-3',
      userId,
      reason: 'CONNECTED',
      busyWith: 'call-1',
      at: expect.any(String),
    });
  });

  it('in after-call work are not free either', async () => {
    await start({ habits: { talkMs: 1, wrapUpMs: 10_000 } });
    await send('call-1');
    await inState('WRAP_UP');
    expect((await send('call-2')).body.reason).toBe('WRAP_UP');
  });

  it('get a conversation once, however often it is sent to them', async () => {
    await start({ habits: { talkMs: 10_000 } });
    for (let time = 1; time <= 3; time++) expect((await send('call-1')).status).toBe(200);
    expect(simulator.state()).toMatchObject({ interactionsSent: 1, doubleBookings: 0, interacting: 1 });
    expect((await send('call-1', 'nobody')).status).toBe(404);
    expect((await client.call('POST', '/simulator/interactions', { userId })).status).toBe(400);
  });

  it('who miss a call stop responding until they are back; the call can be sent to them again', async () => {
    await start({ habits: { missesCall: 1, notRespondingMs: 600 } });
    const listener = await whole();
    await send('call-1');
    await until(() => expect(simulator.user(userId).routingStatus).toBe('NOT_RESPONDING'));
    expect((await send('call-1')).body.reason).toBe('NOT_RESPONDING');
    await idle();
    expect((await send('call-1')).status).toBe(200);
    await until(() => expect(simulator.state().interactionsMissed).toBe(2));
    await until(() => expect(listener.of('.conversations')).toHaveLength(4));

    const histories = listener.of('.conversations').map(({ eventBody }) => eventBody.participants);
    const longest = histories.filter((participants) => participants.length === 4);
    expect(longest).toHaveLength(2);
    const missed = longest[0][2];
    expect(missed).toMatchObject({ userId, calls: [{ state: 'disconnected', disconnectType: 'system' }] });
    expect(missed.endTime).toBeDefined();
    expect(missed).not.toHaveProperty('connectedTime');
    const statuses = () => listener.of('.routingStatus').map(({ eventBody }) => eventBody.routingStatus.status);
    await until(() => expect(statuses()).toContain('NOT_RESPONDING'));
  });

  it('choose a break during after-call work, never while idle', async () => {
    await start({ habits: { takesBreak: 1, breakMs: 60 } });
    const listener = await whole();
    await send('call-1');
    await until(() => expect(listener.of('.presence')).toHaveLength(2));
    await idle();
    await until(() => expect(listener.of('.routingStatus').length).toBeGreaterThanOrEqual(2));

    const byTime = (from: string, to: string) => Date.parse(from) - Date.parse(to);
    const left = listener
      .of('.presence')
      .map(({ eventBody }) => eventBody.modifiedDate)
      .sort(byTime)[0];
    await until(() => expect(mine(listener).some(({ endAcwTime }) => endAcwTime)).toBe(true));
    const { startAcwTime, endAcwTime } = mine(listener).find((participant) => participant.endAcwTime);
    expect(Date.parse(left)).toBeGreaterThanOrEqual(Date.parse(startAcwTime));
    expect(Date.parse(left)).toBeLessThanOrEqual(Date.parse(endAcwTime));
  });

  it('never leave an idle seat, however often they take a break or go home', async () => {
    await start({ habits: { takesBreak: 0.3, endsShift: 0.3, talkMs: 10, wrapUpMs: 20 } });
    const { entities } = (await client.get('/api/v2/users')).body;
    const listener = await client.listen(entities.map(({ id }: { id: string }) => `v2.users.${id}.routingStatus`));
    for (let call = 1; call <= 60; call++) {
      const free = () => entities.find(({ id }: { id: string }) => simulator.user(id).available);
      await until(() => expect(free()).toBeDefined());
      expect(simulator.send({ conversationId: `call-${call}`, userId: free().id }).accepted).toBe(true);
    }
    await until(() => expect(simulator.state().interactionsCompleted).toBe(60));

    const departures = () =>
      listener
        .of('.routingStatus')
        .map(({ eventBody: { id, routingStatus } }) => `${id} ${routingStatus.startTime} ${routingStatus.status}`)
        .sort()
        .map((line) => line.split(' '))
        .flatMap(([id, , status], at, history) => {
          const [previousId, , previous] = history[at - 1] ?? [];
          return status === 'OFF_QUEUE' && previousId === id ? [previous] : [];
        });
    // The last events are still on their way; once all are there, nobody has gone from IDLE.
    await until(() => expect(departures().length).toBeGreaterThan(10));
    await until(() => expect(new Set(departures())).toEqual(new Set(['INTERACTING'])));
  });

  it('keep working off an interaction when their presence changes, then leave the queue', async () => {
    await start({ habits: { talkMs: 600 } });
    await send('call-1');
    await inState('CONNECTED');
    simulator.setUser(userId, { presence: 'Break' });
    expect(simulator.user(userId)).toMatchObject({ presence: 'Break', routingStatus: 'INTERACTING' });
    await until(() => expect(simulator.user(userId).interactions).toEqual([]));
    expect(simulator.user(userId)).toMatchObject({ presence: 'Break', routingStatus: 'OFF_QUEUE', available: false });
  });

  it('start nothing new while life is paused, and finish what runs', async () => {
    await start({ paused: true });
    expect(simulator.state()).toMatchObject({ onQueue: 0, idle: 0 });
    await client.call('POST', '/simulator/resume');
    await until(() => expect(simulator.state().idle).toBe(6));
    simulator.send({ conversationId: 'call-1', userId });
    simulator.pause();
    expect(simulator.state()).toMatchObject({ idle: 5, interacting: 1 });
    await until(() => expect(simulator.state()).toMatchObject({ interacting: 0, interactionsCompleted: 1 }));
    expect((await client.call('POST', '/simulator/pause')).body.idle).toBe(6);
  });

  it('wrap up at once when whoever called hangs up', async () => {
    await start({ habits: { talkMs: 600_000 } });
    await send('call-1');
    simulator.hangUp();
    await inState('CONNECTED');
    simulator.hangUp();
    await until(() => expect(simulator.state()).toMatchObject({ interacting: 0, interactionsCompleted: 1 }));
  });

  it('are set by hand over HTTP', async () => {
    await start();
    const path = `/simulator/users/${userId}`;
    expect((await client.call('POST', path, { presence: 'Training' })).body).toMatchObject({
      presence: 'Training',
      routingStatus: 'OFF_QUEUE',
    });
    expect((await client.call('POST', path, { presence: 'Dancing' })).status).toBe(400);
    expect((await client.get(path)).body).toEqual(JSON.parse(JSON.stringify(simulator.user(userId))));
    expect((await client.get('/simulator/users/nobody')).status).toBe(404);
  });
});
