import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import { SEVERAL } from '@muster/simulators/genesys/utilization';
import { afterEach, describe, expect, it } from 'vitest';
import type { Capacity } from '../../src/agent/facets.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { Budget } from '../../src/platforms/budget.ts';
import { GenesysApi } from '../../src/platforms/genesys/client.ts';
import { REQUESTS } from '../../src/platforms/genesys/requests.ts';
import { capacityOf, Utilization } from '../../src/platforms/genesys/utilization.ts';
import { Refusals } from '../../src/platforms/refusals.ts';
import { GenesysClient } from '../simulators/genesys-client.ts';
import { AGENTS, liveWorld, world } from './genesys-recorder.ts';
import { endWorlds, type Recorder } from './recorder.ts';

afterEach(endWorlds);

const only = (maximumCapacity: number, ...interruptableMediaTypes: string[]) => ({
  maximumCapacity,
  interruptableMediaTypes,
});

describe('what a utilization lets an agent carry', () => {
  it('is units by media type, and beside whose work each may come', () => {
    const utilization = { call: only(1), chat: only(4, 'call', 'chat', 'message'), email: only(2, 'call', 'chat') };
    expect(capacityOf({ utilization })).toEqual({
      media: {
        voice: { units: 1, beside: ['chat', 'email'] },
        chat: { units: 4, beside: ['email'] },
        email: { units: 2, beside: [] },
      },
    });
  });

  it('is one call at the most, 25 of anything else, and nothing of what has none', () => {
    const utilization = { call: only(5), chat: only(90), email: only(0), message: only(-1), workitem: only(1) };
    expect(capacityOf({ utilization })?.media).toEqual({
      voice: { units: 1, beside: [] },
      chat: { units: 25, beside: [] },
      work_item: { units: 1, beside: [] },
    });
  });

  it('goes without saying where it is one call and nothing else', () => {
    expect(capacityOf({ utilization: { call: only(1, 'call'), chat: only(0) } })).toBeUndefined();
    expect(capacityOf({})).toBeUndefined();
    expect(capacityOf({ utilization: { carrierPigeon: only(3) } })).toBeUndefined();
  });

  it('is the same text for the same content, in whatever order it comes', () => {
    const one = capacityOf({ utilization: { email: only(1, 'chat', 'call'), call: only(1), chat: only(2) } });
    const other = capacityOf({ utilization: { chat: only(2), call: only(1), email: only(1, 'call', 'chat') } });
    expect(JSON.stringify(one)).toBe(JSON.stringify(other));
  });
});

const SEVERAL_AT_ONCE: Capacity = {
  media: {
    voice: { units: 1, beside: ['chat', 'message', 'email'] },
    callback: { units: 1, beside: ['email'] },
    chat: { units: 3, beside: ['message', 'email'] },
    message: { units: 4, beside: ['chat', 'email'] },
    email: { units: 2, beside: [] },
  },
};
const ONE_EACH = { voice: 1, callback: 1, chat: 1, message: 1, email: 1 };
const NO_WITNESS = '00000000-0000-0000-0000-000000000000';
const unitsOf = (capacity: Capacity | undefined) =>
  Object.fromEntries(Object.entries(capacity?.media ?? {}).map(([media, { units }]) => [media, units]));
const carrying = (recorder: Recorder, chats: number) =>
  recorder.userIds().filter((id) => unitsOf(recorder.facets(id).profile?.capacity).chat === chats).length;
const everybody = (recorder: Recorder, holds: (capacity: Capacity | undefined) => boolean) =>
  recorder.userIds().length === AGENTS &&
  recorder.userIds().every((userId) => holds(recorder.facets(userId).profile?.capacity));

