import { OTHER } from '@muster/simulators/genesys/customs';
import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import { startGenesysSimulator } from '@muster/simulators/genesys/simulator';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ask, eventOf, type Regions, startRegions } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';
import { GenesysClient } from '../simulators/genesys-client.ts';

let simulator: GenesysSimulator;
let regions: Regions;
let url: string;
let userIds: string[];
let queueId: string;
let calls = 0;

beforeAll(async () => {
  simulator = await startGenesysSimulator({
    agents: 4,
    queues: 1,
    paused: true,
    customs: OTHER,
    habits: { answerFromMs: 1, answerToMs: 1, missesCall: 0, talkMs: 300, wrapUpMs: 1, takesBreak: 0, endsShift: 0 },
    // Long enough for a claim on an agent of whom the platform has not yet told that they are busy.
    timings: { lagFromMs: 600, lagToMs: 700 },
  });
  const client = await GenesysClient.login(simulator);
  userIds = (await client.get('/api/v2/users')).body.entities.map(({ id }: { id: string }) => id);
  queueId = (await client.get('/api/v2/routing/queues')).body.entities[0].id;
  const access = { loginUrl: simulator.url, apiUrl: simulator.url, ...simulator.credentials };
  regions = await startRegions({
    names: ['eu', 'us'],
    replicas: false,
    config: {
      connections: {
        org: { platform: 'genesys', home: 'us', ...access },
        crm: { platform: 'events', home: 'eu' },
      },
      queues: {},
      // Nothing corrects what is notified late while this runs.
      reconcile: { intervalMs: 600_000 },
    },
  });
  url = regions.all[0]?.url ?? '';
});
afterAll(async () => {
  await regions?.stop();
  await simulator?.stop();
});

const soon = (check: () => Promise<void>) => vi.waitFor(check, SOON);
const agentOf = (userId = '') => `org:${userId}`;
/** What all regions say. */
async function statusOf(agentId: string): Promise<string> {
  const asked = regions.all.map(({ url }) => ask(`${url}/v1/agents/${encodeURIComponent(agentId)}`));
  return [...new Set((await Promise.all(asked)).map(({ body }) => body.status))].join();
}
const claim = (fields: object) =>
  ask(`${url}/v1/claims`, 'POST', { queue: `org:${queueId}`, deliver: 'assign', budget_ms: 2000, ...fields });
const holds = (userId: string) => simulator.user(userId).interactions.map(({ conversationId }) => conversationId);

/** A conversation that waits in the queue of the organisation. */
function waiting(): string {
  const id = `conversation-${++calls}`;
  simulator.wait(id, 'call', queueId);
  return id;
}

async function onQueue(...ids: string[]): Promise<void> {
  for (const id of ids) simulator.setUser(id, { presence: 'On Queue', joinedQueueIds: [queueId] });
  await soon(async () =>
    expect(await Promise.all(ids.map((id) => statusOf(agentOf(id))))).toEqual(ids.map(() => 'AVAILABLE')),
  );
}

const [first, second] = [0, 1];
beforeEach(() => onQueue(userIds[first] ?? ''));
afterEach(async () => {
  simulator.faults({ missingPermissions: [] });
  // Who leaves while a phone rings would be on that call for as long as nobody reads the platform again.
  await soon(async () => expect(userIds.flatMap(holds)).toEqual([]));
  for (const id of userIds) simulator.setUser(id, { presence: 'Offline' });
  const all = userIds.slice(0, 2).map(agentOf);
  await soon(async () => expect(await Promise.all(all.map(statusOf))).toEqual(['OFFLINE', 'OFFLINE']));
});

