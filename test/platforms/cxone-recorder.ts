import type { CxoneSimulator } from '@muster/simulators/cxone/interface';
import type { SimulatorOptions } from '@muster/simulators/cxone/options';
import { startCxoneSimulator } from '@muster/simulators/cxone/simulator';
import { createCxoneConnection } from '../../src/platforms/cxone/connection.ts';
import type { CxoneSettings } from '../../src/platforms/cxone/settings.ts';
import { endsLater, Recorder } from './recorder.ts';

export const CONNECTION = 'cxone-test';
export const AGENTS = 12;

/** Asks as often as a test needs. */
const QUICK: Omit<CxoneSettings, 'issuerUrl' | 'clientId' | 'clientSecret' | 'accessKeyId' | 'accessKeySecret'> = {
  apiVersion: 34,
  pollIntervalMs: 30,
  requestsPerMinute: 100_000,
  pageSize: 1000,
};

export const settingsFor = (simulator: CxoneSimulator, settings: Partial<CxoneSettings> = {}): CxoneSettings => ({
  issuerUrl: simulator.url,
  ...simulator.credentials,
  ...QUICK,
  ...settings,
});

interface Given {
  options?: Partial<SimulatorOptions>;
  settings?: Partial<CxoneSettings>;
  readingIntervalMs?: number;
}

/** A business unit where nobody acts of their own accord, and a connection to it that has not begun. */
export async function world({ options = {}, settings = {}, readingIntervalMs = 60_000 }: Given = {}) {
  const simulator = await startCxoneSimulator({
    agents: AGENTS,
    queues: 3,
    omnichannel: 0,
    paused: true,
    requestsPerMinute: 1_000_000,
    timings: { lagFromMs: 1, lagToMs: 5 },
    ...options,
  });
  const given = settingsFor(simulator, settings);
  const recorder = new Recorder({
    name: CONNECTION,
    readingIntervalMs,
    requestsPerMinute: given.requestsPerMinute,
    open: (context, clock) => createCxoneConnection(given, context, clock),
  });
  endsLater(simulator, recorder);
  return { simulator, recorder };
}

/** The same, live, with somebody to look at. */
export async function liveWorld(given: Given = {}) {
  const { simulator, recorder } = await world(given);
  await recorder.live();
  return { simulator, recorder, agentId: simulator.users()[0]?.id ?? '' };
}

/** Whether the mirror and the business unit agree on an agent without contacts: status, queues, times. */
function agree(recorder: Recorder, simulator: CxoneSimulator, agentId: string): boolean {
  const { available, agentStateId, name, queueIds, since } = simulator.user(agentId);
  const status = available ? 'AVAILABLE' : agentStateId === 0 ? 'OFFLINE' : 'BUSY';
  return recorder.agreesWith({ userId: agentId, name, status, queueIds, presenceSince: since, activitySince: since });
}

export const allAgree = (recorder: Recorder, simulator: CxoneSimulator) =>
  recorder.userIds().length === simulator.state().agents &&
  recorder.userIds().every((agentId) => agree(recorder, simulator, agentId));
