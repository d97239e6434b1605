import { afterEach, describe, expect, it } from 'vitest';
import { AGENTS, allAgree, CONNECTION, liveWorld, world } from './cxone-recorder.ts';
import { endWorlds } from './recorder.ts';

afterEach(endWorlds);

const CALL = {
  missesCall: 0,
  answerFromMs: 150,
  answerToMs: 150,
  talkMs: 300,
  digitalMs: 300,
  wrapUpMs: 200,
  takesBreak: 0,
  endsShift: 0,
};

describe('a connection that starts', () => {
  it('reports every agent as the platform knows them, page by page', async () => {
    const { simulator, recorder } = await liveWorld({ settings: { pageSize: 5 } });
    expect(allAgree(recorder, simulator)).toBe(true);
    expect(recorder.connection.health()).toEqual({
      connected: true,
      agents: AGENTS,
      lastSnapshotMs: expect.any(Number),
    });
    expect(simulator.versions()).toEqual(['v34.0']);
    for (const agentId of recorder.userIds()) {
      simulator.setUser(agentId, { agentStateId: 1 });
      await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
    }
  });

  it('tells what agents do before it has read who they are, then both', async () => {
    const { recorder, agentId } = await liveWorld();
    const told = recorder.reports.filter((heard) => heard.agentId.endsWith(agentId)).map(({ facets }) => facets);
    expect(told.map((facets) => Object.keys(facets))).toEqual([['presence', 'activity'], ['profile']]);
  });

  it('knows the skills that contacts come by, as queues and levels, and the capacity of who carries several', async () => {
    const { simulator, recorder } = await liveWorld({ options: { omnichannel: 1 } });
    for (const { id, name, queueIds } of simulator.users()) {
      const { profile } = recorder.facets(id);
      expect(profile).toMatchObject({ name, tenureDays: 0 });
      expect(profile?.queues).toEqual(queueIds.map((skill) => `${CONNECTION}:${skill}`).sort());
      expect(Object.keys(profile?.skills ?? {}).length).toBe(queueIds.length);
      expect(profile?.capacity?.media).toMatchObject({ voice: { units: 1 }, chat: { units: 2 }, email: { units: 2 } });
    }
  });

  it('says in the platform’s words why it cannot log in, and goes on trying', async () => {
    const { recorder } = await world({ settings: { accessKeySecret: 'wrong' } });
    recorder.connection.start();
    await recorder.until(() => recorder.warnings.length > 1);
    expect(recorder.connection.health()).toMatchObject({ connected: false, agents: 0 });
    expect(recorder.connection.health().problem).toMatch(
      /login at .*\/auth\/token was refused with 40[01]: invalid_grant/,
    );
  });

  it('asks for the tenant that is set', async () => {
    const { recorder } = await world({ settings: { tenantId: 'another' } });
    recorder.connection.start();
    await recorder.until(() => recorder.connection.health().problem?.includes('cxone-configuration') ?? false);
  });

  it.each(['RealTimeDataAPI', 'AdminAPI'])('says that it may not read: %s', async (scope) => {
    const { recorder } = await world({ options: { faults: { missingScopes: [scope] } } });
    recorder.connection.start();
    await recorder.until(() => recorder.connection.health().problem?.includes('was refused with 403') ?? false);
  });

  it('warns once of agents it may not see, and shows it as a problem', async () => {
    const { simulator, recorder } = await liveWorld({
      options: { faults: { hiddenAgents: 2 } },
      readingIntervalMs: 50,
    });
    expect(recorder.connection.health()).toMatchObject({ problem: expect.stringMatching(/^2 agents are hidden/) });
    await recorder.until(() => recorder.readings > 2);
    expect(recorder.warnings.filter((warning) => warning.includes('hidden')).length).toBe(1);
    simulator.faults({ hiddenAgents: 0 });
    await recorder.until(() => recorder.connection.health().problem === undefined);
  });
});

