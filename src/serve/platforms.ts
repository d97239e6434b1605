import type { Agents } from '../cache/agents.ts';
import { createGenesysConnection } from '../platforms/genesys/connection.ts';
import { createGenesysReader } from '../platforms/genesys/reader.ts';
import type { PlatformContext, PlatformReader } from '../platforms/platform.ts';
import { Connections } from '../sync/connections.ts';
import type { Ingest } from '../sync/ingest.ts';
import type { Ground } from './sync.ts';

/** The connections homed here, ready to be run by whichever instance is given the lease. */
export function platformConnections(ground: Ground, agents: Agents, ingest: Ingest): Connections {
  const { config, clock, store } = ground;
  const homed = Object.entries(config.connections).flatMap(([name, settings]) => {
    if (settings.home !== config.region || settings.platform !== 'genesys') return [];
    const { domain } = settings;
    return [{ name, domain, open: (context: PlatformContext) => createGenesysConnection(settings, context, clock) }];
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
export function platformReaders({ config, clock, log, counts }: Ground): Map<string, PlatformReader> {
  const readers = new Map<string, PlatformReader>();
  for (const [connection, settings] of Object.entries(config.connections)) {
    if (settings.platform !== 'genesys') continue;
    const context = { connection, log: log.child({ connection }), count: counts.of(connection) };
    readers.set(connection, createGenesysReader(settings, context, clock));
  }
  return readers;
}
