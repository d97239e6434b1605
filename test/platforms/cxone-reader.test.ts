import type { CxoneSimulator } from '@muster/simulators/cxone/interface';
import type { SimulatorOptions } from '@muster/simulators/cxone/options';
import { startCxoneSimulator } from '@muster/simulators/cxone/simulator';
import { afterEach, describe, expect, it } from 'vitest';
import type { Facets } from '../../src/agent/facets.ts';
import { merge } from '../../src/agent/merge.ts';
import { statusOf } from '../../src/agent/status.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { Budget } from '../../src/platforms/budget.ts';
import { createCxoneReader } from '../../src/platforms/cxone/reader.ts';
import type { PlatformReader } from '../../src/platforms/platform.ts';
import { liveWorld, settingsFor } from './cxone-recorder.ts';
import { endWorlds } from './recorder.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  await endWorlds();
});

function readerOf(simulator: CxoneSimulator, perMinute = 1_000): { reader: PlatformReader; counts: string[] } {
  const counts: string[] = [];
  const context = {
    connection: 'cxone-test',
    budget: new Budget(systemClock, perMinute),
    log: { info: () => {}, warn: () => {} },
    count: (name: string) => counts.push(name),
  };
  const reader = createCxoneReader(settingsFor(simulator), context, systemClock);
  ends.push(() => reader.close());
  return { reader, counts };
}

async function business(options: Partial<SimulatorOptions> = {}): Promise<CxoneSimulator> {
  const timings = { lagFromMs: 0, lagToMs: 0 };
  const simulator = await startCxoneSimulator({ agents: 3, omnichannel: 0, paused: true, timings, ...options });
  ends.push(() => simulator.stop());
  return simulator;
}

const ask = async (reader: PlatformReader, id: string): Promise<Facets> => {
  const reports = await reader.read([`cxone-test:${id}`], AbortSignal.timeout(5_000));
  for (const { agentId } of reports) expect(agentId).toBe(`cxone-test:${id}`);
  return reports.reduce<Facets>((facets, report) => merge(facets, report.facets).facets, {});
};
const statusIn = (facets: Facets): string => statusOf(facets, systemClock.nowMs()).status;

describe('a reader', () => {
  it('says what the platform says of an agent now, in the older words of that call', async () => {
    const simulator = await business();
    const { reader } = readerOf(simulator);
    await reader.prepare();
    simulator.setUser('1001', { agentStateId: 1 });
    expect(statusIn(await ask(reader, '1001'))).toBe('AVAILABLE');
    simulator.setUser('1001', { agentStateId: 2, outStateId: 402 });
    expect(await ask(reader, '1001')).toMatchObject({ presence: { state: 'PAUSED', reason: 'LUNCH' } });
    simulator.setUser('1001', { agentStateId: 0 });
    expect(statusIn(await ask(reader, '1001'))).toBe('OFFLINE');
  });

  it('says the same of the same fact as the connection does', async () => {
    const { simulator, recorder, agentId } = await liveWorld();
    simulator.setUser(agentId, { agentStateId: 1 });
    await recorder.until(() => recorder.status(agentId).status === 'AVAILABLE');
    const { presence, activity } = recorder.facets(agentId);
    expect(await ask(readerOf(simulator).reader, agentId)).toEqual({ presence, activity });
  });

  it('tells of the contacts of an agent who has some', async () => {
    const habits = { missesCall: 0, answerFromMs: 0, answerToMs: 0, digitalMs: 60_000 };
    const simulator = await business({ omnichannel: 1, habits });
    const { reader } = readerOf(simulator);
    simulator.setUser('1001', { agentStateId: 1 });
    simulator.send({ conversationId: '77', userId: '1001', mediaType: 'chat' });
    expect(await ask(reader, '1001')).toMatchObject({ interactions: { byCall: { 77: { media: 'chat' } } } });
  });

  it('takes for gone whom the platform does not have, and leaves out who cannot be one of its agents', async () => {
    const { reader } = readerOf(await business());
    expect(await ask(reader, '999999')).toMatchObject({ presence: { state: 'OFF_DUTY', reason: 'LOGGED_OUT' } });
    expect(await ask(reader, 'no-number')).toEqual({});
  });

  it('takes nobody for gone while the platform is unwell', async () => {
    const simulator = await business();
    const { reader } = readerOf(simulator);
    await reader.prepare();
    simulator.faults({ unavailableNext: 1 });
    await expect(ask(reader, '1001')).rejects.toThrow('503');
    simulator.faults({ missingScopes: ['RealTimeDataAPI'] });
    await expect(ask(reader, '1001')).rejects.toThrow('403');
  });

  it('does not wait for its turn', async () => {
    const { reader, counts } = readerOf(await business(), 1);
    await ask(reader, '1001');
    await expect(ask(reader, '1002')).rejects.toThrow('used up');
    expect(counts).toEqual(['out_of_budget']);
  });
});
