import { randomUUID } from 'node:crypto';
import type { AgentEvent } from '../../agent/wire.ts';
import type { Config } from '../../config/schema.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { EventCodeAt } from '../../ops/log-events/catalogue.ts';
import type { Metrics } from '../../ops/metrics.ts';
import type { PlatformCounts } from '../../ops/platform-counts.ts';
import type { PlatformConnection, PlatformContext, PlatformHealth } from '../../platforms/platform.ts';
import type { Leases } from '../../store/leases.ts';
import type { Store } from '../../store/store.ts';
import { acceptParts, acceptReports } from '../flow/accept-reports.ts';
import type { Ingest } from '../flow/ingest.ts';
import { isOutage } from '../flow/outage.ts';
import type { SetAside } from '../flow/set-aside.ts';
import { Unreplicated } from '../flow/unreplicated.ts';
import { TELL_READING_MS, tellProgress } from '../reading-progress.ts';
import { type ConnectionNotes, readNotes, type Wanted, writeNotes } from './connection-notes.ts';
import type { ReadingState } from './first-reading.ts';
import { Reconciler } from './reconciler.ts';

interface HomedConnection {
  name: string;
  /** The platform's display name. */
  title: string;
  /** The domain of its agents. */
  domain: string;
  /** The region's request budget for this platform. */
  budget: PlatformContext['budget'];
  /** Makes a new connection; called each time this instance gets the lease. */
  open(context: PlatformContext): PlatformConnection;
}

interface ConnectionsOptions {
  config: Config;
  connections: HomedConnection[];
  store: Store;
  ingest: Ingest;
  /** Interval between the starts of full reads, in ms. */
  readingIntervalMs: number;
  /** Agents without reports for this long are forgotten, in ms. */
  forgetAfterMs: number;
  region: string;
  instance: string;
  clock: Clock;
  log: Log;
  metrics: Metrics;
  counts: PlatformCounts;
  setAside: SetAside;
}

/** State of a connection homed here, whichever instance runs it. */
export interface ConnectionState extends ConnectionNotes {
  name: string;
  /** The instance that runs it now, if any. */
  instance?: string;
}

const LEASE_TTL_MS = 6000;
const LOOK_EVERY_MS = 250;
/** How often the instance that runs a connection writes its health. */
const TELL_EVERY_MS = 2000;
const RETRY_MS = 500;

