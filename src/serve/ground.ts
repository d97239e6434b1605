import type { Config } from '../config/schema.ts';
import type { Audit } from '../ops/audit.ts';
import type { Build } from '../ops/build.ts';
import type { Clock } from '../ops/clock.ts';
import type { History } from '../ops/history.ts';
import type { Log } from '../ops/log.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { PlatformCounts } from '../ops/platform-counts.ts';
import type { Store } from '../store/store.ts';
import type { HostWatch } from '../sync/freshness/host-watch.ts';
import type { Access } from './access.ts';

/** The dependencies that all parts of an instance share. */
export interface Ground {
  config: Config;
  build: Build;
  instance: string;
  clock: Clock;
  /** Whether the host of this instance stands still. */
  host: HostWatch;
  log: Log;
  /** Undefined if no history is written. */
  history: History | undefined;
  audit: Audit;
  access: Access;
  metrics: Metrics;
  counts: PlatformCounts;
  store: Store;
}

/** The dependencies of a bus. */
export type BusReader = Pick<Ground, 'config' | 'instance' | 'clock' | 'log'>;
