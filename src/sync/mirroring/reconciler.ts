import { randomUUID } from 'node:crypto';
import { type Facets, interactionsOf, type Version } from '../../agent/facets.ts';
import { isExpired, tombstoneEvent } from '../../agent/merge.ts';
import { type Difference, reconcile } from '../../agent/reconcile.ts';
import { isLocked, ownStatus } from '../../agent/status.ts';
import type { AgentEvent } from '../../agent/wire.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { Metrics } from '../../ops/metrics.ts';
import type { AgentReading, Reading, ReadPage } from '../../platforms/platform.ts';
import type { AgentRecord } from '../../store/agent-record.ts';
import type { Store } from '../../store/store.ts';
import type { SetAside } from '../flow/set-aside.ts';
import { type ReconcileReport, writeNotes } from './connection-notes.ts';

interface ReconcilerOptions {
  connection: string;
  domain: string;
  region: string;
  /** Agents whom the platform no longer has are forgotten after this time without reports, in ms. */
  forgetAfterMs: number;
  store: Pick<Store, 'agents' | 'notes'>;
  /** Resolves when the event is durably accepted, or the instance stops; may retry for a long time. */
  accept(event: AgentEvent): Promise<void>;
  /** Reads from the store, with retries; undefined when the instance stops. */
  read<T>(work: () => Promise<T>): Promise<T | undefined>;
  setAside: SetAside;
  clock: Clock;
  log: Log;
  metrics: Metrics;
}

/** Events accepted concurrently: enough to fill the outbox's batches, few enough to bound memory. */
const CONCURRENCY = 256;
/** A scan of the domain for agents of the connection may take 1/200 of the time. */
const SURVEY_REST = 200;
/** Records for each step of the scan. Most belong to other connections and are filtered on the shard. */
const SURVEY_STEP = 200;

/** Counts of a running reconciliation. Sets, because an agent may be read more than once. */
interface Tally {
  checked: Set<string>;
  differed: Set<string>;
  byKind: ReconcileReport['byKind'];
  overruled: number;
}