/** Runs the platform connections homed in this region, each on one instance at a time. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #leases: Leases;
  readonly #open = new Map<number, PlatformConnection>();
  /** By number of a connection: the id of the last read request that was seen. */
  readonly #heard = new Map<number, string | undefined>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #unreplicated: Unreplicated;
  #stopping = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#unreplicated = new Unreplicated(options);
    this.#leases = options.store.leases({
      work: 'connections',
      count: options.connections.length,
      instance: options.instance,
      ttlMs: LEASE_TTL_MS,
      clock: options.clock,
      log: options.log,
      drain: (number) => this.#close(number),
    });
  }

  start(): void {
    const { connections, log } = this.#options;
    if (connections.length === 0) return;
    this.#leases.start();
    const every = (ms: number, work: () => void) => this.#timers.push(setInterval(work, ms));
    every(LOOK_EVERY_MS, () => this.#follow());
    every(TELL_EVERY_MS, () => void this.#tell());
    every(TELL_READING_MS, () => tellProgress(connections, this.health(), log));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all([...this.#open.keys()].map((number) => this.#close(number)));
    await this.#unreplicated.stop();
    if (this.#options.connections.length > 0) await this.#leases.stop();
  }

  /**
   * Asks the instance that runs a connection homed here to read its platform, which starts within seconds.
   * @throws ShardUnavailable
   */
  async readNow(name: string): Promise<void> {
    await writeNotes(this.#options.store.notes, name, { wanted: { id: randomUUID() } });
  }

  /** The health of the connections this instance runs. */
  health(): Record<string, PlatformHealth> {
    const entries = [...this.#open].map(([number, connection]) => [this.#at(number).name, connection.health()]);
    return Object.fromEntries(entries) as Record<string, PlatformHealth>;
  }

  /** The states of all connections homed here. @throws ShardUnavailable */
  async states(): Promise<ConnectionState[]> {
    return (await this.#lookUp()).map(({ leaseMs: _, ...state }) => state);
  }

  /** As `states`, with the remaining lease time in ms. */
  async #lookUp(): Promise<(ConnectionState & { leaseMs: number })[]> {
    const { store, connections } = this.#options;
    if (connections.length === 0) return [];
    const [holders, notes] = await Promise.all([
      store.holders('connections', connections.length),
      Promise.all(connections.map(({ name }) => readNotes(store.notes, name))),
    ]);
    return connections.map(({ name }, number) => {
      const { ingest, reconciliation } = notes[number] ?? {};
      const { instance, leftMs = 0 } = holders[number] ?? {};
      return {
        name,
        leaseMs: leftMs,
        ...(instance && { instance }),
        ...(ingest && ingest.instance === instance && { ingest }),
        ...(reconciliation && { reconciliation }),
      };
    });
  }

  /** The reading state of each connection; for those that this instance runs, directly from the connection. @throws ShardUnavailable */
  async readingStates(): Promise<ReadingState[]> {
    const own = this.health();
    return (await this.#lookUp()).map(({ name, instance, ingest, leaseMs }) => {
      const { lastSnapshotMs, problem, reading } = (instance === this.#options.instance ? own[name] : ingest) ?? {};
      return {
        connection: name,
        ...(instance && { holder: instance }),
        leaseMs,
        isRead: lastSnapshotMs !== undefined,
        ...(problem && { problem }),
        ...(reading && { reading }),
      };
    });
  }

  async #tell(): Promise<void> {
    const { store, instance, log } = this.#options;
    for (const [number, connection] of this.#open) {
      const { name } = this.#at(number);
      try {
        await writeNotes(store.notes, name, { ingest: { instance, ...connection.health() } });
        this.#hear(number, connection, (await readNotes(store.notes, name)).wanted);
      } catch (error) {
        log.debug('connection_health_not_written', { err: error, connection: name });
      }
    }
  }

  /** Reads the platform on a new request. A request from before this instance took over needs nothing: the first read serves it. */
  #hear(number: number, connection: PlatformConnection, wanted: Wanted | undefined): void {
    const isNew = this.#heard.has(number) && this.#heard.get(number) !== wanted?.id;
    this.#heard.set(number, wanted?.id);
    if (isNew) connection.readNow();
  }

  #follow(): void {
    const held = this.#leases.held();
    for (const number of held) if (!this.#open.has(number)) this.#start(number);
    for (const number of this.#open.keys()) if (!held.has(number)) void this.#close(number);
  }

  #start(number: number): void {
    const { name, domain, budget, open } = this.#at(number);
    const { readingIntervalMs, counts, region } = this.#options;
    const log = this.#options.log.child({ connection: name });
    const reconciler = new Reconciler({
      ...this.#options,
      connection: name,
      domain,
      log,
      accept: (event) => this.#accept(name, event),
      read: (work) => this.#retry(work, 'reconciliation_delayed'),
    });
    const connection = open({
      connection: name,
      budget,
      readingIntervalMs,
      report: (reports) => acceptReports(reports, region, (event) => this.#accept(name, event)),
      compare: (page) => reconciler.compare(page),
      passOver: (agentId, error) => reconciler.passOver(agentId, error),
      reconcile: (reading) => reconciler.reconcile(reading),
      log,
      count: counts.of(name),
    });
    this.#open.set(number, connection);
    connection.start();
  }

  async #close(number: number): Promise<void> {
    const connection = this.#open.get(number);
    this.#open.delete(number);
    this.#heard.delete(number);
    await connection?.stop();
  }

  /** Retries until the report is accepted, because the platform does not repeat it. A report that can never be accepted is set aside. */
  #accept(connection: string, event: AgentEvent): Promise<void> {
    const accept = (part: AgentEvent) =>
      this.#retry(() => this.#unreplicated.accept(part), 'platform_report_not_accepted', part.agentId);
    return acceptParts(event, `connection ${connection}`, accept, this.#options.setAside);
  }

  /** Retries until the work succeeds, or the instance stops. @throws errors other than outages */
  async #retry<T>(work: () => Promise<T>, complaint: EventCodeAt<'warn'>, agent?: string): Promise<T | undefined> {
    while (!this.#stopping) {
      try {
        return await work();
      } catch (error) {
        if (!isOutage(error)) throw error;
        this.#options.log.warn(complaint, { err: error, agent });
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    return undefined;
  }

  #at(number: number): HomedConnection {
    return this.#options.connections[number] as HomedConnection;
  }
}
