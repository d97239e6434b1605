import { createClient } from '@redis/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, ask, eventOf, type Regions, startRegions, type TestRegion } from '../fixtures/regions.ts';

/** Claims that were granted, and that the record of their agent does not know any more: a failover took its last writes. */

let regions: Regions;
let eu: string;
let us: string;

beforeAll(async () => {
  regions = await startRegions({ names: ['eu', 'us'], replicas: false });
  [eu, us] = regions.all.map(({ url }) => url) as [string, string];
});
afterAll(() => regions.stop());

const AGENTS = 'agents:{main}';
let eventMs = performance.timeOrigin;
const post = (url: string, path: string, body: unknown): Promise<Answer> => ask(`${url}${path}`, 'POST', body);
const pathOf = (claim: Answer): string => `/v1/claims/${encodeURIComponent(claim.body.claim_id)}`;
const settle = (url: string, claim: Answer, settlement: string) => post(url, `${pathOf(claim)}/${settlement}`, {});
const stateOf = async (claim: Answer): Promise<string> => (await ask(`${eu}${pathOf(claim)}`)).body.state;

async function agentWith(name: string, chats: number): Promise<string> {
  const agentId = `crm-eu:${name}`;
  const media = { voice: { units: 1, beside: ['chat'] }, chat: { units: chats, beside: ['voice'] } };
  const profile = { queues: [`crm-eu:${name}`], capacity: { media } };
  eventMs += 1;
  await post(eu, '/v1/events', eventOf(agentId, 'AVAILABLE', eventMs, { profile }));
  return agentId;
}

const claim = (agentId: string, callId: string, media = 'voice') =>
  post(eu, '/v1/claims', { queue: agentId, call_id: callId, media });

/** The agent's record, past everything of Muster. */
async function redis(...args: string[]): Promise<string> {
  const [home] = regions.all as [TestRegion];
  const client = createClient({ url: `redis://127.0.0.1:${(await home.redis.masterOf(AGENTS)).port}` });
  client.on('error', () => undefined); // the command that fails says so itself
  await client.connect();
  try {
    return String(await client.sendCommand(args));
  } finally {
    client.destroy();
  }
}
const recordOf = (agentId: string): Promise<string> => redis('HGET', AGENTS, agentId);
const putBack = (agentId: string, record: string): Promise<string> => redis('HSET', AGENTS, agentId, record);

describe('a claim that a failover lost', () => {
  it.each(['confirm', 'renew'])('is made again by its holder: %s', async (settlement) => {
    const agentId = await agentWith(`again-${settlement}`, 1);
    const before = await recordOf(agentId);
    const granted = await claim(agentId, `again-${settlement}`);
    await putBack(agentId, before);
    expect(await settle(us, granted, settlement)).toMatchObject({ status: 200, body: { fence: granted.body.fence } });
    expect((await ask(`${eu}/v1/agents/${encodeURIComponent(agentId)}`)).body.status).toBe('BUSY');
  });

  it.each(['release', 'complete'])('is not made again by one who gives the agent up: %s', async (settlement) => {
    const agentId = await agentWith(`given-up-${settlement}`, 1);
    const before = await recordOf(agentId);
    const granted = await claim(agentId, `given-up-${settlement}`);
    await putBack(agentId, before);
    const lost = { code: 'unknown_claim', detail: expect.stringContaining('a failover lost') };
    expect(await settle(us, granted, settlement)).toMatchObject({ status: 404, body: lost });
    expect(await recordOf(agentId)).toBe(before);
  });

  it.each(['voice', 'chat'])('takes no agent from another call that has the agent: %s', async (media) => {
    const agentId = await agentWith(`taken-${media}`, 1);
    const other = await claim(agentId, `taken-other-${media}`, media);
    expect((await settle(eu, other, 'confirm')).body.state).toBe('CONFIRMED');
    const before = await recordOf(agentId);
    await settle(eu, other, 'release');
    const granted = await claim(agentId, `taken-${media}`, media);
    expect(granted.body.fence).toBeGreaterThan(other.body.fence);
    await putBack(agentId, before);
    for (const settlement of ['confirm', 'renew', 'release', 'complete']) {
      const refused = await settle(us, granted, settlement);
      expect(refused).toMatchObject({ status: 404, body: { code: 'unknown_claim' } });
      expect(refused.body.detail).toMatch(/failover lost.*another call holds the agent/);
    }
    expect(await stateOf(other)).toBe('CONFIRMED');
    expect(await recordOf(agentId)).toBe(before);
    const flat = { claim_id: granted.body.claim_id, settlement: 'confirm' };
    expect((await post(us, '/v1/route/settle', flat)).body).toMatchObject({ done: false, reason: 'unknown_claim' });
  });

  it('comes back on no unit that the agent does not have any more', async () => {
    const agentId = await agentWith('shrunk', 2);
    const first = await claim(agentId, 'shrunk-1', 'chat');
    const before = await recordOf(agentId);
    const second = await claim(agentId, 'shrunk-2', 'chat');
    expect([first.body.unit, second.body.unit]).toEqual(['chat-1', 'chat-2']);
    await putBack(agentId, before);
    await agentWith('shrunk', 1);
    const shrunk = await recordOf(agentId);
    expect(await settle(eu, second, 'confirm')).toMatchObject({ status: 404, body: { code: 'unknown_claim' } });
    expect(await recordOf(agentId)).toBe(shrunk);
    expect(await settle(eu, first, 'confirm')).toMatchObject({ status: 200, body: { state: 'CONFIRMED' } });
  });
});
