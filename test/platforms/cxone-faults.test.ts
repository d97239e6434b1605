import type { CxoneSimulator } from '@muster/simulators/cxone/interface';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { allAgree, liveWorld, world } from './cxone-recorder.ts';
import { endWorlds, type Recorder } from './recorder.ts';

afterEach(endWorlds);

const READ_OFTEN = { readingIntervalMs: 100 };

/** Some changes, each of which the mirror must follow. */
async function changes(simulator: CxoneSimulator, recorder: Recorder, agentId: string): Promise<void> {
  simulator.setUser(agentId, { agentStateId: 1 });
  await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
  simulator.setUser(agentId, { agentStateId: 2, outStateId: 401 });
  await recorder.until(() => recorder.status(agentId).reason === 'BREAK');
  simulator.setUser(agentId, { agentStateId: 0 });
  await recorder.until(() => recorder.status(agentId).status === 'OFFLINE');
}

describe('a platform that refuses', () => {
  it.each([
    ['401', { unauthorizedNext: 1 }, undefined],
    ['429 with Retry-After', { throttleNext: 2, retryAfterSeconds: 1 }, 'throttled'],
    ['429 without', { throttleNext: 2 }, 'throttled'],
    ['503', { unavailableNext: 2 }, 'request_failed'],
    ['a login that fails', { failLoginNext: 1 }, 'request_failed'],
  ])('does not keep the connection from starting: %s', async (_, faults, counted) => {
    const { simulator, recorder } = await world({ options: { faults } });
    await recorder.live();
    expect(allAgree(recorder, simulator)).toBe(true);
    if (counted) expect(recorder.count(counted)).toBeGreaterThan(0);
    expect(recorder.connection.health().problem).toBeUndefined();
  });

  it.each(['empty', 'html', 'json'] as const)('is understood with a body that is %s', async (errorBody) => {
    const { simulator, recorder } = await world({ options: { switches: { errorBody } } });
    simulator.faults({ missingScopes: ['AdminAPI'] });
    recorder.connection.start();
    await recorder.until(() => recorder.connection.health().problem !== undefined);
    expect(recorder.connection.health().problem).toMatch(
      /GET agents was refused with 403: Forbidden(; 403: Forbidden)?; it/,
    );
    expect(recorder.connection.health().problem).not.toMatch(/</);
  });

  it('says while it is away that changes do not flow, and reads everything when it is back', async () => {
    const { simulator, recorder, agentId } = await liveWorld();
    simulator.faults({ unavailableNext: 1_000 });
    await recorder.until(() => recorder.connection.health().problem?.includes('503') ?? false);
    expect(recorder.connection.health().connected).toBe(false);
    const before = recorder.readings;
    simulator.setUser(agentId, { agentStateId: 1 });
    simulator.faults({ unavailableNext: 0 });
    await recorder.until(
      () => recorder.status(agentId).status === 'AVAILABLE' && recorder.connection.health().connected,
    );
    expect(recorder.readings).toBeGreaterThanOrEqual(before);
  });

  it('is asked with a new token before the old one ends, and when all have ended before their time', async () => {
    const options = { timings: { lagFromMs: 1, lagToMs: 5, tokenLifeMs: 2_000 } };
    const { simulator, recorder, agentId } = await liveWorld({ options });
    const untilMs = systemClock.monotonicMs() + 5_000;
    while (systemClock.monotonicMs() < untilMs) await changes(simulator, recorder, agentId);
    expect(recorder.count('request_failed')).toBe(0);
    simulator.faults({ expireTokens: true });
    await changes(simulator, recorder, agentId);
    expect(recorder.warnings).toEqual([]);
  });

  it('takes smaller pages where large ones are not taken', async () => {
    const { simulator, recorder } = await liveWorld({ options: { agents: 230 }, settings: { pageSize: 10_000 } });
    expect(recorder.userIds().length).toBe(230);
    expect(allAgree(recorder, simulator)).toBe(true);
  });
});

