import { readFileSync } from 'node:fs';
import { createClient } from '@redis/client';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { AgentRecord } from '../../src/store/agent-record.ts';
import type { GenesysConnection } from '../../world/platforms/genesys-connection.ts';
import { startWorld, type World } from '../../world/world.ts';
import { type Answer, ask } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';
import { recordIn, storedOf } from '../fixtures/stored.ts';

const US = 'us-east-1';
const EU = 'eu-west-1';
const AP = 'ap-southeast-1';
let world: World;
beforeAll(async () => {
  world = await startWorld({
    agents: 30,
    platforms: 'genesys',
    replicas: false,
    config: {
      freshness: { heartbeatMs: 200, suspectMs: 1000, staleMs: 2500, confirmedMs: 3000 },
      connections: { 'genesys-us': { authority: 'refuse' } },
    },
  });
  for (const each of world.connections) each.pause();
}, 60_000);
afterAll(() => world.stop());

const region = (name: string) => {
  const found = world.regions.find((each) => each.name === name);
  if (!found) throw new Error(`no region ${name}`);
  return found;
};
const connection = (name: string): GenesysConnection => {
  const found = world.organisations.find((each) => each.name === name);
  if (!found) throw new Error(`no connection ${name}`);
  return found;
};
const agentAt = (name: string, id: string): Promise<Answer> =>
  ask(`${region(name).url}/v1/agents/${encodeURIComponent(id)}?budget_ms=1500`);
const claim = (name: string, callId: string, agentId: string): Promise<Answer> =>
  ask(`${region(name).url}/v1/claims`, 'POST', {
    queue: 'global',
    call_id: callId,
    agent_id: agentId,
    budget_ms: 2000,
  });
const confirm = (name: string, claimId: string): Promise<Answer> =>
  ask(`${region(name).url}/v1/claims/${encodeURIComponent(claimId)}/confirm`, 'POST', {});
const become = (at: string, of: string, state: string, reachable = true): Promise<void> =>
  vi.waitFor(async () => {
    const { body } = await ask(`${region(at).url}/v1/regions`);
    const seen = body.regions.find((each: { region: string }) => each.region === of);
    expect(seen).toMatchObject({ state, reachable });
  }, SOON);

/** A user of a connection, made idle on queue, whom every region knows as available. */
async function freeUser(name: string, at: number): Promise<{ id: string; userId: string }> {
  const { organisation, simulator } = connection(name);
  const userId = organisation.userIds[at] as string;
  const id = connection(name).agentId(userId);
  simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'IDLE' });
  for (const { name: each } of world.regions) {
    await vi.waitFor(async () => expect((await agentAt(each, id)).body.status).toBe('AVAILABLE'), SOON);
  }
  return { id, userId };
}

/** The agent's record in a region's Redis, past everything of Muster. */
async function stored(name: string, id: string): Promise<AgentRecord> {
  const { port } = await region(name).cluster.masterOf('agents:{main}');
  const client = createClient({ url: `redis://127.0.0.1:${port}` });
  await client.connect();
  try {
    return recordIn(await storedOf((...command) => client.sendCommand(command), id));
  } finally {
    client.destroy();
  }
}

describe('a region cut off from the bus', () => {
  it('asks the platform about the agents of others, keeps what it says, and passes over whom it cannot ask', async () => {
    const { id, userId } = await freeUser('genesys-us', 0);
    const { id: other } = await freeUser('genesys-us', 1);
    world.weather.link(EU, 'bus').cut();
    connection('genesys-us').simulator.setUser(userId, { presence: 'Break' });
    await vi.waitFor(async () => expect((await agentAt(US, id)).body.status).toBe('BUSY'), SOON);
    await become(EU, US, 'stale');

    expect((await stored(EU, id)).facets.presence?.state).toBe('ON_DUTY');
    expect((await agentAt(EU, id)).body).toMatchObject({ status: 'BUSY', reason: 'BREAK', stale: false });
    expect((await stored(EU, id)).facets.presence?.state).toBe('PAUSED');

    const granted = await claim(EU, 'on-its-word', other);
    expect(granted).toMatchObject({
      status: 201,
      body: { agent_id: other, authority: { region: US, mode: 'home' } },
    });
    expect(granted.body.agent.confirmed_ms_ago).toBeLessThan(3000);

    world.weather.link(EU, 'genesys-us').cut();
    const refused = await claim(EU, 'nobody-to-ask', await anyBut(id, other));
    expect(refused).toMatchObject({ status: 409, body: { passed_over: { stale: 1 } } });
    const metrics = await (await fetch(`${region(EU).url}/metrics`)).text();
    expect(metrics).toMatch(/muster_read_through_agents_total\{connection="genesys-us",outcome="failed".*\} [1-9]/);
    world.weather.clear();
    await become(EU, US, 'fresh');
  });
});

/** A free agent of the United States whom nobody has asked the platform about. */
async function anyBut(...asked: string[]): Promise<string> {
  const { agents } = (await ask(`${region(US).url}/agents/available?limit=50`)).body;
  const ids: string[] = agents.map((each: { agent_id: string }) => each.agent_id);
  const found = ids.find((each) => each.startsWith('genesys-us:') && !asked.includes(each));
  if (!found) throw new Error('nobody else is free');
  return found;
}

