import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { RECENTLY_MS } from '../fixtures/recently.ts';
import { ask, type Regions, startRegions } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';
import { say } from '../fixtures/tokens.ts';

let regions: Regions;
let eu: string;
let us: string;

beforeAll(async () => {
  regions = await startRegions({ names: ['eu', 'us'], replicas: false });
  [eu, us] = regions.all.map(({ url }) => url) as [string, string];
});
afterAll(() => regions.stop());

let at = RECENTLY_MS;

/** Somebody on duty at home in `eu` who may carry two chats, or one call and nothing else. */
async function able(agentId: string, more: object = {}): Promise<void> {
  const capacity = { media: { voice: { units: 1 }, chat: { units: 2 } } };
  const profile = { name: agentId, queues: ['crm-eu:support'], skills: {}, capacity, ...more };
  const body = [
    { event_id: `${agentId}-p`, timestamp: ++at, agent_id: agentId, profile },
    { event_id: `${agentId}-s`, timestamp: ++at, agent_id: agentId, status: 'AVAILABLE' },
  ];
  expect(await say(`${eu}/v1/events`, { body })).toMatchObject({ status: 202 });
  await vi.waitFor(
    async () => expect((await ask(`${us}/v1/agents/${agentId}`)).body).toMatchObject({ status: 'AVAILABLE' }),
    SOON,
  );
}

const claim = (url: string, call: string, media?: string) =>
  say(`${url}/v1/claims`, { body: { queue: 'support', call_id: call, budget_ms: 3000, ...(media && { media }) } });
const settle = (url: string, id: string, settlement: string) =>
  say(`${url}/v1/claims/${encodeURIComponent(id)}/${settlement}`, { body: {} });

describe('an agent who may carry two chats', () => {
  it('is given two chats and no call, through any region, and each claim lives by itself', async () => {
    const agent = 'crm-eu:omni';
    await able(agent);
    const first = await claim(us, 'chat-1', 'chat');
    expect(first).toMatchObject({
      status: 201,
      body: { agent_id: agent, unit: 'chat-1', authority: { region: 'eu' } },
    });
    expect(first.body.claim_id).toMatch(/^crm-eu:omni~\d+:chat-1:home:eu:[\w-]{22}$/);
    const second = await claim(eu, 'chat-2', 'chat');
    expect(second).toMatchObject({
      status: 201,
      body: { unit: 'chat-2', agent: { status: 'BUSY', reason: 'CLAIMED', room: { voice: 0, chat: 0 } } },
    });
    expect(await claim(us, 'chat-1', 'chat')).toMatchObject({ status: 200, body: { claim_id: first.body.claim_id } });
    expect(await claim(eu, 'chat-3', 'chat')).toMatchObject({ status: 409, body: { passed_over: { claimed: 1 } } });
    expect(await claim(us, 'call')).toMatchObject({ status: 409 });

    expect(await settle(us, first.body.claim_id, 'confirm')).toMatchObject({
      body: { state: 'CONFIRMED', unit: 'chat-1' },
    });
    expect(await settle(us, first.body.claim_id, 'complete')).toMatchObject({ body: { state: 'ENDED' } });
    for (const url of [eu, us]) {
      const read = (id: string) => ask(`${url}/v1/claims/${encodeURIComponent(id)}`);
      await vi.waitFor(
        async () => expect((await read(first.body.claim_id)).body).toMatchObject({ state: 'ENDED' }),
        SOON,
      );
      expect((await read(second.body.claim_id)).body).toMatchObject({ state: 'HELD', unit: 'chat-2' });
    }
    expect(await settle(eu, second.body.claim_id, 'release')).toMatchObject({ status: 200 });
    const call = await claim(eu, 'call-2');
    expect(call).toMatchObject({ status: 201, body: { agent: { room: { voice: 0, chat: 0 } } } });
    expect(call.body.unit).toBeUndefined();
    await settle(eu, call.body.claim_id, 'release');
  });

  it('is busy with the chats that events tell of', async () => {
    const agent = 'crm-eu:told';
    await able(agent, { queues: ['crm-eu:told-only'] });
    const chat = (call_id: string, state: string) => ({
      event_id: `${call_id}-${state}`,
      timestamp: ++at,
      agent_id: agent,
      interactions: [{ call_id, state, media: 'chat' }],
    });
    await say(`${eu}/v1/events`, { body: [chat('a', 'CONNECTED'), chat('b', 'ALERTING')] });
    const roomIn = async (url: string) => (await ask(`${url}/v1/agents/${agent}`)).body.room;
    for (const url of [eu, us])
      await vi.waitFor(async () => expect(await roomIn(url)).toEqual({ voice: 0, chat: 0 }), SOON);
    await say(`${eu}/v1/events`, { body: [chat('b', 'ENDED')] });
    for (const url of [eu, us])
      await vi.waitFor(async () => expect(await roomIn(url)).toEqual({ voice: 0, chat: 1 }), SOON);
    const found = async (media: string) =>
      (await ask(`${us}/agents/available?queue=crm-eu:told-only&media=${media}`)).body.agents.length;
    expect([await found('chat'), await found('voice')]).toEqual([1, 0]);
    expect((await ask(`${eu}/v1/queues/crm-eu:told-only?media=chat`)).body).toMatchObject({
      media: 'chat',
      in_line: 1,
    });
  });

  it('is given nothing more than their capacity leaves, when it shrinks under claims and then is gone', async () => {
    const agent = 'crm-eu:shrunk';
    const profile = (more: object) => ({ queues: ['crm-eu:shrunk-only'], skills: {}, ...more });
    const chats = (units: number) =>
      profile({ capacity: { media: { voice: { units: 1 }, chat: { units } }, total: 3 } });
    await able(agent, chats(3));
    const takeOne = (call: string, media: string) =>
      say(`${eu}/v1/claims`, { body: { queue: 'crm-eu:shrunk-only', call_id: call, media, budget_ms: 3000 } });
    const three = [];
    for (const call of ['s1', 's2', 's3']) three.push(await takeOne(call, 'chat'));
    for (const { body } of three) await settle(eu, body.claim_id, 'confirm');
    for (const { body } of three.slice(0, 2)) await settle(eu, body.claim_id, 'release');
    const become = (event_id: string, as: object) =>
      say(`${eu}/v1/events`, { body: { event_id, timestamp: ++at, agent_id: agent, profile: as } });
    const answer = async () => (await ask(`${eu}/v1/agents/${agent}`)).body;

    await become('one-chat', chats(1));
    await vi.waitFor(async () => expect(await answer()).toMatchObject({ room: { voice: 0, chat: 0 } }), SOON);
    expect(await takeOne('s4', 'chat')).toMatchObject({ status: 409, body: { passed_over: { claimed: 1 } } });
    await become('no-chat', profile({}));
    await vi.waitFor(async () => {
      const one = await answer();
      expect(one).toMatchObject({ agent_id: agent, status: 'BUSY', reason: 'CLAIMED' });
      expect(one).not.toHaveProperty('room');
    }, SOON);
    expect(await takeOne('s5', 'voice')).toMatchObject({ status: 409, body: { passed_over: { claimed: 1 } } });
    await settle(eu, three[2]?.body.claim_id, 'release');
    await vi.waitFor(async () => expect(await answer()).toMatchObject({ status: 'AVAILABLE' }), SOON);
    expect(await takeOne('s6', 'voice')).toMatchObject({ status: 201 });
  });

  it('cannot be had for a media type that there is not', async () => {
    const { status, body } = await claim(eu, 'fax', 'fax');
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'invalid_request', errors: [{ field: '/media' }] });
  });
});
