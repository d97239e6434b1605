import { scheduler } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { SimulatorOptions } from '../../local/genesys/options.ts';
import { type GenesysSimulator, startGenesysSimulator } from '../../local/genesys/simulator.ts';
import type { GenesysSettings } from '../../src/platforms/genesys/settings.ts';
import { CONNECTION, Recorder } from './genesys-recorder.ts';

const AGENTS = 12;
const QUICK = { lagFromMs: 1, lagToMs: 5 };

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** An organisation where nobody acts of their own accord, and a connection to it that has not begun. */
async function world(options: Partial<SimulatorOptions> = {}, settings: Partial<GenesysSettings> = {}) {
  const simulator = await startGenesysSimulator({
    agents: AGENTS,
    queues: 3,
    paused: true,
    timings: QUICK,
    requestsPerMinute: 10_000,
    ...options,
  });
  ends.push(() => simulator.stop());
  const recorder = new Recorder(simulator, settings);
  ends.push(() => recorder.connection.stop());
  return { simulator, recorder };
}

async function liveWorld(options: Partial<SimulatorOptions> = {}, settings: Partial<GenesysSettings> = {}) {
  const { simulator, recorder } = await world(options, settings);
  await recorder.live();
  return { simulator, recorder, userId: recorder.userIds()[0] ?? '' };
}

/** Whether the mirror and the organisation agree on a user: status, queues, times. */
function agree(recorder: Recorder, simulator: GenesysSimulator, userId: string): boolean {
  const truth = simulator.user(userId);
  const { profile, presence, activity } = recorder.facets(userId);
  const expected = truth.available ? 'AVAILABLE' : truth.presence === 'Offline' ? 'OFFLINE' : 'BUSY';
  const queues = truth.queueIds.map((id) => `${CONNECTION}:${id}`).sort();
  return (
    recorder.status(userId).status === expected &&
    profile?.name === truth.name &&
    profile.queues.join() === queues.join() &&
    presence?.at === Date.parse(truth.presenceSince) &&
    activity?.at === Date.parse(truth.routingStatusSince)
  );
}

const allAgree = (recorder: Recorder, simulator: GenesysSimulator) =>
  recorder.userIds().length === simulator.state().agents &&
  recorder.userIds().every((userId) => agree(recorder, simulator, userId));

describe('a connection that starts', () => {
  it('reports every user as the platform knows them, over as many channels as it takes', async () => {
    const { simulator, recorder } = await liveWorld({}, { topicsPerChannel: 5 });
    expect(allAgree(recorder, simulator)).toBe(true);
    expect(recorder.connection.health()).toEqual({
      connected: true,
      agents: AGENTS,
      lastSnapshotMs: expect.any(Number),
    });
    for (const userId of recorder.userIds()) {
      simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
      await recorder.until(() => recorder.status(userId).status === 'AVAILABLE');
    }
  });

  it('says how many users are beyond what one OAuth client can watch', async () => {
    const { recorder } = await liveWorld({ agents: 23 }, { topicsPerChannel: 1 });
    expect(recorder.connection.health()).toMatchObject({ agents: 23, problem: expect.stringMatching(/^3 users/) });
  });

  it('says in the platform’s words why it cannot log in, and goes on trying', async () => {
    const { recorder } = await world({}, { clientSecret: 'wrong' });
    recorder.connection.start();
    await recorder.until(() => recorder.warnings.length > 1);
    expect(recorder.connection.health()).toMatchObject({ connected: false, agents: 0 });
    expect(recorder.connection.health().problem).toMatch(/login at .* was refused with 40[01]: invalid_client/);
  });

  it('says which permission is missing', async () => {
    const { recorder } = await world({ faults: { missingPermissions: ['routing:queue:view'] } });
    recorder.connection.start();
    await recorder.until(() => recorder.connection.health().problem?.includes('routing:queue:view') ?? false);
  });
});

