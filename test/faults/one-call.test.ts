import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withAdmin } from '../../world/redis/admin.ts';
import {
  type Answer,
  ask,
  bringOnDuty,
  eventOf,
  type Regions,
  startRegions,
  type TestRegion,
} from '../fixtures/regions.ts';

const LONG = { timeout: 45_000, interval: 50 };
let regions: Regions;
let eu: TestRegion;
let us: TestRegion;
const connections = {
  'crm-eu': { platform: 'events', home: 'eu' },
  'crm-us': { platform: 'events', home: 'us' },
  shop: { platform: 'events', home: 'eu', domain: 'sales' },
};
beforeAll(async () => {
  const config = { domains: { main: {}, sales: {} }, connections };
  regions = await startRegions({ names: ['eu', 'us'], replicas: false, config });
  [eu, us] = regions.all as [TestRegion, TestRegion];
  for (const region of regions.all) await bringOnDuty(region, 2, regions.all, Date.now() - 60_000);
  const profile = { queues: ['shop:sales'], skills: {} };
  await ask(`${eu.url}/v1/events`, 'POST', eventOf('shop:1', 'AVAILABLE', Date.now() - 60_000, { profile }));
});
afterAll(() => regions.stop());

const claim = ({ url }: TestRegion, call: string, more: object = {}): Promise<Answer> =>
  ask(`${url}/v1/claims`, 'POST', { queue: 'support', call_id: call, ...more });
/** The claim as soon as the region knows that the agents are free. */
async function granted(region: TestRegion, call: string, more: object): Promise<Answer> {
  let answer: Answer | undefined;
  const asked = async () => {
    answer = await claim(region, call, { budget_ms: 2000, ...more });
    return answer.status;
  };
  await expect.poll(asked, LONG).toBe(201);
  return answer as Answer;
}
const settle = ({ url }: TestRegion, { body }: Answer, how: string): Promise<Answer> =>
  ask(`${url}/v1/claims/${encodeURIComponent(body.claim_id)}/${how}`, 'POST', {});
const look = async ({ url }: TestRegion, { body }: Answer): Promise<Answer['body']> =>
  (await ask(`${url}/v1/claims/${encodeURIComponent(body.claim_id)}`)).body;
const metric = async ({ url }: TestRegion, name: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name}.* (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
};

describe('a call that asks two regions at once', () => {
  it('keeps one agent: of two that are held the later is let go, and says why', async () => {
    const both = await Promise.all([eu, us].map((region) => claim(region, 'twice', { budget_ms: 1 })));
    expect(both.map(({ status }) => status)).toEqual([201, 201]);
    const [kept, lost] = both.toSorted((a, b) => a.body.fence - b.body.fence) as [Answer, Answer];
    const loser = lost === both[0] ? eu : us;
    await expect.poll(() => look(loser, lost), LONG).toMatchObject({ state: 'ENDED', end_reason: 'superseded' });
    expect(await settle(loser, lost, 'confirm')).toMatchObject({ status: 409, body: { code: 'claim_ended' } });
    expect(await settle(eu, kept, 'confirm')).toMatchObject({ status: 200, body: { state: 'CONFIRMED' } });
    // The loser's region sends the call to the claim that stands.
    await expect
      .poll(() => claim(loser, 'twice', { budget_ms: 2000 }), LONG)
      .toMatchObject({
        status: 200,
        body: { claim_id: kept.body.claim_id, authority: { mode: 'home' } },
      });
    expect(await metric(loser, 'muster_call_conflicts_total{outcome="ended"')).toBeGreaterThan(0);
    await settle(eu, kept, 'release');
  });

  it('is reported where both were confirmed before anybody knew', async () => {
    const both = await Promise.all([eu, us].map((region) => claim(region, 'both', { budget_ms: 1 })));
    const confirmed = await Promise.all([
      settle(eu, both[0] as Answer, 'confirm'),
      settle(us, both[1] as Answer, 'confirm'),
    ]);
    if (confirmed.every(({ status }) => status === 200)) {
      const reports = async () =>
        (
          await Promise.all(
            [eu, us].map((each) => metric(each, 'muster_call_conflicts_total{outcome="both_confirmed"')),
          )
        ).join();
      await expect.poll(reports, LONG).toMatch(/^(1,0|0,1)$/);
      const states = await Promise.all([look(eu, both[0] as Answer), look(us, both[1] as Answer)]);
      expect(states.map(({ state }) => state)).toEqual(['CONFIRMED', 'CONFIRMED']);
    } else {
      // The bus was quicker: the one that was only held has ended.
      expect(confirmed.map(({ status }) => status).sort()).toEqual([200, 409]);
    }
    await Promise.all([settle(eu, both[0] as Answer, 'release'), settle(us, both[1] as Answer, 'release')]);
  });

  it('keeps one agent, too, where two domains of one region were asked', async () => {
    const main = await claim(eu, 'domains', { queue: 'crm-eu:support' });
    const sales = await claim(eu, 'domains', { queue: 'shop:sales' });
    expect([main.status, sales.status]).toEqual([201, 201]);
    const states = async () =>
      (await Promise.all([main, sales].map((each) => look(eu, each)))).map(({ state }) => state);
    await expect.poll(states, LONG).toEqual(['HELD', 'ENDED']);
    await settle(eu, main, 'release');
  });
});

