import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Answer,
  ask,
  bringOnDuty,
  eventOf,
  type Regions,
  startRegions,
  type TestRegion,
} from '../fixtures/regions.ts';

const LONG = { timeout: 45_000, interval: 100 };
let regions: Regions;
let eu: TestRegion;
let us: TestRegion;
beforeAll(async () => {
  const config = { claims: { replication: 'refuse' } };
  regions = await startRegions({ names: ['eu', 'us'], nodeTimeoutMs: 2000, config });
  [eu, us] = regions.all as [TestRegion, TestRegion];
});
afterAll(() => regions.stop());

const claim = (call: string, more: object = {}): Promise<Answer> =>
  ask(`${eu.url}/v1/claims`, 'POST', { queue: 'support', call_id: call, ...more });
const settle = ({ body }: Answer, how: string): Promise<Answer> =>
  ask(`${eu.url}/v1/claims/${encodeURIComponent(body.claim_id)}/${how}`, 'POST', {});
const NOT_REPLICATED = { status: 503, body: { code: 'not_replicated' } };

describe('under claims.replication: refuse', () => {
  it('a retry while the replica stands still undoes nothing, and is answered when it goes on', async () => {
    const [agentId] = await bringOnDuty(eu, 1, [eu], Date.now() - 60_000);
    const one = await claim('one');
    expect(one).toMatchObject({ status: 201, body: { replicated: true } });
    expect(await settle(one, 'confirm')).toMatchObject({ status: 200, body: { replicated: true } });
    const replica = await replicaOf('agents:{main}');
    await eu.redis.freeze(replica);
    expect(await claim('one')).toMatchObject(NOT_REPLICATED);
    expect(await settle(one, 'confirm')).toMatchObject(NOT_REPLICATED);
    expect(await settle(one, 'renew')).toMatchObject(NOT_REPLICATED);
    await eu.redis.thaw(replica);
    await expect
      .poll(() => claim('one'), LONG)
      .toMatchObject({
        status: 200,
        body: { claim_id: one.body.claim_id, state: 'CONFIRMED', agent_id: agentId, replicated: true },
      });
    expect(await claim('two')).toMatchObject({ status: 409, body: { code: 'no_agent_available' } });
    await expect.poll(() => settle(one, 'release'), LONG).toMatchObject({ status: 200 });
    // A repeated release waits for a replica as the first one did.
    await eu.redis.freeze(replica);
    expect(await settle(one, 'release')).toMatchObject(NOT_REPLICATED);
    await eu.redis.thaw(replica);
  });

  it('nor is anything refused for what only the master has: a failover may bring the claim back', async () => {
    const one = await eventually(() => claim('given-up'), 201);
    await expect.poll(() => settle(one, 'confirm'), LONG).toMatchObject({ status: 200 });
    const replica = await replicaOf('agents:{main}');
    await eu.redis.freeze(replica);
    expect(await settle(one, 'complete')).toMatchObject(NOT_REPLICATED);
    expect(await settle(one, 'renew')).toMatchObject(NOT_REPLICATED);
    expect(await claim('next')).toMatchObject(NOT_REPLICATED);
    expect(await settle(one, 'complete')).toMatchObject(NOT_REPLICATED);
    await eu.redis.thaw(replica);
    const next = await eventually(() => claim('next'), 200);
    expect(await settle(one, 'complete')).toMatchObject({ status: 409, body: { code: 'fence_superseded' } });
    await eventually(() => settle(next, 'release'), 200);
  });

  it('nothing is answered with 2xx that no replica holds, so no promotion takes what a caller was told', async () => {
    const one = await eventually(() => claim('three'), 201);
    const master = await eu.redis.masterOf('agents:{main}');
    const replica = await eu.redis.cutReplication(master);
    expect(await settle(one, 'confirm')).toMatchObject(NOT_REPLICATED);
    expect(await settle(one, 'complete')).toMatchObject(NOT_REPLICATED);
    for (const agentId of ['crm-eu:new-one', 'crm-eu:new-other']) {
      const { status, body } = await ask(`${eu.url}/v1/events`, 'POST', eventOf(agentId, 'OFFLINE', Date.now()));
      expect({ status, body }).toMatchObject(NOT_REPLICATED);
    }
    await eu.redis.mendReplication(replica);
    await eventually(() => settle(one, 'complete'), 200);
  });

  it('no region takes over from another what no replica has: a failover takes it there alone', async () => {
    await eventually(() => claim('before'), 201).then((one) => settle(one, 'release'));
    await expect.poll(() => claimAt(us), LONG).toMatchObject({ call_id: 'before', state: 'ENDED' });
    const replica = await replicaOf('agents:{main}');
    await eu.redis.freeze(replica);
    // The second finds again what the first has written: it stands, and nobody is told. If it came too late, the first was undone.
    const twice = async () => {
      const answers = await Promise.all([claim('untold'), claim('untold')]);
      expect(answers).toMatchObject([NOT_REPLICATED, NOT_REPLICATED]);
      return claimAt(eu);
    };
    await expect.poll(twice, LONG).toMatchObject({ call_id: 'untold', state: 'HELD' });
    const other = { queue: 'support', call_id: 'other', agent_id: 'crm-eu:0' };
    expect(await ask(`${us.url}/v1/claims`, 'POST', other)).toMatchObject({ status: 409 });
    expect(await claimAt(us)).toMatchObject({ call_id: 'before', state: 'ENDED' });
    await eu.redis.thaw(replica);
    await eventually(() => claim('untold'), 200).then((one) => settle(one, 'release'));
  });

  it('however much one agent changes while the replica stands still, all of it is applied when it goes on', async () => {
    const one = await eventually(() => claim('busy'), 201);
    const replica = await replicaOf('agents:{main}');
    await eu.redis.freeze(replica);
    const renewals = await Promise.all(Array.from({ length: 40 }, () => settle(one, 'renew')));
    expect(new Set(renewals.map(({ status }) => status))).toEqual(new Set([503]));
    await eu.redis.thaw(replica);
    await eventually(() => settle(one, 'release'), 200);
    await expect.poll(async () => (await ask(`${eu.url}/v1/regions`)).body.bus_behind, LONG).toBe(0);
  });

  it('an event that this region applied before a failover is there after it', async () => {
    const master = await us.redis.masterOf('agents:{main}');
    const replica = await us.redis.cutReplication(master);
    const event = eventOf('crm-eu:0', 'OFFLINE', Date.now());
    expect(await ask(`${eu.url}/v1/events`, 'POST', event)).toMatchObject({ status: 202 });
    await expect.poll(() => statusAt(us, 'crm-eu:0'), LONG).toBe('OFFLINE');
    // Only the master that dies knows of it: the bus must bring it again.
    await us.redis.kill(master);
    await expect.poll(async () => (await us.redis.masterOf('agents:{main}')).id, LONG).not.toBe(master.id);
    await us.redis.mendReplication(replica);
    await us.redis.restart(master);
    await expect.poll(() => statusAt(us, 'crm-eu:0'), LONG).toBe('OFFLINE');
    await expect.poll(async () => (await ask(`${us.url}/v1/regions`)).body.bus_behind, LONG).toBe(0);
    expect(await statusAt(us, 'crm-eu:0')).toBe('OFFLINE');
  });
});

async function replicaOf(key: string) {
  const replica = await eu.redis.replicaOf(await eu.redis.masterOf(key));
  if (!replica) throw new Error('the master has no replica');
  return replica;
}

async function eventually(asked: () => Promise<Answer>, status: number): Promise<Answer> {
  let answer: Answer | undefined;
  await expect
    .poll(async () => {
      answer = await asked();
      return answer.status;
    }, LONG)
    .toBe(status);
  return answer as Answer;
}

const claimAt = async ({ url }: TestRegion): Promise<object> =>
  (await ask(`${url}/v1/agents/${encodeURIComponent('crm-eu:0')}`)).body.facets.claim;
const statusAt = async ({ url }: TestRegion, id: string): Promise<string> =>
  (await ask(`${url}/v1/agents/${encodeURIComponent(id)}`)).body.status;
