import { type Clock, type ClockReading, uptimeMs } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { Metrics } from '../../ops/metrics.ts';
import { BOOT_TIME, Standstill } from './standstill.ts';

interface HostWatchOptions {
  clock: Clock;
  log: Log;
  metrics: Pick<Metrics, 'hostStandstills'>;
  /** Default: that of the host. */
  uptimeMs?: () => number;
}

const EVERY_MS = 1000;
/** How long a standstill is shown in warnings, in ms. */
const WARN_MS = 600_000;

/**
 * Watches whether this instance's host stands still together with its monotonic clock, by which ages are proven. Whoever reads
 * another clock reports the reading here; boot time is read once a second.
 */
export class HostWatch {
  /** Number of standstills so far. */
  count = 0;
  readonly #options: HostWatchOptions;
  readonly #standstill = new Standstill();
  readonly #listeners: (() => void)[] = [];
  #last: { atMs: number; reference: string; atLeastMs: number } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HostWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#readBootTime();
    this.#timer = setInterval(() => this.#readBootTime(), EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Calls the listener after each standstill, at once: nothing measured before with the monotonic clock counts. */
  onStandstill(listener: () => void): void {
    this.#listeners.push(listener);
  }

  read(reading: ClockReading): void {
    const found = this.#standstill.read(reading);
    if (!found) return;
    const { clock, log, metrics } = this.#options;
    const { reference } = found;
    if (found.kind === 'leapt') {
      this.#last = undefined;
      log.warn('reference_clock_leapt', { reference, by_ms: Math.round(found.byMs) });
      return;
    }
    this.count += 1;
    this.#last = { atMs: clock.monotonicMs(), reference, atLeastMs: found.atLeastMs };
    metrics.hostStandstills.inc();
    for (const listener of this.#listeners) listener();
    log.warn('host_stood_still', { reference, at_least_ms: Math.round(found.atLeastMs) });
  }

  /** The last standstill, for 10 minutes. */
  warnings(): string[] {
    const agoMs = this.#options.clock.monotonicMs() - (this.#last?.atMs ?? Number.NEGATIVE_INFINITY);
    if (!this.#last || agoMs > WARN_MS) return [];
    const [lasted, ago] = [(this.#last.atLeastMs / 1000).toFixed(1), Math.round(agoMs / 1000)];
    return [
      `the host of this instance stood still for at least ${lasted} s, found ${ago} s ago by ${this.#last.reference}`,
    ];
  }

  #readBootTime(): void {
    const { clock, uptimeMs: bootTimeMs = uptimeMs } = this.#options;
    const startedMs = clock.monotonicMs();
    const otherMs = bootTimeMs();
    const steadyMs = clock.monotonicMs();
    this.read({ reference: BOOT_TIME, steadyMs, otherMs, roundTripMs: steadyMs - startedMs });
  }
}
