import type { Agents } from '../cache/agents.ts';
import { createGenesysConnection } from '../platforms/genesys/connection.ts';
import { createGenesysPushReader } from '../platforms/genesys/push.ts';
import { createGenesysReader } from '../platforms/genesys/reader.ts';
import { DEFAULT_REQUESTS_PER_MINUTE } from '../platforms/genesys/settings.ts';
import type { PlatformContext, PlatformReader, PushReader } from '../platforms/platform.ts';
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
  const { config, clock, log, counts } = ground;
  const readers = new Map<string, PlatformReader>();
  for (const [connection, settings] of Object.entries(config.connections)) {
    if (settings.platform !== 'genesys') continue;
    const count = counts.of(connection);
    const { requestsPerMinute = DEFAULT_REQUESTS_PER_MINUTE } = settings;
    const budget = budgetOf(ground, connection, requestsPerMinute, 'reader');
    readers.set(
      connection,
      createGenesysReader(settings, { connection, budget, log: log.child({ connection }), count }, clock),
    );
  }
  return readers;
}

/** One reader for every connection whose platform may push, wherever it is homed. */
export function pushReaders({ config, counts }: Ground): Map<string, PushReader> {
  const readers = new Map<string, PushReader>();
  for (const [connection, settings] of Object.entries(config.connections)) {
    const context = { connection, count: counts.of(connection) };
    if (settings.platform === 'genesys' && settings.push)
      readers.set(connection, createGenesysPushReader(settings, context));
  }
  return readers;
}
