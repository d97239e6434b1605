import type { ConnectionConfig } from '../config/schema.ts';
import type { Clock } from '../ops/clock.ts';
import { createCxoneConnection } from '../platforms/cxone/connection.ts';
import { createCxonePushReader } from '../platforms/cxone/push.ts';
import { createCxoneReader } from '../platforms/cxone/reader.ts';
import { readingShares } from '../platforms/cxone/settings.ts';
import { createGenesysConnection } from '../platforms/genesys/connection.ts';
import { createGenesysPushReader } from '../platforms/genesys/push.ts';
import { createGenesysReader } from '../platforms/genesys/reader.ts';
import { DEFAULT_REQUESTS_PER_MINUTE } from '../platforms/genesys/settings.ts';
import type {
  PlatformConnection,
  PlatformContext,
  PlatformReader,
  PushReader,
  ReaderContext,
} from '../platforms/platform.ts';
import type { Ingest } from '../sync/flow/ingest.ts';
import type { SetAside } from '../sync/flow/set-aside.ts';
import { Connections } from '../sync/mirroring/connections.ts';
import { forgetAfterMs } from '../sync/upkeep/expiry.ts';
import { budgetOf } from './budgets.ts';
import type { Ground } from './ground.ts';

/** What people call the platforms. */
const TITLES: Record<ConnectionConfig['platform'], string> = {
  genesys: 'Genesys Cloud',
  cxone: 'NICE CXone',
  events: 'events',
};

/** The connections homed here, ready to be run by whichever instance is given the lease. */
export function platformConnections(ground: Ground, ingest: Ingest, setAside: SetAside): Connections {
  const { config, clock } = ground;
  const homed = Object.entries(config.connections).flatMap(([name, settings]) => {
    const open = opener(settings, clock);
    if (settings.home !== config.region || !open) return [];
    const readings = settings.platform === 'cxone' ? readingShares(settings) : undefined;
    const budget = budgetOf(ground, name, limitOf(settings), 'mirror', readings);
    return [{ name, title: TITLES[settings.platform], domain: settings.domain, budget, open }];
  });
  return new Connections({
    ...ground,
    region: config.region,
    ingest,
    setAside,
    connections: homed,
    readingIntervalMs: config.reconcile.intervalMs,
    forgetAfterMs: forgetAfterMs(config),
  });
}

/** One reader for every connection that has a platform to ask, wherever it is homed. */
export function platformReaders(ground: Ground): Map<string, PlatformReader> {
  const { config, clock, log, counts } = ground;
  const readers = new Map<string, PlatformReader>();
  for (const [connection, settings] of Object.entries(config.connections)) {
    const count = counts.of(connection);
    const budget = budgetOf(ground, connection, limitOf(settings), 'reader');
    const context = { connection, budget, log: log.child({ connection }), count };
    const reader = createReader(settings, context, clock);
    if (reader) readers.set(connection, reader);
  }
  return readers;
}

/** Requests a minute that a region may send to the platform. */
function limitOf(settings: ConnectionConfig): number {
  if (settings.platform === 'events') return 0;
  return settings.requestsPerMinute ?? DEFAULT_REQUESTS_PER_MINUTE;
}

/** How a connection of these settings is made, each time anew; undefined where there is no platform to connect to. */
function opener(
  settings: ConnectionConfig,
  clock: Clock,
): ((context: PlatformContext) => PlatformConnection) | undefined {
  switch (settings.platform) {
    case 'genesys':
      return (context) => createGenesysConnection(settings, context, clock);
    case 'cxone':
      return (context) => createCxoneConnection(settings, context, clock);
    case 'events':
      return undefined;
  }
}

function createReader(settings: ConnectionConfig, context: ReaderContext, clock: Clock): PlatformReader | undefined {
  switch (settings.platform) {
    case 'genesys':
      return createGenesysReader(settings, context, clock);
    case 'cxone':
      return createCxoneReader(settings, context, clock);
    case 'events':
      return undefined;
  }
}

/** One reader for every connection whose platform may push, wherever it is homed. */
export function pushReaders({ config, counts }: Ground): Map<string, PushReader> {
  const readers = new Map<string, PushReader>();
  for (const [connection, settings] of Object.entries(config.connections)) {
    const context = { connection, count: counts.of(connection) };
    if (settings.platform === 'events' || !settings.push) continue;
    const isGenesys = settings.platform === 'genesys';
    readers.set(connection, isGenesys ? createGenesysPushReader(settings, context) : createCxonePushReader(context));
  }
  return readers;
}