describe('a live connection', () => {
  it('reports what changes', async () => {
    const { simulator, recorder, userId } = await liveWorld();
    simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
    await recorder.until(() => recorder.status(userId).status === 'AVAILABLE');
    simulator.setUser(userId, { presence: 'Break' });
    await recorder.until(() => recorder.status(userId).status === 'BUSY');
    simulator.setUser(userId, { presence: 'Offline' });
    await recorder.until(() => recorder.status(userId).status === 'OFFLINE');
  });

  it('follows a call from the alert to the end of after-call work', async () => {
    const habits = {
      missesCall: 0,
      answerFromMs: 100,
      answerToMs: 100,
      talkMs: 100,
      wrapUpMs: 100,
      takesBreak: 0,
      endsShift: 0,
    };
    const { simulator, recorder, userId } = await liveWorld({ habits });
    simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
    await recorder.until(() => recorder.status(userId).status === 'AVAILABLE');
    expect(simulator.send({ conversationId: 'call-1', userId })).toEqual({ accepted: true });
    await recorder.until(() => recorder.facets(userId).interaction?.state === 'ENDED');
    await recorder.until(() => recorder.status(userId).status === 'AVAILABLE');
    const steps = recorder.reports.flatMap(({ facets }) => facets.interaction ?? []);
    expect(new Set(steps.map(({ callId }) => callId))).toEqual(new Set(['call-1']));
    expect([...new Set(steps.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)).map(({ state }) => state))]).toEqual(
      ['ALERTING', 'CONNECTED', 'WRAP_UP', 'ENDED'],
    );
  });

  it('takes an agent who misses a call off, and back on when the agent is there again', async () => {
    const habits = { missesCall: 1, alertTimeoutMs: 100, notRespondingMs: 300 };
    const { simulator, recorder, userId } = await liveWorld({ habits });
    simulator.resume();
    simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
    await recorder.until(() => recorder.status(userId).status === 'AVAILABLE');
    simulator.send({ conversationId: 'call-1', userId });
    await recorder.until(() => recorder.status(userId).reason === 'ALERTING');
    await recorder.until(() => recorder.status(userId).reason === 'NOT_RESPONDING');
    await recorder.until(() => recorder.status(userId).status === 'AVAILABLE');
  });

  it('ends at the truth whatever order a busy day’s notifications come in', async () => {
    const habits = { loginWithinMs: 100, signInMs: 50, answerFromMs: 10, answerToMs: 50, talkMs: 50, wrapUpMs: 50 };
    const faults = { duplicateEvents: 0.3, reorderEvents: 0.3, delayEvents: 0.2, delayMs: 200 };
    const { simulator, recorder } = await liveWorld({ paused: false, habits, faults });
    for (let call = 0; call < 60; call++) {
      const isFree = (userId: string) => recorder.status(userId).status === 'AVAILABLE';
      await recorder.until(() => recorder.userIds().some(isFree));
      simulator.send({ conversationId: `call-${call}`, userId: recorder.userIds().find(isFree) ?? '' });
    }
    simulator.pause();
    await recorder.until(() => simulator.state().interacting === 0 && allAgree(recorder, simulator));
    expect(simulator.state().interactionsCompleted).toBeGreaterThan(0);
  });
});

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
    const timings = { ...QUICK, channelLifeMs: 4_000, tokenLifeMs: 3_000, closingNoticeMs: 1_000 };
    const { simulator, recorder, userId } = await liveWorld({ timings });
    simulator.faults({ announceClosing: true });
    const untilMs = performance.now() + 4_500;
    for (let turn = 0; performance.now() < untilMs; turn++) {
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

  it('reads everything again when reports pile up that nobody takes', async () => {
    const { simulator, recorder, userId } = await liveWorld();
    const gate = Promise.withResolvers<void>();
    recorder.gate = gate.promise;
    for (let change = 0; recorder.count('resync') === 0; change++) {
      const presences = ['Meal', 'Break', 'Training', 'Meeting'] as const;
      for (const id of recorder.userIds()) simulator.setUser(id, { presence: presences[change % 4] ?? 'Busy' });
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
    delete recorder.gate;
    gate.resolve();
    await recorder.until(() => recorder.connection.health().connected && allAgree(recorder, simulator));
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

describe('a connection that stops', () => {
  it('reports nothing more, and starts no more work', async () => {
    const { simulator, recorder, userId } = await liveWorld();
    await recorder.connection.stop();
    const reported = recorder.reports.length;
    simulator.setUser(userId, { presence: 'Meal' });
    expect(recorder.connection.health().connected).toBe(false);
    await recorder.until(() => simulator.user(userId).presence === 'Meal');
    expect(recorder.reports.length).toBe(reported);
  });

  it('ends at once while the platform is away', async () => {
    const { simulator, recorder } = await world();
    await simulator.stop();
    ends.shift();
    recorder.connection.start();
    await recorder.until(() => recorder.warnings.length > 0);
    await recorder.connection.stop();
    expect(recorder.connection.health()).toMatchObject({ connected: false, agents: 0 });
  });
});
