import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import type { SimulatorOptions } from '@muster/simulators/genesys/options';
import { startGenesysSimulator } from '@muster/simulators/genesys/simulator';
import { SEVERAL } from '@muster/simulators/genesys/utilization';
import { afterEach, describe, expect, it } from 'vitest';
import { merge } from '../../src/agent/merge.ts';
import { statusOf } from '../../src/agent/status.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { Budget } from '../../src/platforms/budget.ts';
import { createGenesysReader } from '../../src/platforms/genesys/reader.ts';
import type { GenesysSettings } from '../../src/platforms/genesys/settings.ts';
import type { PlatformReader } from '../../src/platforms/platform.ts';
import { GenesysClient, until } from '../simulators/genesys-client.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(options: Partial<SimulatorOptions> = {}, settings: Partial<GenesysSettings> = {}) {
  const habits = { missesCall: 0, answerFromMs: 1, answerToMs: 1, talkMs: 60_000 };
  const simulator = await startGenesysSimulator({ agents: 3, paused: true, habits, ...options });
  ends.push(() => simulator.stop());
  const access = { loginUrl: simulator.url, apiUrl: simulator.url, ...simulator.credentials };
  const log = { info: () => {}, warn: () => {} };
  const reader = createGenesysReader(
    { ...access, ...settings },
    { connection: 'emea', budget: new Budget(systemClock, 100), log, count: () => {} },
    systemClock,
  );
  ends.push(() => reader.close());
  const client = await GenesysClient.login(simulator);
  const userId: string = (await client.get('/api/v2/users')).body.entities[0].id;
  return { simulator, reader, client, userId };
}

/** What the reader says of the agent; undefined where it says nothing. */
async function said(reader: PlatformReader, userId: string): Promise<string | undefined> {
  const reports = await reader.read([`emea:${userId}`], new AbortController().signal);
  if (reports.length === 0) return undefined;
  const facets = reports.reduce((now, report) => merge(now, report.facets).facets, {});
  const { status, reason } = statusOf(facets, systemClock.nowMs());
  return reason ? `${status} ${reason}` : status;
}

async function talk(simulator: GenesysSimulator, userId: string, mediaType: 'call' | 'chat'): Promise<void> {
  simulator.setUser(userId, { presence: 'On Queue' });
  simulator.send({ conversationId: 'c1', userId, mediaType });
  await until(() => expect(simulator.user(userId).routingStatus).toBe('INTERACTING'));
}

describe('a reader', () => {
  it('says what the platform says of an agent, and that one it does not have is gone', async () => {
    const { simulator, reader, userId } = await start();
    simulator.setUser(userId, { presence: 'On Queue' });
    expect(await said(reader, userId)).toBe('AVAILABLE');
    await talk(simulator, userId, 'call');
    expect(await said(reader, userId)).toBe('BUSY ON_CALL');
    expect(await said(reader, 'nobody')).toBe('OFFLINE INACTIVE');
  });

  it('shows a presence of the organisation’s own as the config says', async () => {
    const { client: before } = await start();
    const { entities } = (await before.get('/api/v2/presence/definitions')).body;
    const { id } = entities.find(({ name }: { name: string }) => name === 'Coffee');
    const presences = { [id]: { reason: 'COFFEE', state: 'OFF_DUTY' as const } };
    const { reader, client, userId } = await start({}, { presences });
    await client.call('PATCH', `/api/v2/users/${userId}/presences/purecloud`, { presenceDefinition: { id } });
    expect(await said(reader, userId)).toBe('OFFLINE COFFEE');
  });

  it('says nothing of an agent whose halves do not agree', async () => {
    const { simulator, reader, userId } = await start();
    simulator.setUser(userId, { presence: 'On Queue', routingStatus: 'OFF_QUEUE' });
    expect(await said(reader, userId)).toBeUndefined();
  });

  it('says nothing of an agent who may carry more beside the work counted: it does not know which that is', async () => {
    const { simulator, reader, userId } = await start({ utilization: SEVERAL }, { utilization: true });
    simulator.setUser(userId, { presence: 'On Queue' });
    expect(await said(reader, userId)).toBe('AVAILABLE');
    await talk(simulator, userId, 'chat');
    expect(await said(reader, userId)).toBeUndefined();
  });
});
