import type { Agents } from '../cache/agents.ts';
import { createCxonePushReader } from '../platforms/cxone/push.ts';
import { createGenesysConnection } from '../platforms/genesys/connection.ts';
import { createGenesysPushReader } from '../platforms/genesys/push.ts';
import { createGenesysReader } from '../platforms/genesys/reader.ts';
import { DEFAULT_REQUESTS_PER_MINUTE } from '../platforms/genesys/settings.ts';
import type { PlatformContext, PlatformReader, PushContext, PushReader } from '../platforms/platform.ts';
import { Connections } from '../sync/connections.ts';
import type { Ingest } from '../sync/ingest.ts';
import { budgetOf } from './budgets.ts';
import type { Ground } from './sync.ts';

/** The connections homed here, ready to be run by whichever instance is given the lease. */
export function platformConnections(ground: Ground, agents: Agents, ingest: Ingest): Connections {
  const { config, clock, store } = ground;
  const homed = Object.entries(config.connections).flatMap(([name, settings]) => {
    if (settings.home !== config.region || settings.platform !== 'genesys') return [];
    const { domain, requestsPerMinute = DEFAULT_REQUESTS_PER_MINUTE } = settings;
    const budget = budgetOf(ground, name, requestsPerMinute, 'mirror');
    const open = (context: PlatformContext) => createGenesysConnection(settings, context, clock);
    return [{ name, domain, budget, open }];
  });
  return new Connections({
    ...ground,
    region: config.region,
    cluster: store.cluster,
    agents,
    ingest,
    connections: homed,
    readingIntervalMs: config.reconcile.intervalMs,
  });
}

/** One reader for every connection that has a platform to ask, wherever it is homed. */
export function platformReaders(ground: Ground): Map<string, PlatformReader> {
  const { config, clock, log, metrics } = ground;
  const readers = new Map<string, PlatformReader>();
  for (const [connection, settings] of Object.entries(config.connections)) {
    if (settings.platform !== 'genesys') continue;
    const count = (event: string, value = '') => metrics.platform.inc({ connection, event, value });
    const { requestsPerMinute = DEFAULT_REQUESTS_PER_MINUTE } = settings;
    const budget = budgetOf(ground, connection, requestsPerMinute, 'reader');
    readers.set(
      connection,
      createGenesysReader(settings, { connection, budget, log: log.child({ connection }), count }, clock),
    );
  }
  return readers;
}

const PUSH_READERS: Record<string, (context: PushContext) => PushReader> = {
  genesys: createGenesysPushReader,
  cxone: createCxonePushReader,
};

/** One reader for every connection whose platform may push, wherever it is homed. */
export function pushReaders({ config, metrics }: Ground): Map<string, PushReader> {
  const readers = new Map<string, PushReader>();
  for (const [connection, settings] of Object.entries(config.connections)) {
    const create = PUSH_READERS[settings.platform];
    if (!create || !('push' in settings) || !settings.push) continue;
    const count = (event: string, value = '') => metrics.platform.inc({ connection, event, value });
    readers.set(connection, create({ connection, count }));
  }
  return readers;
}
