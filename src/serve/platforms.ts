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

type Platform = ConnectionConfig['platform'];
type SettingsOf<P extends Platform> = Extract<ConnectionConfig, { platform: P }>;

/** The parts of one platform. Each platform needs a row in `PLATFORMS`. */
interface PlatformParts<Settings> {
  /** Name for people. */
  title: string;
  /** Requests per minute that a region may send. */
  requestsPerMinute(settings: Settings): number;
  /** Shares of the requests that full reads may use; absent: all. */
  readingShares?(settings: Settings): ReturnType<typeof readingShares>;
  connect(settings: Settings, context: PlatformContext, clock: Clock): PlatformConnection;
  createReader(settings: Settings, context: ReaderContext, clock: Clock): PlatformReader;
  createPushReader(settings: Settings, context: PushContext): PushReader;
}

type PushContext = Parameters<typeof createCxonePushReader>[0];

/** `events` has no platform to connect to. */
const PLATFORMS: { [P in Exclude<Platform, 'events'>]: PlatformParts<SettingsOf<P>> } = {
  genesys: {
    title: 'Genesys Cloud',
    requestsPerMinute: ({ requestsPerMinute = DEFAULT_REQUESTS_PER_MINUTE }) => requestsPerMinute,
    connect: createGenesysConnection,
    createReader: createGenesysReader,
    createPushReader: createGenesysPushReader,
  },
  cxone: {
    title: 'NICE CXone',
    requestsPerMinute: ({ requestsPerMinute }) => requestsPerMinute,
    readingShares,
    connect: createCxoneConnection,
    createReader: createCxoneReader,
    createPushReader: (_, context) => createCxonePushReader(context),
  },
};

type PlatformSettings = SettingsOf<keyof typeof PLATFORMS>;

/** The parts of a connection's platform. */
const partsOf = ({ platform }: PlatformSettings) => PLATFORMS[platform] as PlatformParts<PlatformSettings>;

/** Connections with a platform, by name. */
function withPlatform({ connections }: Ground['config']): [name: string, settings: PlatformSettings][] {
  return Object.entries(connections).flatMap(([name, settings]) =>
    settings.platform === 'events' ? [] : [[name, settings] as [string, PlatformSettings]],
  );
}

/** The connections homed here; each runs on the instance that holds its lease. */
export function platformConnections(ground: Ground, ingest: Ingest, setAside: SetAside): Connections {
  const { config, clock } = ground;
  const homed = withPlatform(config)
    .filter(([, { home }]) => home === config.region)
    .map(([name, settings]) => {
      const parts = partsOf(settings);
      const budget = budgetOf(
        ground,
        name,
        parts.requestsPerMinute(settings),
        'mirror',
        parts.readingShares?.(settings),
      );
      const open = (context: PlatformContext) => parts.connect(settings, context, clock);
      return { name, title: parts.title, domain: settings.domain, budget, open };
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

/** A platform reader for each connection with a platform, wherever it is homed. */
export function platformReaders(ground: Ground): Map<string, PlatformReader> {
  const { config, clock, log, counts } = ground;
  const readers = new Map<string, PlatformReader>();
  for (const [connection, settings] of withPlatform(config)) {
    const parts = partsOf(settings);
    const budget = budgetOf(ground, connection, parts.requestsPerMinute(settings), 'reader');
    const context = { connection, budget, log: log.child({ connection }), count: counts.of(connection) };
    readers.set(connection, parts.createReader(settings, context, clock));
  }
  return readers;
}

/** A push reader for each connection with `push`, wherever it is homed. */
export function pushReaders({ config, counts }: Ground): Map<string, PushReader> {
  const readers = new Map<string, PushReader>();
  for (const [connection, settings] of withPlatform(config)) {
    if (!settings.push) continue;
    const context = { connection, count: counts.of(connection) };
    readers.set(connection, partsOf(settings).createPushReader(settings, context));
  }
  return readers;
}
