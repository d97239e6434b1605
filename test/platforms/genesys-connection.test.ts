import { afterEach, describe, expect, it } from 'vitest';
import { interactionsOf } from '../../src/agent/facets.ts';
import { AGENTS, allAgree, CONNECTION, liveWorld, world } from './genesys-recorder.ts';
import { endWorlds } from './recorder.ts';

afterEach(endWorlds);

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

  it('tells what agents do before it has read the queues they are in, then both', async () => {
    const { recorder, userId } = await liveWorld();
    const told = recorder.reports.filter(({ agentId }) => agentId.endsWith(userId)).map(({ facets }) => facets);
    expect(told.map((facets) => Object.keys(facets))).toEqual([['presence', 'activity'], ['profile']]);
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

  it('says until it has read everything how far it is', async () => {
    // Ids, a channel, its topics and the users: the next request has to wait for the minute to pass.
    const { recorder } = await world({ requestsPerMinute: 4 });
    expect(recorder.connection.health().reading).toMatchObject({ step: 'who there is', agents: 0 });
    recorder.connection.start();
    await recorder.until(() => recorder.connection.health().reading?.step === 'which queues agents have joined');
    expect(recorder.connection.health()).toMatchObject({
      connected: false,
      reading: { agents: AGENTS, about: AGENTS, forMs: expect.any(Number) },
    });
  });
});

describe('a live connection', () => {
  it('reads all the others where nobody can make sense of what the platform says of one user', async () => {
    const { simulator, recorder, userId } = await liveWorld();
    const [other = ''] = recorder.userIds().filter((id) => id !== userId);
    simulator.setUser(userId, { skill: { toString: null } as unknown as string });
    simulator.setUser(other, { skill: 'piano' });
    recorder.connection.readNow();
    await recorder.until(() => 'piano' in (recorder.facets(other).profile?.skills ?? {}));
    expect(recorder.passedOver).toContain(`${CONNECTION}:${userId}`);
    expect(recorder.connection.health()).toMatchObject({ connected: true });
    expect(recorder.connection.health().problem).toBeUndefined();
  });

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
    await recorder.until(() => recorder.interactions(userId)['call-1']?.state === 'ENDED');
    await recorder.until(() => recorder.status(userId).status === 'AVAILABLE');
    const steps = recorder.reports.flatMap(({ facets }) => interactionsOf(facets));
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
    recorder.connection.start();
    await recorder.until(() => recorder.warnings.length > 0);
    await recorder.connection.stop();
    expect(recorder.connection.health()).toMatchObject({ connected: false, agents: 0 });
  });
});
