import { existsSync } from 'node:fs';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { AgentAnswer } from '../../src/contract/agents.ts';
import type { GenesysConnection } from '../../world/platforms/genesys-connection.ts';
import { BUS } from '../../world/weather/weather.ts';
import { startWorld, type World } from '../../world/world.ts';
import { kafkaOrSkip } from '../fixtures/kafka.ts';

kafkaOrSkip('a world on Kafka', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ bus: 'kafka', agents: 3, replicas: false, histories: false, platforms: 'genesys' });
  });
  afterAll(() => world?.stop());

  /** Which regions know that an agent is on a break. */
  async function whoKnows(agentId: string): Promise<string[]> {
    const path = `/v1/agents/${encodeURIComponent(agentId)}`;
    const told = world.regions.map(async ({ name, url }) => {
      const { reason } = await world.http.read<AgentAnswer>(`${url}${path}`);
      return reason === 'BREAK' ? [name] : [];
    });
    return (await Promise.all(told)).flat();
  }

  it('tells each region what happens elsewhere, by a way of its own', async () => {
    const [connection] = world.organisations as [GenesysConnection];
    const [userId = ''] = connection.organisation.userIds;
    const agentId = connection.agentId(userId);
    const [home, near, far] = world.regions.map(({ name }) => name) as [string, string, string];
    world.weather.link(far, BUS).cut();
    connection.simulator.setUser(userId, { presence: 'Break' });
    await vi.waitFor(async () => expect(await whoKnows(agentId)).toEqual([home, near]), 20_000);
    world.weather.link(far, BUS).clear();
    await vi.waitFor(async () => expect(await whoKnows(agentId)).toEqual([home, near, far]), 20_000);
  });

  it('leaves no process and no folder behind', async () => {
    const { pids } = world.bus;
    expect(pids).toHaveLength(1);
    await world.stop();
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    expect(existsSync(world.dir)).toBe(false);
  });
});
