import { merge } from '../../agent/merge.ts';
import type { Config } from '../../config/schema.ts';
import { connectionNameOf } from '../../config/topology.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { Metrics } from '../../ops/metrics.ts';
import type { PlatformReader, PlatformReport } from '../../platforms/platform.ts';
import type { Agents } from '../../store/store.ts';
import type { Ingest } from '../../sync/flow/ingest.ts';
import type { Freshness } from '../../sync/freshness/freshness.ts';
import { PlatformQueries, type QueryOutcome } from './platform-queries.ts';

interface ReadThroughOptions {
  /** By connection; platforms of other connections are not queried. */
  readers: ReadonlyMap<string, PlatformReader>;
  agents: Agents;
  ingest: Ingest;
  freshness: Pick<Freshness, 'confirmed'>;
  config: Config;
  clock: Clock;
  log: Log;
  metrics: Metrics;
}

/**
 * Queries platforms about single agents, e.g. stale ones, while a caller waits. The answers are accepted as events, so every
 * region gets them. The agents count as fresh in this region for `freshness.confirmedMs`.
 */
export class ReadThrough {
  readonly #options: ReadThroughOptions;
  readonly #queries = new Map<string, PlatformQueries>();

  constructor(options: ReadThroughOptions) {
    this.#options = options;
    for (const [connection, reader] of options.readers) {
      const queries = new PlatformQueries({
        reader,
        accept: (reports, askedMs) => this.#accept(reports, askedMs),
        ended: (...result) => this.#count(connection, ...result),
        monotonicMs: () => options.clock.monotonicMs(),
      });
      this.#queries.set(connection, queries);
    }
  }

  /** Logs in to all platforms in advance. If that fails, the login is repeated with the first query. */
  prepare(): void {
    for (const [connection, reader] of this.#options.readers) {
      reader.prepare().catch((error) => this.#options.log.debug('platform_login_failed', { err: error, connection }));
    }
  }

  /** Whether the agent's platform can be queried. */
  canAsk(agentId: string): boolean {
    return this.#queries.has(connectionNameOf(this.#options.config, agentId) ?? '');
  }

  /**
   * Queries the platforms of these agents. Resolves when they have answered, or after `limitMs`; later answers are
   * applied, too.
   * @param notBeforeMs monotonic ms: answers to queries that were sent before are too old
   */
  async ask(agentIds: string[], limitMs: number, notBeforeMs = Number.NEGATIVE_INFINITY): Promise<void> {
    const byConnection = Map.groupBy(agentIds, (id) => connectionNameOf(this.#options.config, id) ?? '');
    const asked = [...byConnection].map(([connection, ids]) => this.#queries.get(connection)?.ask(ids, notBeforeMs));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.max(0, limitMs));
    });
    await Promise.race([Promise.all(asked), late]).finally(() => clearTimeout(timer));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#options.readers.values()].map((reader) => reader.close()));
  }

  /** Applies an answer. An agent is platform-verified once all reports about it are in this region's store. */
  async #accept(reports: PlatformReport[], askedMs: number): Promise<void> {
    const byAgent = Map.groupBy(reports, ({ agentId }) => agentId);
    await Promise.all([...byAgent].map(([agentId, agentReports]) => this.#confirm(agentId, agentReports, askedMs)));
  }

  async #confirm(agentId: string, reports: PlatformReport[], askedMs: number): Promise<void> {
    const { agents, freshness, ingest, config, log } = this.#options;
    try {
      for (const report of reports) {
        const known = await agents.recall(agentId);
        if (known && merge(known.facets, report.facets).changed.length === 0) continue;
        await ingest.accept({ ...report, region: config.region, source: 'read-through' }, 'unpublished');
      }
      freshness.confirmed(agentId, askedMs);
    } catch (error) {
      log.warn('platform_answer_not_applied', { err: error, agent: agentId });
    }
  }

  #count(connection: string, outcome: QueryOutcome, agents: number, tookMs: number, error?: Error): void {
    const { metrics, log } = this.#options;
    metrics.readThrough.inc({ connection, outcome }, agents);
    if (outcome === 'answered') metrics.readThroughDuration.observe({ connection }, tookMs / 1000);
    if (outcome === 'failed') log.warn('platform_query_failed', { err: error, connection });
  }
}
