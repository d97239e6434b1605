import { PlatformCounts } from '../../src/ops/platform-counts.ts';
import type { PlatformConnection, PlatformContext, PlatformHealth } from '../../src/platforms/platform.ts';
import { Connections } from '../../src/sync/mirroring/connections.ts';
import type { MemorySync } from './memory-sync.ts';

export const DAY_MS = 86_400_000;
export const FORGET_AFTER_MS = 10 * DAY_MS;

/** A connection with a platform that says what a test has it say. */
export class FakeConnection implements PlatformConnection {
  /** Through this it reports. */
  readonly context: PlatformContext;
  readonly instance: string;
  now: PlatformHealth = { connected: true, agents: 0 };
  isRunning = false;
  /** How often it was asked to read everything. */
  readings = 0;
  /** What it still has to do before it has stopped. */
  beforeStop: () => Promise<unknown> = async () => undefined;

  constructor(context: PlatformContext, instance: string) {
    this.context = context;
    this.instance = instance;
  }

  start(): void {
    this.isRunning = true;
  }

  readNow(): void {
    this.readings += 1;
  }

  async stop(): Promise<void> {
    await this.beforeStop();
    this.isRunning = false;
  }

  health(): PlatformHealth {
    return this.now;
  }
}

/** One instance of a region, and the connections that it has opened so far. */
export interface TestInstance {
  connections: Connections;
  opened: FakeConnection[];
  /** The one of that name that was opened last. */
  open(name: string): FakeConnection;
}

/** @param names of the connections that are homed in the region */
export function instanceOf(sync: MemorySync, instance: string, names: string[]): TestInstance {
  const opened: FakeConnection[] = [];
  const connections = new Connections({
    connections: names.map((name) => ({
      ...{ name, title: `Platform of ${name}`, domain: 'main' },
      budget: { take: async () => undefined, takeNow: async () => true, refused: () => undefined, accepted() {} },
      open(context) {
        const connection = new FakeConnection(context, instance);
        opened.push(connection);
        return connection;
      },
    })),
    ...{ store: sync.open(), ingest: sync.ingest, setAside: sync.setAside, region: 'eu', instance },
    config: sync.config,
    ...{ readingIntervalMs: 60_000, forgetAfterMs: FORGET_AFTER_MS },
    ...{ clock: sync.clock, log: sync.log, metrics: sync.metrics },
    counts: new PlatformCounts(sync.metrics, sync.log),
  });
  const open = (name: string): FakeConnection => {
    const found = opened.findLast(({ context }) => context.connection === name);
    if (!found) throw new Error(`${instance} has never opened ${name}`);
    return found;
  };
  return { connections, opened, open };
}
