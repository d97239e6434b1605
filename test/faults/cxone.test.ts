import type { CxoneSimulator } from '@muster/simulators/cxone/interface';
import { startCxoneSimulator } from '@muster/simulators/cxone/simulator';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ask, type Regions, startRegions } from '../fixtures/regions.ts';

/** A region that mirrors a CXone business unit, as an operator would run it. */
let simulator: CxoneSimulator;
let regions: Regions;
let url: string;
beforeAll(async () => {
  const habits = {
    missesCall: 0,
    answerFromMs: 3_000,
    answerToMs: 3_000,
    talkMs: 5_000,
    digitalMs: 5_000,
    wrapUpMs: 100,
  };
  simulator = await startCxoneSimulator({
    agents: 4,
    queues: 1,
    omnichannel: 1,
    paused: true,
    habits: { ...habits, takesBreak: 0, endsShift: 0 },
  });
  const settings = { issuerUrl: simulator.url, ...simulator.credentials, pollIntervalMs: 2000, requestsPerMinute: 600 };
  regions = await startRegions({
    names: ['eu'],
    replicas: false,
    config: {
      connections: { cx: { platform: 'cxone', home: 'eu', ...settings } },
      queues: {},
      reconcile: { intervalMs: 5000 },
    },
  });
  url = regions.all[0]?.url ?? '';
});
afterAll(async () => {
  await regions?.stop();
  await simulator?.stop();
});

const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 45_000, interval: 100 });
const agent = async (id: string) => (await ask(`${url}/v1/agents/${encodeURIComponent(`cx:${id}`)}`)).body;
const becomes = (id: string, state: object) => until(async () => expect(await agent(id)).toMatchObject(state));
/** Somebody with a skill of this kind who is put to work. */
const anyone = (takes: number): { id: string; queue: string } => {
  for (const { id, queueIds } of simulator.users()) {
    simulator.setUser(id, { agentStateId: 1 });
    if (simulator.user(id).takes.includes(takes as 4)) return { id, queue: `cx:${queueIds[0]}` };
    simulator.setUser(id, { agentStateId: 0 });
  }
  throw new Error('nobody');
};

describe('a business unit', () => {
  it('is mirrored: who is there, what they are asked for, what they may carry', async () => {
    const [first] = simulator.users();
    await becomes(first?.id ?? '', { status: 'OFFLINE', reason: 'LOGGED_OUT' });
    const connections = async () => (await ask(`${url}/v1/connections`)).body.connections[0];
    await until(async () =>
      expect(await connections()).toMatchObject({
        platform: 'cxone',
        ingest: { health: { connected: true, agents: 4 }, reconciliation: { checked: 4 } },
      }),
    );
    const { facets } = await agent(first?.id ?? '');
    expect(facets.profile).toMatchObject({ name: first?.name, queues: first?.queueIds.map((id) => `cx:${id}`).sort() });
  });

  it('confirms a claim with the platform’s own word, and completes it', async () => {
    const { id } = anyone(4);
    await becomes(id, { status: 'AVAILABLE' });
    const body = { queue: 'global', call_id: '4711' };
    const claim = (await ask(`${url}/v1/claims`, 'POST', body)).body;
    expect(claim).toMatchObject({ agent_id: `cx:${id}`, state: 'HELD' });
    expect(simulator.send({ conversationId: '4711', userId: id, mediaType: 'call' })).toMatchObject({ accepted: true });
    const path = `${url}/v1/claims/${encodeURIComponent(claim.claim_id)}`;
    await until(async () => expect((await ask(path)).body.state).toBe('CONFIRMED'));
    await until(async () => expect((await ask(path)).body.state).toBe('ENDED'));
    await becomes(id, { status: 'AVAILABLE' });
    expect(simulator.state()).toMatchObject({ interactionsCompleted: 1, doubleBookings: 0 });
    simulator.setUser(id, { agentStateId: 0 });
    await becomes(id, { status: 'OFFLINE' });
  });

  it('confirms and completes a claim on a unit of another medium', async () => {
    const { id } = anyone(3);
    await becomes(id, { status: 'AVAILABLE' });
    const claim = (await ask(`${url}/v1/claims`, 'POST', { queue: 'global', call_id: '4712', media: 'chat' })).body;
    expect(claim).toMatchObject({ agent_id: `cx:${id}`, state: 'HELD' });
    expect(simulator.send({ conversationId: '4712', userId: id, mediaType: 'chat' })).toMatchObject({ accepted: true });
    const path = `${url}/v1/claims/${encodeURIComponent(claim.claim_id)}`;
    await until(async () => expect((await ask(path)).body.state).toBe('CONFIRMED'));
    await until(async () => expect((await ask(path)).body.state).toBe('ENDED'));
  });
});