/**
 * Compares a full read of a platform with the region's store. Differences become ordinary events and reach all regions. So
 * whatever was lost on the way or by the store is restored by the next full read.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  /** Agents of the connection that the platform should have. */
  readonly #known = new Set<string>();
  #surveyDueMs = 0;
  /** Agents without reports for `forgetAfterMs`. They are forgotten unless the platform has them. */
  #silent = new Set<string>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Compares a page that is not part of a full read. */
  compare(page: ReadPage): Promise<void> {
    return this.#compare(page, noTally());
  }

  /** Compares a full read, then the known agents that it did not contain, and writes a report. @throws the errors of the reading */
  async reconcile(reading: Reading): Promise<void> {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const tally = noTally();
    const finish = (failed?: Error): Promise<void> => {
      const tookMs = Math.round(clock.monotonicMs() - startedMs);
      const found = { ...tally, checked: tally.checked.size, differed: tally.differed.size };
      return this.#report({ atMs: clock.nowMs(), tookMs, ...found, ...(failed && { failed: failed.message }) });
    };
    try {
      await this.#survey();
      for await (const page of reading.pages()) await this.#compare(page, tally);
      const unnamed = [...this.#known].filter((agentId) => !tally.checked.has(agentId));
      for await (const page of reading.byId(unnamed)) await this.#compare(page, tally);
      await this.#forgetSilent(reading, tally);
    } catch (error) {
      const isStopped = (error as Error).name === 'AbortError';
      if (!isStopped) await finish(error as Error);
      throw error;
    }
    await finish();
  }

  async #compare({ atMs, agents: readings }: ReadPage, tally: Tally): Promise<void> {
    const { store, domain, read } = this.#options;
    const ids = readings.map(({ agentId }) => agentId);
    const unreadable = new Set<string>();
    const held = await read(() =>
      store.agents.getAll(domain, ids, (agentId, error) => {
        unreadable.add(agentId);
        this.passOver(agentId, error);
      }),
    );
    if (!held) return;
    const events: AgentEvent[] = [];
    for (const reading of readings) {
      if (unreadable.has(reading.agentId)) continue;
      try {
        events.push(...this.#differences(reading, held.get(reading.agentId)?.facets, atMs, tally));
      } catch (error) {
        this.passOver(reading.agentId, error);
      }
    }
    for (let from = 0; from < events.length; from += CONCURRENCY) {
      await Promise.all(events.slice(from, from + CONCURRENCY).map((event) => this.#options.accept(event)));
    }
  }

  #differences(reading: AgentReading, held: Facets | undefined, atMs: number, tally: Tally): AgentEvent[] {
    const { agentId, ...told } = reading;
    if (told.isGone) this.#known.delete(agentId);
    else this.#known.add(agentId);
    const { facets, differences, overruled } = reconcile(held, told, atMs);
    this.#count(tally, agentId, differences, overruled);
    return differences.length > 0 ? [this.#eventOf(agentId, facets)] : [];
  }

  /** Sets aside an agent whose record or reading is invalid; once, however often the platform is read. */
  passOver(agentId: string, error: unknown): void {
    const { setAside, connection } = this.#options;
    if (!setAside.isKnown(agentId, error)) setAside.tell(agentId, error, 'reconciler', `connection ${connection}`);
  }

  /** One event for all differences, with the time and id of the newest one. */
  #eventOf(agentId: string, facets: Facets): AgentEvent {
    const { profile, presence, activity } = facets;
    const versions: Version[] = [profile, presence, activity].flatMap((facet) => facet ?? []);
    versions.push(...interactionsOf(facets));
    const { at, id } = versions.reduce((newest, version) => (version.at > newest.at ? version : newest));
    const eventId = versions.length > 1 ? `${id}+${versions.length - 1}` : id;
    return { eventId, agentId, timestampMs: at, region: this.#options.region, source: 'reconcile', facets };
  }

  /**
   * Scans the store for present agents of the connection that this instance has not seen on the platform: the platform may have
   * removed them while nobody read it. Agents who are offline are skipped, because removal would not change their status.
   */
  async #survey(): Promise<void> {
    const { store, domain, connection, clock, read } = this.#options;
    const startedMs = clock.monotonicMs();
    if (startedMs < this.#surveyDueMs) return;
    const cutoffMs = this.#cutoffMs();
    this.#silent.clear();
    await read(async () => {
      const unreadable = (agentId: string, error: unknown) => this.passOver(agentId, error);
      const how = { prefix: `${connection}:`, step: SURVEY_STEP, unreadable };
      for await (const records of store.agents.scan(domain, how)) {
        for (const [agentId, record] of records) this.#sort(agentId, record, cutoffMs);
      }
    });
    const endedMs = clock.monotonicMs();
    this.#surveyDueMs = endedMs + SURVEY_REST * (endedMs - startedMs);
  }

  /** Notes agents that the platform must confirm: present ones, and those without reports for long. */
  #sort(agentId: string, record: AgentRecord, cutoffMs: number): void {
    try {
      if (isPresent(record)) this.#known.add(agentId);
      else if (isExpired(record.facets, cutoffMs) && !isLocked(record, this.#options.clock.nowMs()))
        this.#silent.add(agentId);
    } catch (error) {
      this.passOver(agentId, error);
    }
  }

  #cutoffMs(): number {
    return this.#options.clock.nowMs() - this.#options.forgetAfterMs;
  }

  /** Forgets silent agents that the platform reports as removed. */
  async #forgetSilent(reading: Reading, { checked }: Tally): Promise<void> {
    const unnamed = [...this.#silent].filter((agentId) => !checked.has(agentId));
    this.#silent.clear();
    for await (const { agents } of reading.byId(unnamed)) {
      for (const { agentId, isGone } of agents) if (isGone) await this.#forget(agentId);
    }
  }

  async #forget(agentId: string): Promise<void> {
    const { region, accept, log } = this.#options;
    const tombstone = { at: this.#cutoffMs(), id: `forgotten/${randomUUID()}` };
    await accept(tombstoneEvent(region, agentId, tombstone, 'expiry'));
    log.info('agent_forgotten', { agent: agentId });
  }

  #count(tally: Tally, agentId: string, differences: Difference[], overruled: number): void {
    const { connection, metrics } = this.#options;
    tally.checked.add(agentId);
    tally.overruled += overruled;
    if (differences.length > 0) tally.differed.add(agentId);
    for (const kind of differences) {
      tally.byKind[kind] = (tally.byKind[kind] ?? 0) + 1;
      metrics.reconcileDifferences.inc({ connection, kind });
    }
    if (overruled > 0) metrics.reconcileOverruled.inc({ connection }, overruled);
  }

  async #report(report: ReconcileReport): Promise<void> {
    const { connection, store, log, metrics } = this.#options;
    metrics.reconcileRuns.inc({ connection, outcome: report.failed ? 'failed' : 'complete' });
    if (!report.failed) metrics.reconcileDuration.set({ connection }, report.tookMs / 1000);
    log.debug('reconciliation_ended', { report });
    try {
      await writeNotes(store.notes, connection, { reconciliation: report });
    } catch (error) {
      log.debug('reconciliation_report_not_written', { err: error });
    }
  }
}

const isPresent = ({ facets }: AgentRecord): boolean => ownStatus(facets).status !== 'OFFLINE';

const noTally = (): Tally => ({ checked: new Set(), differed: new Set(), byKind: {}, overruled: 0 });
