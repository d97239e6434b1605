import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { Metrics } from '../../ops/metrics.ts';
import { type Aligned, Alignment } from '../../store/alignment.ts';
import { domainKey, LEASES } from '../../store/record/keys.ts';
import type { Misplacement } from '../../store/record/place.ts';
import type { Cluster } from '../../store/redis/cluster.ts';
import { createLeases, type Leases } from '../../store/redis/leases.ts';

/** What the last check of a domain found, and by whom. */
export interface AlignmentReport extends Aligned {
  instance: string;
  /** When it ended, in ms of local wall time. */
  atMs: number;
  tookMs: number;
}

interface AlignmentsOptions {
  cluster: Cluster;
  config: Config;
  instance: string;
  clock: Clock;
  log: Log;
  metrics: Metrics;
}

const LEASE_TTL_MS = 6000;
const LOOK_EVERY_MS = 500;
/** A domain of a million agents is looked through in the background of its callers: in some minutes, not at once. */
const RECORDS_PER_SECOND = 5000;
const FIELD = 'alignment';

/** Ends a check that is not this instance's any more. */
class HandedOver extends Error {}

/** Sees to it in every region that queues and records agree: each domain on one instance, at the pace of reconciling. */
export class Alignments {
  readonly #options: AlignmentsOptions;
  readonly #domains: string[];
  readonly #leases: Leases;
  /** Monotonic ms from which a domain is checked again. */
  readonly #dueMs = new Map<number, number>();
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: AlignmentsOptions) {
    this.#options = options;
    this.#domains = Object.keys(options.config.domains).sort();
    this.#leases = createLeases({
      ...options,
      run: (script, keys, args) => options.cluster.run(script, keys, args),
      prefix: LEASES.alignments,
      count: this.#domains.length,
      ttlMs: LEASE_TTL_MS,
    });
  }

  start(): void {
    this.#leases.start();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    await this.#leases.stop();
  }

  /** The last report on each domain, whichever instance made it. @throws ShardUnavailable */
  async reports(): Promise<Map<string, AlignmentReport | undefined>> {
    const { cluster } = this.#options;
    const told = this.#domains.map(async (domain) => {
      const key = domainKey(domain);
      const text = (await cluster.command(key, ['HGET', key, FIELD])) as string | null;
      return [domain, text ? (JSON.parse(text) as AlignmentReport) : undefined] as const;
    });
    return new Map(await Promise.all(told));
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      for (const number of this.#leases.held()) {
        if ((this.#dueMs.get(number) ?? 0) <= this.#options.clock.monotonicMs()) await this.#check(number);
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #check(number: number): Promise<void> {
    const { cluster, config, clock, log, metrics } = this.#options;
    const domain = this.#domains[number] as string;
    const startedMs = clock.monotonicMs();
    const alignment = new Alignment({ cluster, config, pace: this.#pacer(number) });
    try {
      const aligned = await alignment.check(domain);
      await this.#report(domain, aligned, Math.round(clock.monotonicMs() - startedMs));
    } catch (error) {
      if (error instanceof HandedOver) return;
      metrics.alignRuns.inc({ domain, outcome: 'failed' });
      log.debug('queue_check_failed', { err: error, domain });
    }
    const endedMs = clock.monotonicMs();
    const tookMs = endedMs - startedMs;
    this.#dueMs.set(number, endedMs + Math.max(config.reconcile.intervalMs - tookMs, tookMs));
  }

  /** Lets as much time pass as the records since the start may take. */
  #pacer(number: number): (records: number) => Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    const startedMs = clock.monotonicMs();
    let read = 0;
    return async (records) => {
      read += records;
      const aheadMs = startedMs + (read / RECORDS_PER_SECOND) * 1000 - clock.monotonicMs();
      if (aheadMs > 0) await sleep(aheadMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted || !this.#leases.held().has(number)) throw new HandedOver();
    };
  }

  async #report(domain: string, aligned: Aligned, tookMs: number): Promise<void> {
    const { cluster, instance, clock, log, metrics } = this.#options;
    const kinds = Object.entries(aligned.repaired) as [Misplacement, number][];
    metrics.alignRuns.inc({ domain, outcome: 'complete' });
    metrics.alignDuration.setMs({ domain }, tookMs);
    for (const [kind, count] of kinds) metrics.alignRepairs.inc({ domain, kind }, count);
    if (kinds.length > 0) log.warn('queues_repaired', { domain, ...aligned });
    const report: AlignmentReport = { instance, atMs: clock.nowMs(), tookMs, ...aligned };
    const key = domainKey(domain);
    await cluster.command(key, ['HSET', key, FIELD, JSON.stringify(report)]);
  }
}
