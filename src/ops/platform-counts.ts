import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

/** Counts what happens on the way to a platform, by name. */
type Count = (kind: string, value?: string) => void;

const UNKNOWN_VALUE = 'unknown_value';
/** Values of one connection that are told apart; whoever sends more is not listening. */
const LIMIT = 100;
const BEYOND = 'other';

/**
 * The counts of all connections of an instance, whether a connection, a reader or whoever else counts. A value that
 * nobody has met before, told as `field:VALUE`, is also logged: once per connection, however often it comes.
 */
export class PlatformCounts {
  readonly #metrics: Pick<Metrics, 'platformAnomalies'>;
  readonly #log: Pick<Log, 'warn'>;
  readonly #met = new Map<string, Set<string>>();

  constructor(metrics: Pick<Metrics, 'platformAnomalies'>, log: Pick<Log, 'warn'>) {
    this.#metrics = metrics;
    this.#log = log;
  }

  of(connection: string): Count {
    return (kind, value = '') => {
      const told = kind === UNKNOWN_VALUE ? this.#meet(connection, value) : value;
      this.#metrics.platformAnomalies.inc({ connection, kind, value: told });
    };
  }

  /** @returns what it is counted as: memory and series are bounded, whatever a platform sends */
  #meet(connection: string, value: string): string {
    const met = this.#met.get(connection) ?? new Set();
    this.#met.set(connection, met);
    if (met.has(value)) return value;
    const isBeyond = met.size >= LIMIT;
    const name = isBeyond ? BEYOND : value;
    if (!met.has(name)) {
      met.add(name);
      this.#log.warn('platform_value_unknown', { connection, value, ...(isBeyond && { last: true }) });
    }
    return name;
  }
}