describe('a live connection', () => {
  it('reports what changes', async () => {
    const { simulator, recorder, agentId } = await liveWorld();
    simulator.setUser(agentId, { agentStateId: 1 });
    await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
    simulator.setUser(agentId, { agentStateId: 2, outStateId: 402 });
    await recorder.until(() => recorder.status(agentId).reason === 'LUNCH');
    simulator.setUser(agentId, { agentStateId: 6 });
    await recorder.until(() => recorder.status(agentId).reason === 'CONSULT');
    simulator.setUser(agentId, { agentStateId: 0 });
    await recorder.until(() => recorder.status(agentId).status === 'OFFLINE');
    expect(recorder.reports.filter(({ by }) => by === 'report').length).toBeGreaterThanOrEqual(4);
  });

  it('means by a customer’s own code what the config says', async () => {
    const unavailableCodes = { training: { reason: 'SCHOOL', state: 'OFF_DUTY' as const } };
    const { simulator, recorder, agentId } = await liveWorld({ settings: { unavailableCodes } });
    simulator.setUser(agentId, { agentStateId: 2, outStateId: 404 });
    await recorder.until(() => recorder.status(agentId).reason === 'SCHOOL');
    expect(recorder.status(agentId).status).toBe('OFFLINE');
  });

  it.each(['inboundPending', 'inboundContact', 'available'] as const)(
    'follows a call from the ring to the end of after-call work, ringing as %s',
    async (ringing) => {
      const { simulator, recorder, agentId } = await liveWorld({ options: { habits: CALL, switches: { ringing } } });
      simulator.setUser(agentId, { agentStateId: 1 });
      await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
      expect(simulator.send({ conversationId: '4711', userId: agentId }).accepted).toBe(true);
      await recorder.until(() => recorder.status(agentId).status === 'BUSY');
      await recorder.until(() => recorder.interaction(agentId, '4711')?.state === 'ENDED');
      await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
      const { connectedAt } = recorder.interaction(agentId, '4711') ?? {};
      expect(connectedAt).toEqual(expect.any(Number));
      expect(recorder.steps('4711')).toEqual(expect.arrayContaining(['ALERTING', 'CONNECTED', 'ENDED']));
    },
  );

  it('takes an agent who does not answer off, with the call as missed, and back on later', async () => {
    const habits = { ...CALL, missesCall: 1, refusalTimeoutMs: 200, refusedMs: 300 };
    const { simulator, recorder, agentId } = await liveWorld({ options: { habits } });
    simulator.resume();
    simulator.setUser(agentId, { agentStateId: 1 });
    await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
    simulator.send({ conversationId: '4711', userId: agentId });
    await recorder.until(() => recorder.interaction(agentId, '4711')?.state === 'ALERTING');
    await recorder.until(() => recorder.status(agentId).reason === 'NO_ANSWER');
    await recorder.until(() => recorder.interaction(agentId, '4711')?.state === 'ENDED');
    expect(recorder.interaction(agentId, '4711')?.connectedAt).toBeUndefined();
    await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
  });

  it('moves a call with a transfer from one agent to the other', async () => {
    const habits = { ...CALL, talkMs: 60_000 };
    const { simulator, recorder, agentId } = await liveWorld({ options: { habits } });
    const other = simulator.users()[1]?.id ?? '';
    for (const id of [agentId, other]) simulator.setUser(id, { agentStateId: 1 });
    await recorder.until(() => [agentId, other].every((id) => recorder.status(id).status === 'AVAILABLE'));
    simulator.send({ conversationId: '4711', userId: agentId });
    await recorder.until(() => recorder.interaction(agentId, '4711')?.state === 'CONNECTED');
    simulator.transfer(4711, other);
    await recorder.until(() => recorder.interaction(other, '4711')?.state === 'CONNECTED');
    await recorder.until(() => recorder.interaction(agentId, '4711')?.state === 'ENDED');
  });

  it('ends at the truth, however late and often a busy day’s rows come', async () => {
    const habits = {
      ...CALL,
      loginWithinMs: 100,
      signInMs: 50,
      answerFromMs: 10,
      answerToMs: 50,
      talkMs: 50,
      wrapUpMs: 50,
    };
    const faults = { duplicateRows: 0.3, redeliverRows: 0.3, lateRows: 0.2, lateMs: 200 };
    const { simulator, recorder } = await liveWorld({ options: { paused: false, habits, faults } });
    for (let call = 1; call <= 40; call++) {
      const isFree = (agentId: string) => recorder.status(agentId).status === 'AVAILABLE';
      await recorder.until(() => recorder.userIds().some(isFree));
      simulator.send({ conversationId: String(call), userId: recorder.userIds().find(isFree) ?? '' });
    }
    simulator.pause();
    await recorder.until(() => simulator.state().interacting === 0 && allAgree(recorder, simulator));
    expect(simulator.state().interactionsCompleted).toBeGreaterThan(0);
  });
});

describe('an agent who carries several', () => {
  it.each(['inboundContact', 'available'] as const)(
    'has room for a call beside a chat, shown as %s',
    async (partialLoad) => {
      const habits = { ...CALL, digitalMs: 60_000, talkMs: 60_000 };
      const options = { habits, omnichannel: 1, switches: { partialLoad } };
      const { simulator, recorder, agentId } = await liveWorld({ options });
      simulator.setUser(agentId, { agentStateId: 1 });
      await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
      simulator.send({ conversationId: '1', userId: agentId, mediaType: 'chat' });
      await recorder.until(() => recorder.interaction(agentId, '1')?.state === 'CONNECTED');
      expect(recorder.interaction(agentId, '1')?.media).toBe('chat');
      await recorder.until(() => recorder.facets(agentId).activity?.state === 'INTERACTING');
      await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
      simulator.send({ conversationId: '2', userId: agentId, mediaType: 'call' });
      await recorder.until(() => recorder.interaction(agentId, '2')?.state === 'CONNECTED');
      await recorder.until(() => recorder.status(agentId).reason === 'ON_CALL');
      expect(recorder.interaction(agentId, '1')?.state).toBe('CONNECTED');
    },
  );

  it('ends one chat of two when only the list of contacts tells which', async () => {
    const habits = { ...CALL, digitalMs: 60_000 };
    const { simulator, recorder, agentId } = await liveWorld({ options: { habits, omnichannel: 1 } });
    const other = simulator.users()[1]?.id ?? '';
    simulator.setUser(agentId, { agentStateId: 1 });
    await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
    for (const conversationId of ['1', '2']) {
      simulator.send({ conversationId, userId: agentId, mediaType: 'chat' });
      await recorder.until(() => recorder.interaction(agentId, conversationId)?.state === 'CONNECTED');
    }
    simulator.setUser(other, { agentStateId: 1 });
    simulator.transfer(1, other);
    await recorder.until(() => recorder.interaction(agentId, '1')?.state === 'ENDED');
    expect(recorder.interaction(agentId, '2')?.state).toBe('CONNECTED');
    expect(recorder.interaction(other, '1')?.state).toBe('CONNECTED');
  });
});

describe('a connection that stops', () => {
  it('reports nothing more, and starts no more work', async () => {
    const { simulator, recorder, agentId } = await liveWorld();
    await recorder.connection.stop();
    const reported = recorder.reports.length;
    simulator.setUser(agentId, { agentStateId: 2, outStateId: 401 });
    expect(recorder.connection.health().connected).toBe(false);
    await recorder.until(() => simulator.user(agentId).outStateId === 401);
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