describe('an agent whom the platform will not give a call', () => {
  it('is left alone, and corrected by what the platform says, though no notification told of it', async () => {
    const { id, userId } = await freeUser('genesys-eu', 0);
    const { simulator } = connection('genesys-eu');
    simulator.faults({ dropEvents: 1 });
    simulator.setUser(userId, { presence: 'Offline' });
    const { body } = await claim(US, 'refused-there', id);
    const path = `/v1/claims/${encodeURIComponent(body.claim_id)}/release`;
    const released = await ask(`${region(US).url}${path}`, 'POST', { refused: true });
    expect(released).toMatchObject({ status: 200, body: { state: 'WRAP_UP' } });
    for (const { name } of world.regions) {
      await vi.waitFor(async () => expect((await agentAt(name, id)).body.status).toBe('OFFLINE'), SOON);
    }
    simulator.faults({ dropEvents: 0 });
  });
});

describe('a home that cannot be reached', () => {
  it('keeps its agents to itself where the policy is `refuse`; under `verify` they are granted in its stead', async () => {
    const { id: refusing } = await freeUser('genesys-us', 2);
    const { id: verifying } = await freeUser('genesys-ap', 0);
    world.weather.isolate(US);
    world.weather.isolate(AP);
    await become(EU, US, 'stale', false);
    await become(EU, AP, 'stale', false);

    expect(await claim(EU, 'refused', refusing)).toMatchObject({ status: 409, body: { passed_over: { stale: 1 } } });
    const verified = await claim(EU, 'instead', verifying);
    expect(verified).toMatchObject({
      status: 201,
      body: { agent_id: verifying, authority: { region: EU, mode: 'verified' } },
    });
    expect((await claim(EU, 'instead', verifying)).body.claim_id).toBe(verified.body.claim_id);
    expect(await confirm(EU, verified.body.claim_id)).toMatchObject({ status: 200, body: { state: 'CONFIRMED' } });
    const atHome = await claim(AP, 'at-home', verifying);
    expect(atHome).toMatchObject({ status: 201, body: { authority: { region: AP, mode: 'home' } } });

    world.weather.clear();
    await become(EU, AP, 'fresh');
    await vi.waitFor(async () => {
      const { body } = await agentAt(EU, verifying);
      expect(body.facets.claim).toMatchObject({ call_id: 'at-home', fence: atHome.body.fence });
    }, SOON);
    expect(await confirm(EU, verified.body.claim_id)).toMatchObject({
      status: 409,
      body: { code: 'fence_superseded' },
    });
    expect(await confirm(EU, atHome.body.claim_id)).toMatchObject({ status: 200 });
    await vi.waitFor(async () => {
      const metrics = await (await fetch(`${region(AP).url}/metrics`)).text();
      expect(metrics).toMatch(/muster_claim_conflicts_total\{overlap="certain".*\} 1/);
    }, SOON);
    const told = () =>
      readFileSync(region(AP).instance.logFile, 'utf8')
        .split('\n')
        .filter((line) => line.includes('"op":"conflict"') && line.endsWith('}'))
        .map((line) => JSON.parse(line));
    const fences = { kept: { fence: atHome.body.fence }, lost: { fence: verified.body.fence } };
    await expect
      .poll(told)
      .toMatchObject([{ audit: true, who: { region: EU }, outcome: 'certain', agent: verifying, ...fences }]);
  });
});

describe('two regions that both grant an agent in the stead of a silent home', () => {
  it('let one claim stand: the holder of the other is refused, and its call is not given the one that stands', async () => {
    const { id } = await freeUser('genesys-ap', 1);
    world.weather.isolate(AP);
    world.weather.link(EU, 'bus').cut();
    await become(EU, AP, 'stale', false);
    await become(US, AP, 'stale', false);
    const standing = await claim(EU, 'stands', id);
    const losing = await claim(US, 'loses', id);
    for (const { body } of [standing, losing]) expect(body.authority).toMatchObject({ mode: 'verified' });
    expect(losing.body.fence).toBe(standing.body.fence);

    world.weather.link(EU, 'bus').clear();
    await vi.waitFor(async () => expect((await agentAt(US, id)).body.facets.claim.call_id).toBe('stands'), SOON);
    const superseded = { status: 409, body: { code: 'fence_superseded' } };
    expect(await confirm(US, losing.body.claim_id)).toMatchObject(superseded);
    expect((await claim(US, 'loses', id)).body.claim_id).not.toBe(standing.body.claim_id);
    world.weather.clear();
    await become(US, AP, 'fresh');
    await vi.waitFor(async () => expect((await agentAt(AP, id)).body.facets.claim.call_id).toBe('stands'), SOON);
    expect(await confirm(US, losing.body.claim_id)).toMatchObject(superseded);
    expect(await confirm(EU, standing.body.claim_id)).toMatchObject({ status: 200, body: { call_id: 'stands' } });
  });
});
