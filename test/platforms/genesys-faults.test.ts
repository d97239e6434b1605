import { scheduler } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { allAgree, liveWorld, world } from './genesys-recorder.ts';
import { endWorlds } from './recorder.ts';

afterEach(endWorlds);

describe('a connection that loses something', () => {
  it.each([1001, 1006])('reads again what it missed when its sockets close with %i', async (closeSockets) => {
    const { simulator, recorder, userId } = await liveWorld();
    simulator.faults({ dropEvents: 1 });
    simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
    simulator.faults({ closeSockets });
    await recorder.until(
      () => recorder.status(userId).status === 'AVAILABLE' && recorder.connection.health().connected,
    );
    expect(recorder.count('resync')).toBe(1);
  });

  it('tells everything it knows of an agent whom the region lost, a call that cannot be read, too', async () => {
    const { simulator, recorder, userId } = await liveWorld({
      habits: { missesCall: 0, answerFromMs: 1, answerToMs: 1 },
    });
    simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
    await recorder.until(() => recorder.status(userId).status === 'AVAILABLE');
    simulator.send({ conversationId: 'call-1', userId });
    await recorder.until(() => recorder.interactions(userId)['call-1']?.state === 'CONNECTED');
    await recorder.until(() => recorder.facets(userId).activity?.state === 'INTERACTING');
    const before = recorder.facets(userId);
    recorder.lose(userId);
    simulator.faults({ closeSockets: 1006 });
    await recorder.until(() => recorder.facets(userId).profile !== undefined);
    expect(recorder.facets(userId)).toEqual(before);
  });

  it('notices sockets that fell silent', async () => {
    const { simulator, recorder, userId } = await liveWorld();
    simulator.faults({ silentSockets: true });
    simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
    recorder.clock.forward(40_000);
    await recorder.until(() => {
      recorder.clock.forward(1_000);
      return recorder.count('resync') > 0;
    });
    simulator.faults({ silentSockets: false });
    await recorder.until(() => recorder.status(userId).status === 'AVAILABLE');
  });

  it('asks a socket that was quiet, and keeps it if it answers', async () => {
    const { recorder } = await liveWorld();
    for (let quiet = 0; quiet < 2; quiet++) {
      recorder.clock.forward(33_000);
      // Nothing can be seen of a question that is answered: the watchdog, which looks every second, gets its turn.
      await scheduler.wait(1_300);
    }
    expect(recorder.count('resync')).toBe(0);
  });

  it('moves to another channel before the server closes one, and before channel or token expire', async () => {
    // With such a lag there are always notifications under way to the channel that is being left.
    const timings = { lagFromMs: 50, lagToMs: 250, channelLifeMs: 4_000, tokenLifeMs: 3_000, closingNoticeMs: 1_000 };
    const { simulator, recorder, userId } = await liveWorld({ timings });
    simulator.faults({ announceClosing: true });
    const untilMs = systemClock.monotonicMs() + 4_500;
    for (let turn = 0; systemClock.monotonicMs() < untilMs; turn++) {
      const [presence, status] = turn % 2 ? (['Offline', 'OFFLINE'] as const) : (['Break', 'BUSY'] as const);
      simulator.setUser(userId, { presence });
      await recorder.until(() => recorder.status(userId).status === status);
    }
    expect(recorder.warnings).toEqual([]);
    expect(recorder.connection.health()).toMatchObject({ connected: true });
  });

  it('opens channels anew when its tokens are revoked', async () => {
    const { simulator, recorder, userId } = await liveWorld();
    simulator.faults({ revokeTokens: true });
    simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
    await recorder.until(
      () => recorder.status(userId).status === 'AVAILABLE' && recorder.connection.health().connected,
    );
  });

  it('counts what it cannot read and stays up', async () => {
    const { simulator, recorder, userId } = await liveWorld();
    simulator.faults({ malformFrames: 1 });
    simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
    await recorder.until(() => recorder.count('malformed_frame') > 0);
    simulator.faults({ malformFrames: 0 });
    simulator.setUser(userId, { presence: 'Meal' });
    await recorder.until(() => recorder.facets(userId).presence?.reason === 'MEAL');
    expect(recorder.count('resync')).toBe(0);
  });

  it('makes up for reports that piled up until they were dropped, the end of a call too', async () => {
    const habits = {
      missesCall: 0,
      answerFromMs: 1,
      answerToMs: 1,
      talkMs: 1,
      wrapUpMs: 1,
      takesBreak: 0,
      endsShift: 0,
    };
    const { simulator, recorder, userId } = await liveWorld({ habits });
    simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
    await recorder.until(() => recorder.status(userId).status === 'AVAILABLE');
    const gate = Promise.withResolvers<void>();
    recorder.gate = gate.promise;
    simulator.send({ conversationId: 'call-1', userId });
    await recorder.until(() => simulator.state().interactionsCompleted === 1);
    for (let change = 0; recorder.count('resync') === 0; change++) {
      const presences = ['Meal', 'Break', 'Training', 'Meeting'] as const;
      for (const id of recorder.userIds()) simulator.setUser(id, { presence: presences[change % 4] ?? 'Busy' });
      await scheduler.wait(1);
    }
    delete recorder.gate;
    gate.resolve();
    await recorder.until(() => recorder.connection.health().connected && allAgree(recorder, simulator));
    expect(recorder.interactions(userId)['call-1']).toMatchObject({ callId: 'call-1', state: 'ENDED' });
  });
});

describe('a platform that refuses', () => {
  it.each([
    ['401', { unauthorizedNext: 1 }, undefined],
    ['429', { throttleNext: 2, retryAfterSeconds: 1 }, 'throttled'],
    ['500', { failNext: 2 }, 'request_failed'],
  ])('does not keep the connection from starting: %s', async (_, faults, counted) => {
    const { simulator, recorder } = await world({ faults });
    await recorder.live();
    expect(allAgree(recorder, simulator)).toBe(true);
    if (counted) expect(recorder.count(counted)).toBeGreaterThan(0);
    expect(recorder.connection.health().problem).toBeUndefined();
  });

  it('takes missing expands for unknown and finds them later', async () => {
    const { simulator, recorder, userId } = await liveWorld({ faults: { omitExpands: ['presence', 'routingStatus'] } });
    expect(recorder.status(userId)).toEqual({ status: 'OFFLINE', reason: 'UNKNOWN' });
    simulator.faults({ omitExpands: [] });
    await recorder.until(() => allAgree(recorder, simulator));
  });
});