describe('a call that both regions have asked the other for, without hearing what came of it', () => {
  it('is asked on by nobody: a request between regions makes one hop', async () => {
    const free = async () =>
      Promise.all(
        [eu, us].map(
          async ({ url }) => (await ask(`${url}/agents/available?queue=support&limit=9`)).body.agents.length,
        ),
      );
    await expect.poll(free, LONG).toEqual([4, 4]);
    await Promise.all([remember(eu, 'circle', 'crm-us:0'), remember(us, 'circle', 'crm-eu:0')]);
    const answer = await claim(eu, 'circle', { budget_ms: 1000 });
    expect(answer).toMatchObject({ status: 201, body: { agent_id: 'crm-us:0' } });
    const asked = () => Promise.all([eu, us].map((region) => claimsOf(region, 'circle')));
    await expect.poll(asked, LONG).toEqual([1, 1]);
    await settle(eu, answer, 'release');
  });

  /** As if the home of an agent had been asked, and its answer had not been heard. */
  async function remember(region: TestRegion, call: string, agentId: string): Promise<void> {
    const { port } = await region.redis.masterOf('calls:{main}');
    await withAdmin(port, (redis) => redis.run('HSET', 'calls:{main}', call, `${Date.now()} ${agentId} 0 -`));
  }

  /** How often a region was asked for the call. */
  async function claimsOf({ processes }: TestRegion, call: string): Promise<number> {
    const log = await readFile(processes[0]?.log ?? '', 'utf8');
    return log.split('\n').filter((line) => line.includes('"op":"claim"') && line.includes(`"${call}"`)).length;
  }
});

describe('a call that is settled by its own id', () => {
  it('has the claim settled that it has now, whichever domain it asked before', async () => {
    const first = await granted(eu, 'moves', { queue: 'crm-eu:support' });
    expect(await settle(eu, first, 'release')).toMatchObject({ status: 200 });
    const second = await granted(eu, 'moves', { queue: 'shop:sales' });
    const asked = { call_id: 'moves', settlement: 'complete' };
    const settled = await ask(`${eu.url}/v1/route/settle`, 'POST', asked);
    expect(settled.body).toMatchObject({ done: true, claim_id: second.body.claim_id });
    expect(await look(eu, second)).toMatchObject({ state: 'ENDED', end_reason: 'completed' });
  });
});

