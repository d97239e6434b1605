import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';

/** Counts an anomaly by its kind, with an optional value. */
type Count = (kind: string, value?: string) => void;

const UNKNOWN_VALUE = 'unknown_value';
/** Distinct unknown values that are counted for each connection; all others count as `other`. */
const LIMIT = 100;
const BEYOND = 'other';

/**
 * The anomaly counts of all connections of an instance. An unknown value, given as `field:VALUE`, is also logged once for
 * each connection.
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

  /** @returns the label value: the value itself, or `other` beyond the limit, which bounds memory and series */
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