describe('a connection that goes by utilization', () => {
  it('tells what the organisation lets everybody carry', async () => {
    const { recorder, userId } = await liveWorld({ utilization: SEVERAL }, { utilization: true });
    expect(recorder.facets(userId).profile?.capacity).toEqual(SEVERAL_AT_ONCE);
    expect(everybody(recorder, (capacity) => unitsOf(capacity).chat === 3)).toBe(true);
  });

  it('tells it of nobody unless it is asked to', async () => {
    const { recorder } = await liveWorld({ utilization: SEVERAL });
    expect(everybody(recorder, (capacity) => capacity === undefined)).toBe(true);
  });

  it('finds those who have a setting of their own in turn, and whom it is taken from', async () => {
    const agents = 30;
    const { simulator, recorder } = await world({ agents, habits: { carriesSeveral: 1 } }, { utilization: true }, 1000);
    await recorder.live();
    await recorder.until(() => carrying(recorder, 3) === agents);
    const userId = recorder.userIds().at(-1) ?? '';
    simulator.setUser(userId, { carriesSeveral: false });
    await recorder.until(() => carrying(recorder, 1) === 1);
    expect(unitsOf(recorder.facets(userId).profile?.capacity)).toEqual(ONE_EACH);
  });

  it('asks about no more than some users with one reading', async () => {
    const { recorder } = await liveWorld({ agents: 45, habits: { carriesSeveral: 1 } }, { utilization: true });
    expect([carrying(recorder, 3), carrying(recorder, 1)]).toEqual([20, 25]);
  });

  it('says once that it may not read it, and goes on: agents take one call', async () => {
    const faults = { missingPermissions: ['routing:utilization:view'] };
    const { simulator, recorder } = await liveWorld({ utilization: SEVERAL, faults }, { utilization: true }, 1000);
    await recorder.until(() => recorder.count('request_failed') > 3);
    expect(everybody(recorder, (capacity) => capacity === undefined)).toBe(true);
    const said = recorder.warnings.filter((line) => line.includes('routing:utilization:view'));
    expect(said.map((line) => /GET [^"]+/.exec(line)?.[0]).sort()).toEqual([
      'GET /api/v2/routing/users/{userId}/utilization',
      'GET /api/v2/routing/utilization',
    ]);
    simulator.faults({ missingPermissions: [] });
    await recorder.until(() => everybody(recorder, (capacity) => unitsOf(capacity).chat === 3));
  });
});

describe('utilization that cannot be read for a while', () => {
  it('keeps nothing else from being read: what was known holds, and it is read later', async () => {
    const { simulator } = await world();
    const userId = await anyUser(simulator);
    const warnings: string[] = [];
    const context = {
      connection: 'emea',
      budget: new Budget(systemClock, 100),
      log: { info: () => {}, warn: (event: string) => void warnings.push(event) },
      count: () => {},
    };
    const access = { loginUrl: simulator.url, apiUrl: simulator.url, ...simulator.credentials };
    const hasty = { attempts: 1, waits: true };
    const client = new GenesysApi(access, context, systemClock, new AbortController().signal, hasty);
    const utilization = new Utilization(client, context, systemClock, new Refusals(REQUESTS, context.log));
    await utilization.readOrganisation();
    simulator.setUser(userId, { carriesSeveral: true });
    simulator.faults({ failNext: 2 });
    expect(await utilization.readSome([userId])).toEqual([]);
    await utilization.readOrganisation();
    expect(unitsOf(utilization.of(userId))).toEqual(ONE_EACH);
    expect(warnings).toEqual(Array(2).fill('utilization_read_failed'));
    expect(await utilization.readSome([NO_WITNESS, userId])).toEqual([userId]);
    expect(utilization.of(userId)).toEqual(SEVERAL_AT_ONCE);
    expect(utilization.of(NO_WITNESS)).toEqual(utilization.of('another'));
    await client.close();
  });
});

describe('interactions of an agent who carries several', () => {
  const habits = { missesCall: 0, answerFromMs: 1, answerToMs: 1, talkMs: 60_000, takesBreak: 0, endsShift: 0 };
  const several = { utilization: SEVERAL, habits };

  it('are each told as what they are', async () => {
    const { simulator, recorder, userId } = await liveWorld(several, { utilization: true });
    simulator.setUser(userId, { presence: 'On Queue' });
    for (const [conversationId, mediaType] of [
      ['c1', 'chat'],
      ['c2', 'chat'],
      ['m1', 'message'],
      ['v1', 'call'],
    ] as const) {
      expect(simulator.send({ conversationId, userId, mediaType })).toEqual({ accepted: true });
    }
    await recorder.until(() => Object.keys(recorder.interactions(userId)).length === 4);
    await recorder.until(() =>
      Object.values(recorder.interactions(userId)).every(({ state }) => state === 'CONNECTED'),
    );
    const media = Object.values(recorder.interactions(userId)).map((one) => [one.callId, one.media]);
    expect(Object.fromEntries(media)).toEqual({ c1: 'chat', c2: 'chat', m1: 'message', v1: 'voice' });
  });

  it('are counted by a reading, and those that began before anybody listened have placeholders', async () => {
    const { simulator, recorder } = await world(
      { ...several, habits: { ...habits, talkMs: 600_000, wrapUpMs: 50 } },
      { utilization: true },
    );
    const userId = await anyUser(simulator);
    simulator.setUser(userId, { presence: 'On Queue' });
    simulator.send({ conversationId: 'c1', userId, mediaType: 'chat' });
    simulator.send({ conversationId: 'c2', userId, mediaType: 'chat' });
    simulator.send({ conversationId: 'v1', userId, mediaType: 'call' });
    await recorder.until(() => simulator.user(userId).interactions.every(({ state }) => state === 'CONNECTED'));
    await recorder.live();
    expect(recorder.reading(userId)).toMatchObject({ open: { chat: 2, voice: 1 }, isUnoccupied: false });
    expect(recorder.interactions(userId)).toMatchObject({
      'unseen/chat/1': { state: 'CONNECTED', media: 'chat' },
      'unseen/chat/2': { state: 'CONNECTED', media: 'chat' },
      'unseen/voice/1': { state: 'CONNECTED', media: 'voice' },
    });
    // Their ends are notified, and then they are known.
    simulator.hangUp();
    await recorder.until(() => Object.values(recorder.interactions(userId)).every(({ state }) => state === 'ENDED'));
    expect(Object.keys(recorder.interactions(userId)).sort()).toEqual([
      ...['c1', 'c2', 'unseen/chat/1', 'unseen/chat/2', 'unseen/voice/1', 'v1'],
    ]);
    await recorder.until(() => recorder.facets(userId).activity?.state === 'IDLE');
  });

  it('are over when a reading counts fewer of them: their end was lost', async () => {
    const { simulator, recorder, userId } = await liveWorld(
      { ...several, habits: { ...habits, talkMs: 300, wrapUpMs: 10 } },
      { utilization: true },
      1000,
    );
    simulator.setUser(userId, { presence: 'On Queue' });
    simulator.send({ conversationId: 'c1', userId, mediaType: 'chat' });
    await recorder.until(() => recorder.interactions(userId).c1?.state === 'CONNECTED');
    simulator.faults({ dropEvents: 1 });
    await recorder.until(() => simulator.state().interactionsCompleted === 1);
    await recorder.until(() => recorder.interactions(userId).c1?.state === 'ENDED');
    expect(recorder.reading(userId)).toMatchObject({ open: {}, isUnoccupied: true });
  });
});

/** The id of a user of the organisation, before any connection knows it. */
async function anyUser(simulator: GenesysSimulator): Promise<string> {
  const client = await GenesysClient.login(simulator);
  return (await client.get('/api/v2/users?pageSize=1')).body.entities[0].id;
}
