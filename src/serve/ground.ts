import type { Config } from '../config/schema.ts';
import type { Audit } from '../ops/audit.ts';
import type { Clock } from '../ops/clock.ts';
import type { History } from '../ops/history.ts';
import type { Log } from '../ops/log.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { PlatformCounts } from '../ops/platform-counts.ts';
import type { Store } from '../store/store.ts';
import type { Access } from './access.ts';

/** What every part of an instance stands on. */
export interface Ground {
  config: Config;
  instance: string;
  clock: Clock;
  log: Log;
  /** Absent where no history is kept. */
  history: History | undefined;
  audit: Audit;
  access: Access;
  metrics: Metrics;
  counts: PlatformCounts;
  store: Store;
}

/** What a bus is made from. */
export type BusReader = Pick<Ground, 'config' | 'instance' | 'clock' | 'log'>;
