import type { AgentEvent } from '../agent/event.ts';
import type { Cluster } from '../cache/cluster.ts';
import { createLeases, type Leases } from '../cache/leases.ts';
import type { Clock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { PlatformConnection, PlatformContext, PlatformHealth, PlatformReport } from '../platforms/platform.ts';
import type { Ingest } from './ingest.ts';

export interface HomedConnection {
  name: string;
  /** Makes a fresh connection; called each time this instance is given the lease. */
  open(context: PlatformContext): PlatformConnection;
}

interface ConnectionsOptions {
  connections: HomedConnection[];
  cluster: Cluster;
  ingest: Ingest;
  region: string;
  instance: string;
  clock: Clock;
  log: Log;
  metrics: Metrics;
}

const LEASE_TTL_MS = 6000;
const LOOK_EVERY_MS = 250;
/** Reports accepted at the same time: enough to fill the outbox's batches, few enough to bound memory. */
const CONCURRENCY = 256;
const RETRY_MS = 500;

/** Runs the platform connections homed in this region, each on one instance at a time. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #leases: Leases;
  readonly #open = new Map<number, PlatformConnection>();
  #timer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#leases = createLeases({
      run: (script, keys, args) => options.cluster.run(script, keys, args),
      prefix: '{connections}',
      count: options.connections.length,
      instance: options.instance,
      ttlMs: LEASE_TTL_MS,
      clock: options.clock,
      log: options.log,
      drain: (number) => this.#close(number),
    });
  }

  start(): void {
    if (this.#options.connections.length === 0) return;
    this.#leases.start();
    this.#timer = setInterval(() => this.#follow(), LOOK_EVERY_MS);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#timer);
    await Promise.all([...this.#open.keys()].map((number) => this.#close(number)));
    if (this.#options.connections.length > 0) await this.#leases.stop();
  }

  /** The health of the connections this instance runs. */
  health(): Record<string, PlatformHealth> {
    const entries = [...this.#open].map(([number, connection]) => [this.#at(number).name, connection.health()]);
    return Object.fromEntries(entries) as Record<string, PlatformHealth>;
  }

  #follow(): void {
    const held = this.#leases.held();
    for (const number of held) if (!this.#open.has(number)) this.#start(number);
    for (const number of this.#open.keys()) if (!held.has(number)) void this.#close(number);
  }

  #start(number: number): void {
    const { name, open } = this.#at(number);
    const { log, metrics } = this.#options;
    const connection = open({
      connection: name,
      report: (reports) => this.#report(reports),
      log: log.child({ connection: name }),
      count: (event, value = '') => metrics.platform.inc({ connection: name, event, value }),
    });
    this.#open.set(number, connection);
    connection.start();
  }

  async #close(number: number): Promise<void> {
    const connection = this.#open.get(number);
    this.#open.delete(number);
    await connection?.stop();
  }

  /** Accepts what a platform said, in order per agent; tries until it is accepted, because nobody will say it again. */
  async #report(reports: PlatformReport[]): Promise<void> {
    for (let from = 0; from < reports.length; from += CONCURRENCY) {
      const byAgent = Map.groupBy(reports.slice(from, from + CONCURRENCY), ({ agentId }) => agentId);
      await Promise.all([...byAgent.values()].map((ofAgent) => this.#acceptInOrder(ofAgent)));
    }
  }

  async #acceptInOrder(reports: PlatformReport[]): Promise<void> {
    for (const report of reports) await this.#accept({ ...report, region: this.#options.region });
  }

  async #accept(event: AgentEvent): Promise<void> {
    while (!this.#stopping) {
      try {
        await this.#options.ingest.accept(event);
        return;
      } catch (error) {
        this.#options.log.warn(
          { err: error, agent: event.agentId },
          'a platform report was not accepted; trying again',
        );
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  #at(number: number): HomedConnection {
    return this.#options.connections[number] as HomedConnection;
  }
}
