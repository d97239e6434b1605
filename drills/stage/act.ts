import { systemClock } from '../../src/ops/clock.ts';
import type { LocalRegion } from '../../world/region/region.ts';
import { sum } from '../../world/reports/prometheus.ts';
import { type Reading, readRegion } from '../../world/reports/reading.ts';
import { doubleBookingsIn, refusedCallsIn } from '../../world/reports/report.ts';
import type { World } from '../../world/world.ts';
import type { CallReport, Pulse } from './report.ts';

const PASSED_OVER = 'muster_claim_passed_over_total';

/** The effect of one world on its callers. */
export interface Cost {
  calls: CallReport;
  refusals: Record<string, number>;
  doubleBookings: number;
  refusedCalls: number;
}

/** One world of a drill, and its counts. */
export class Act {
  readonly world: World;
  /** Set if an instance ended unexpectedly: the end of its log. */
  died: string | undefined;
  readonly #refusals: Record<string, number> = {};
  readonly #pulse: Pulse;
  readonly #startedMs: number;
  readonly #counted = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  /** @param startedMs start of the drill, monotonic: the time line begins there */
  constructor(world: World, pulse: Pulse, startedMs: number) {
    this.world = world;
    this.#pulse = pulse;
    this.#startedMs = startedMs;
    this.#timer = setInterval(() => this.#feelPulse(), pulse.interval_ms);
    void world.death().then((lastWords) => {
      this.died = lastWords;
    });
  }

  /** Kills every instance of a region; their counts are kept. */
  async kill(region: LocalRegion): Promise<number[]> {
    this.#keep(await readRegion(region, this.world.http));
    const pids = region.instances.flatMap(({ pid }) => pid ?? []);
    await Promise.all(region.instances.map((instance) => instance.kill('SIGKILL')));
    return pids;
  }

  /** Reads the counts for the last time and ends the world. */
  async end(): Promise<Cost> {
    clearInterval(this.#timer);
    this.#feelPulse();
    try {
      for (const reading of await this.world.readings()) this.#keep(reading);
      const { doubleBookings, refusedCalls } = this;
      return { calls: this.#calls(), refusals: this.#refusals, doubleBookings, refusedCalls };
    } finally {
      await this.world.stop();
    }
  }

  get doubleBookings(): number {
    return doubleBookingsIn(this.world.connections.map((connection) => connection.state()));
  }

  get refusedCalls(): number {
    return refusedCallsIn(this.world.connections.map((connection) => connection.state()));
  }

  #keep({ samples }: Reading): void {
    const reasons = new Set(samples.flatMap(({ name, labels }) => (name === PASSED_OVER ? (labels.reason ?? []) : [])));
    for (const reason of reasons) {
      this.#refusals[reason] = (this.#refusals[reason] ?? 0) + sum(samples, PASSED_OVER, { reason });
    }
  }

  #calls(): CallReport {
    const report = { connected: 0, abandoned: 0, nobody: 0, unavailable: 0, verified: 0 };
    for (const tally of this.world.callers.tallies.values()) {
      for (const name of Object.keys(report) as (keyof CallReport)[]) report[name] += tally[name];
    }
    return report;
  }

  #feelPulse(): void {
    const at = Math.floor((systemClock.monotonicMs() - this.#startedMs) / this.#pulse.interval_ms);
    for (const [region, { granted }] of this.world.callers.tallies) {
      const series = this.#pulse.granted[region] ?? [];
      this.#pulse.granted[region] = series;
      while (series.length <= at) series.push(0);
      series[at] = (series[at] ?? 0) + granted - (this.#counted.get(region) ?? 0);
      this.#counted.set(region, granted);
    }
  }
}