describe('a call that asks again in a region that did not grant its claim', () => {
  it('is answered by the region that did, and by no copy that is older than the truth', async () => {
    const one = await granted(us, 'asks', { agent_id: 'crm-eu:0' });
    expect(one.body.authority).toEqual({ region: 'eu', mode: 'home' });
    await expect
      .poll(() => claim(us, 'asks', { agent_id: 'crm-eu:0', budget_ms: 2000 }), LONG)
      .toMatchObject({
        status: 200,
        body: { claim_id: one.body.claim_id, authority: { mode: 'home' } },
      });
    process.kill(regions.bus.pid as number, 'SIGSTOP');
    try {
      expect(await settle(eu, one, 'release')).toMatchObject({ status: 200 });
      const two = await claim(eu, 'takes', { agent_id: 'crm-eu:0' });
      expect(await settle(eu, two, 'confirm')).toMatchObject({ status: 200 });
      const again = await claim(us, 'asks', { agent_id: 'crm-eu:0', budget_ms: 2000 });
      expect(again).toMatchObject({ status: 409, body: { code: 'no_agent_available' } });
      await settle(eu, two, 'release');
    } finally {
      process.kill(regions.bus.pid as number, 'SIGCONT');
    }
  });

  it('is told that it is a copy where the home cannot be asked in time, and never that a replica has it', async () => {
    const one = await granted(us, 'copy', { agent_id: 'crm-eu:1' });
    const home = eu.processes[0];
    await home?.signal('SIGSTOP');
    try {
      const again = await claim(us, 'copy', { agent_id: 'crm-eu:1', budget_ms: 100 });
      expect(again).toMatchObject({
        status: 200,
        body: { authority: { region: 'eu', mode: 'copy' }, replicated: false },
      });
    } finally {
      await home?.signal('SIGCONT');
    }
    await expect.poll(async () => (await settle(us, one, 'release')).status, LONG).toBe(200);
  });

  it('learns that its wish was another', async () => {
    const one = await granted(us, 'wish', { agent_id: 'crm-eu:0' });
    const other = await claim(us, 'wish', { queue: 'crm-us:support', budget_ms: 2000 });
    expect(other).toMatchObject({
      status: 409,
      body: { code: 'call_has_claim', claim: { claim_id: one.body.claim_id, agent_id: 'crm-eu:0' } },
    });
    await expect
      .poll(() => claim(eu, 'wish', { queue: 'crm-eu:support' }), LONG)
      .toMatchObject({
        status: 409,
        body: { code: 'call_has_claim' },
      });
    await settle(us, one, 'release');
    await expect
      .poll(async () => (await claim(us, 'wish', { queue: 'crm-us:support', budget_ms: 2000 })).status, LONG)
      .toBe(201);
  });

  it('is given no other agent than it wants, though its claim on that one is over', async () => {
    const one = await granted(us, 'wants', { agent_id: 'crm-eu:0', budget_ms: 2000 });
    process.kill(regions.bus.pid as number, 'SIGSTOP');
    try {
      expect(await settle(eu, one, 'release')).toMatchObject({ status: 200 });
      const other = await claim(us, 'wants', { agent_id: 'crm-eu:1', budget_ms: 2000 });
      expect(other).toMatchObject({ status: 201, body: { agent_id: 'crm-eu:1' } });
      await settle(eu, other, 'release');
    } finally {
      process.kill(regions.bus.pid as number, 'SIGCONT');
    }
  });

  it('is given no second agent where the region that granted its claim does not understand the question', async () => {
    const one = await granted(eu, 'ahead', { queue: 'crm-us:support', budget_ms: 2000 });
    expect(await settle(eu, one, 'confirm')).toMatchObject({ status: 200, body: { authority: { region: 'us' } } });
    // An instance whose config has a connection that the other regions do not have yet.
    const ahead = await eu.spawn({ connections: { ...connections, 'crm-new': { platform: 'events', home: 'eu' } } });
    const profile = { queues: ['crm-new:support'] };
    await ask(`${ahead.url}/v1/events`, 'POST', eventOf('crm-new:0', 'AVAILABLE', Date.now() - 60_000, { profile }));
    const again = await claim({ ...eu, url: ahead.url }, 'ahead', { queue: 'crm-new:support', budget_ms: 2000 });
    expect(again).toMatchObject({
      status: 409,
      body: { code: 'call_has_claim', claim: { agent_id: one.body.agent_id } },
    });
    await settle(us, one, 'release');
    await ahead.signal('SIGTERM');
  });
});