describe('a claim that Muster delivers', () => {
  it('sends the waiting conversation to the agent, and their phone confirms it', async () => {
    const id = waiting();
    const { status, body } = await claim({ call_id: id });
    expect({ status, body }).toMatchObject({
      status: 201,
      body: { agent_id: agentOf(userIds[first]), delivered: 'accepted', state: 'HELD' },
    });
    expect(holds(userIds[first] ?? '')).toEqual([id]);
    const ended = async () => (await ask(`${url}/v1/claims/${encodeURIComponent(body.claim_id)}`)).body;
    await soon(async () => expect(await ended()).toMatchObject({ state: 'ENDED', end_reason: 'platform' }));
  });

  it('is told to scripts, and is not Muster’s to send where nobody asks for it', async () => {
    const id = waiting();
    const asked = { queue: `org:${queueId}`, call_id: id, budget_ms: 2000 };
    expect((await ask(`${url}/v1/route`, 'POST', asked)).body).toMatchObject({ found: true, delivered: '' });
    expect(holds(userIds[first] ?? '')).toEqual([]);
    expect((await ask(`${url}/v1/route`, 'POST', { ...asked, deliver: 'assign' })).body).toMatchObject({
      delivered: 'accepted',
    });
    expect(holds(userIds[first] ?? '')).toEqual([id]);
  });

  it('is the same one, and is sent once, however often it is asked for', async () => {
    const id = waiting();
    const [one, again] = [await claim({ call_id: id }), await claim({ call_id: id })];
    expect(again).toMatchObject({ status: 200, body: { claim_id: one.body.claim_id, delivered: 'accepted' } });
    expect(simulator.state().interactionsSent).toBe(simulator.state().interactionsCompleted + 1);
  });

  it('goes to the next agent where the platform refuses the first', async () => {
    await onQueue(userIds[second] ?? '');
    simulator.send({ conversationId: 'meanwhile', userId: userIds[first] ?? '' });
    const { body } = await claim({ call_id: waiting() });
    expect(body).toMatchObject({ agent_id: agentOf(userIds[second]), delivered: 'accepted' });
    expect(simulator.state().doubleBookings).toBe(1);
  });

  it('is none where the platform does not have the conversation, and the agent is free again', async () => {
    const { status, body } = await claim({ call_id: 'no-such-conversation' });
    expect({ status, body }).toMatchObject({ status: 409, body: { code: 'not_assigned' } });
    expect(body.detail).toContain('no-such-conversation');
    await soon(async () => expect(await statusOf(agentOf(userIds[first]))).toBe('AVAILABLE'));
  });

  it('is none without the permission, which the problem names', async () => {
    simulator.faults({ missingPermissions: ['conversation:call:assign'] });
    const id = waiting();
    expect(await claim({ call_id: id })).toMatchObject({
      status: 503,
      body: { code: 'platform_unavailable', detail: expect.stringContaining('conversation:call:assign') },
    });
    expect(
      (
        await ask(`${url}/v1/route`, 'POST', {
          queue: `org:${queueId}`,
          call_id: id,
          deliver: 'assign',
          budget_ms: 2000,
        })
      ).body,
    ).toMatchObject({
      found: false,
      reason: 'platform_unavailable',
    });
    expect(await statusOf(agentOf(userIds[first]))).toBe('AVAILABLE');
  });

  it('is not taken back from a call that may be ringing already, whatever comes of asking again', async () => {
    const id = waiting();
    const first = await claim({ call_id: id });
    expect(first.body).toMatchObject({ delivered: 'accepted' });
    // Its phone rings, and nobody has told Muster yet.
    simulator.faults({ missingPermissions: ['conversation:call:assign'] });
    expect(await claim({ call_id: id })).toMatchObject({
      status: 200,
      body: { claim_id: first.body.claim_id, state: 'HELD', delivered: 'unknown' },
    });
  });

  it('goes on where the agent is busy with nobody knows what: it may be this very call', async () => {
    const id = waiting();
    const asked = { queue: `org:${queueId}`, call_id: id, budget_ms: 2000 };
    const { claim_id } = (await ask(`${url}/v1/claims`, 'POST', asked)).body;
    simulator.setUser(userIds[first] ?? '', { routingStatus: 'COMMUNICATING' });
    const reason = async (at: string) =>
      (await ask(`${at}/v1/agents/${encodeURIComponent(agentOf(userIds[first]))}`)).body.reason;
    for (const { url: at } of regions.all) await soon(async () => expect(await reason(at)).toBe('NON_ACD'));
    expect(await claim(asked)).toMatchObject({ status: 200, body: { claim_id, delivered: 'unknown' } });
  });

  it('is the caller’s to send where the agent’s platform cannot be told', async () => {
    const event = eventOf('crm:ann', 'AVAILABLE', Date.now(), { profile: { queues: ['crm:support'] } });
    expect((await ask(`${url}/v1/events`, 'POST', event)).status).toBe(202);
    expect(await claim({ queue: 'crm:support', call_id: 'by-hand' })).toMatchObject({
      status: 201,
      body: { agent_id: 'crm:ann', delivered: 'by_caller' },
    });
  });
});