describe('a platform that speaks otherwise', () => {
  it.each([
    ['an empty delta as 204', { emptyDelta: '204' as const }],
    ['an empty delta as 304', { emptyDelta: '304' as const }],
    ['deltas with what is known already', { updatedSince: 'from' as const }],
    ['old names of fields', { fieldNames: 'legacy' as const }],
    ['wrapped lists', { resultSet: true }],
    ['old names in wrapped lists', { fieldNames: 'legacy' as const, resultSet: true, none: 'null' as const }],
    ['nothing for none', { none: 'missing' as const }],
    ['null for none', { none: 'null' as const }],
    ['short pages', { maxPageSize: 3 }],
    ['log-outs in deltas only', { loggedOut: 'delta' as const }],
  ])('is understood: %s', async (_, switches) => {
    const { simulator, recorder } = await world({ options: { switches } });
    for (const { id } of simulator.users()) simulator.setUser(id, { agentStateId: 2, outStateId: 403 });
    await recorder.live();
    await recorder.until(() => allAgree(recorder, simulator));
    await changes(simulator, recorder, simulator.users()[0]?.id ?? '');
  });

  it('follows a call in the words of an old version', async () => {
    const habits = {
      missesCall: 0,
      answerFromMs: 100,
      answerToMs: 100,
      talkMs: 200,
      wrapUpMs: 200,
      takesBreak: 0,
      endsShift: 0,
    };
    const switches = {
      fieldNames: 'legacy' as const,
      resultSet: true,
      none: 'missing' as const,
      acw: 'contact' as const,
    };
    const { simulator, recorder, agentId } = await liveWorld({ options: { habits, switches } });
    simulator.setUser(agentId, { agentStateId: 1 });
    await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
    simulator.send({ conversationId: '4711', userId: agentId });
    await recorder.until(() => recorder.status(agentId).reason === 'WRAP_UP');
    await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
    expect(recorder.interaction(agentId, '4711')?.connectedAt).toEqual(expect.any(Number));
  });

  it('is believed about log-outs that no row tells, in complete lists only', async () => {
    const { simulator, recorder, agentId } = await liveWorld({
      options: { switches: { loggedOut: 'never' } },
      ...READ_OFTEN,
    });
    const other = simulator.users()[1]?.id ?? '';
    for (const id of [agentId, other]) simulator.setUser(id, { agentStateId: 1 });
    await recorder.until(() => [agentId, other].every((id) => recorder.status(id).status === 'AVAILABLE'));
    simulator.setUser(agentId, { agentStateId: 0 });
    await recorder.until(() => recorder.status(agentId).status === 'OFFLINE');
    expect(recorder.status(agentId).reason).toBe('LOGGED_OUT');
    expect(recorder.status(other).status).toBe('AVAILABLE');
    expect(recorder.reports.some(({ by, facets }) => by === 'report' && facets.presence?.state === 'OFF_DUTY')).toBe(
      false,
    );
    simulator.setUser(agentId, { agentStateId: 1 });
    await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
  });

  it('does not log anybody out who is missing where a list was cut', async () => {
    const { simulator, recorder, agentId } = await liveWorld(READ_OFTEN);
    simulator.setUser(agentId, { agentStateId: 1 });
    await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
    simulator.faults({ truncateAnswers: 0.4 });
    const readings = recorder.readings;
    await recorder.until(() => recorder.readings > readings + 1 && recorder.count('request_failed') > 0);
    simulator.faults({ truncateAnswers: 0 });
    await recorder.until(() => recorder.connection.health().connected);
    const offline = recorder.reports.filter(
      ({ agentId: id, facets }) => id.endsWith(agentId) && facets.presence?.state === 'OFF_DUTY',
    );
    // That they were not logged in yet is all that was ever said.
    expect(offline.length).toBeLessThanOrEqual(1);
    expect(recorder.status(agentId).status).toBe('AVAILABLE');
  });
});

describe('a platform that is wrong', () => {
  it.each([300_000, -300_000])('by %i ms of time: nothing else depends on another clock', async (clockSkewMs) => {
    const habits = {
      missesCall: 0,
      answerFromMs: 50,
      answerToMs: 50,
      talkMs: 100,
      wrapUpMs: 50,
      takesBreak: 0,
      endsShift: 0,
    };
    const { simulator, recorder, agentId } = await liveWorld({ options: { habits, faults: { clockSkewMs } } });
    simulator.setUser(agentId, { agentStateId: 1 });
    await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
    simulator.send({ conversationId: '4711', userId: agentId });
    await recorder.until(() => recorder.interaction(agentId, '4711')?.state === 'ENDED');
    await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
    await changes(simulator, recorder, agentId);
  });

  it('about what has changed: a reading finds what no delta told', async () => {
    const { simulator, recorder, agentId } = await liveWorld({
      options: { faults: { hideRows: 1, hideMs: 50 } },
      ...READ_OFTEN,
    });
    simulator.setUser(agentId, { agentStateId: 1 });
    await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
  });

  it('and slow: what is late is told once', async () => {
    const faults = { slowAnswers: 0.3, slowMs: 200, duplicateRows: 0.5, redeliverRows: 0.5 };
    const { simulator, recorder, agentId } = await liveWorld({ options: { faults } });
    await changes(simulator, recorder, agentId);
    const ids = recorder.reports.flatMap(({ agentId: id, by, facets }) =>
      by === 'report' && facets.presence ? `${id} ${facets.presence.id}` : [],
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(allAgree(recorder, simulator)).toBe(true);
  });
});

describe('a region that loses something', () => {
  it('is told everything again by the next reading, chats too', async () => {
    const habits = { missesCall: 0, answerFromMs: 1, answerToMs: 1, digitalMs: 60_000 };
    const { simulator, recorder, agentId } = await liveWorld({ options: { habits, omnichannel: 1 }, ...READ_OFTEN });
    simulator.setUser(agentId, { agentStateId: 1 });
    await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
    simulator.send({ conversationId: '1', userId: agentId, mediaType: 'chat' });
    await recorder.until(() => recorder.interaction(agentId, '1')?.state === 'CONNECTED');
    await recorder.until(() => recorder.facets(agentId).activity?.reason === 'ON_CONTACT');
    const before = recorder.facets(agentId);
    recorder.lose(agentId);
    await recorder.until(() => recorder.facets(agentId).profile !== undefined);
    expect(recorder.facets(agentId)).toEqual(before);
  });
});
