import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import type { SimulatorOptions } from '@muster/simulators/genesys/options';
import { startGenesysSimulator } from '@muster/simulators/genesys/simulator';
import { createGenesysConnection } from '../../src/platforms/genesys/connection.ts';
import type { GenesysSettings } from '../../src/platforms/genesys/settings.ts';
import { endsLater, Recorder } from './recorder.ts';

export const CONNECTION = 'genesys-test';
export const AGENTS = 12;
export const QUICK = { lagFromMs: 1, lagToMs: 5 };
/** What Genesys Cloud allows a token, less a reserve. */
const REQUESTS_PER_MINUTE = 180;

/** An organisation where no agent acts on their own, and a connection to it that has not begun. */
export async function world(
  options: Partial<SimulatorOptions> = {},
  settings: Partial<GenesysSettings> = {},
  readingIntervalMs = 60_000,
) {
  const simulator = await startGenesysSimulator({
    agents: AGENTS,
    queues: 3,
    paused: true,
    timings: QUICK,
    requestsPerMinute: 10_000,
    ...options,
  });
  const access = { loginUrl: simulator.url, apiUrl: simulator.url, ...simulator.credentials };
  const recorder = new Recorder({
    name: CONNECTION,
    readingIntervalMs,
    requestsPerMinute: REQUESTS_PER_MINUTE,
    open: (context, clock) => createGenesysConnection({ ...access, ...settings }, context, clock),
  });
  endsLater(simulator, recorder);
  return { simulator, recorder };
}

export async function liveWorld(
  options: Partial<SimulatorOptions> = {},
  settings: Partial<GenesysSettings> = {},
  readingIntervalMs?: number,
) {
  const { simulator, recorder } = await world(options, settings, readingIntervalMs);
  await recorder.live();
  return { simulator, recorder, userId: recorder.userIds()[0] ?? '' };
}

/** Whether the mirror and the organisation agree on a user: status, queues, times. */
function agree(recorder: Recorder, simulator: GenesysSimulator, userId: string): boolean {
  const { available, presence, routingStatusSince, ...user } = simulator.user(userId);
  const status = available ? 'AVAILABLE' : presence === 'Offline' ? 'OFFLINE' : 'BUSY';
  return recorder.agreesWith({ ...user, userId, status, activitySince: routingStatusSince });
}

export const allAgree = (recorder: Recorder, simulator: GenesysSimulator) =>
  recorder.userIds().length === simulator.state().agents &&
  recorder.userIds().every((userId) => agree(recorder, simulator, userId));
