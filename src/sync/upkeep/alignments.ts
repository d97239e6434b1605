import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { Metrics } from '../../ops/metrics.ts';
import type { Aligned, Misplacement, Store } from '../../store/store.ts';
import { DomainChecks } from './domain-checks.ts';

/** The result of the last index check of a domain. */
export interface AlignmentReport extends Aligned {
  instance: string;
  /** When it ended, in ms of local wall time. */
  atMs: number;
  tookMs: number;
}

interface AlignmentsOptions {
  store: Pick<Store, 'align' | 'leases' | 'notes'>;
  config: Config;
  instance: string;
  clock: Clock;
  log: Log;
  metrics: Metrics;
}

const LOOK_EVERY_MS = 500;
const FIELD = 'alignment';

/** Runs index checks: in every region, each domain on one instance, at the interval of reconciliation. */
export class Alignments {
  readonly #options: AlignmentsOptions;
  readonly #domains: string[];
  readonly #checks: DomainChecks;

  constructor(options: AlignmentsOptions) {
    const { config, log, metrics } = options;
    this.#options = options;
    this.#domains = Object.keys(config.domains).sort();
    this.#checks = new DomainChecks({
      ...options,
      domains: this.#domains,
      work: 'alignments',
      lookEveryMs: LOOK_EVERY_MS,
      check: (domain, pace) => this.#check(domain, pace),
      failed: (domain, error) => {
        metrics.alignRuns.inc({ domain, outcome: 'failed' });
        log.debug('queue_check_failed', { err: error, domain });
      },
      restMs: (tookMs) => Math.max(config.reconcile.intervalMs - tookMs, tookMs),
    });
  }

  start(): void {
    this.#checks.start();
  }

  stop(): Promise<void> {
    return this.#checks.stop();
  }

  /** The last report on each domain, from any instance. @throws ShardUnavailable */
  async reports(): Promise<Map<string, AlignmentReport | undefined>> {
    const { notes } = this.#options.store;
    const told = this.#domains.map(async (domain) => {
      const [text] = await notes.readSome('domain', domain, [FIELD]);
      return [domain, text ? (JSON.parse(text) as AlignmentReport) : undefined] as const;
    });
    return new Map(await Promise.all(told));
  }

  async #check(domain: string, pace: (records: number) => Promise<void>): Promise<void> {
    const { store, clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const aligned = await store.align(domain, pace);
    await this.#report(domain, aligned, Math.round(clock.monotonicMs() - startedMs));
  }

  async #report(domain: string, aligned: Aligned, tookMs: number): Promise<void> {
    const { store, instance, clock, log, metrics } = this.#options;
    const kinds = Object.entries(aligned.repaired) as [Misplacement, number][];
    metrics.alignRuns.inc({ domain, outcome: 'complete' });
    metrics.alignDuration.set({ domain }, tookMs / 1000);
    for (const [kind, count] of kinds) metrics.alignRepairs.inc({ domain, kind }, count);
    if (kinds.length > 0) log.warn('queues_repaired', { domain, ...aligned });
    const report: AlignmentReport = { instance, atMs: clock.nowMs(), tookMs, ...aligned };
    await store.notes.write('domain', domain, { [FIELD]: JSON.stringify(report) });
  }
}
