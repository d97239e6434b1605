import { randomUUID } from 'node:crypto';
import { type Facets, interactionsOf, type Version } from '../../agent/facets.ts';
import { forgettingOf, isSilent } from '../../agent/merge.ts';
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
  /** How long nobody must have spoken of an agent whom the platform does not have, ms. */
  forgetAfterMs: number;
  store: Pick<Store, 'agents' | 'notes'>;
  /** Resolves when the event is durably accepted, however long that takes, or the instance stops. */
  accept(event: AgentEvent): Promise<void>;
  /** Reads from the store, however long that takes; undefined when the instance stops. */
  read<T>(work: () => Promise<T>): Promise<T | undefined>;
  setAside: SetAside;
  clock: Clock;
  log: Log;
  metrics: Metrics;
}

/** Events accepted at the same time: enough to fill the outbox's batches, few enough to bound memory. */
const CONCURRENCY = 256;
/** Looking through the whole domain for agents of the connection may take one part in this many of the time. */
const SURVEY_REST = 200;
/** Most of them belong to other connections and never leave the shard. */
const SURVEY_STEP = 200;

/** What a run has found so far; an agent may be read more than once. */
interface Tally {
  checked: Set<string>;
  differed: Set<string>;
  byKind: ReconcileReport['byKind'];
  overruled: number;
}

/**
 * Holds what a platform says against what the region's store holds. Differences become ordinary events, so all regions
 * are repaired by the same path: whatever was lost on its way, or by the store, is back after one reading.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  /** Agents of the connection whom the platform should have. */
  readonly #known = new Set<string>();
  #surveyDueMs = 0;
  /** Of whom the store has not heard for so long that they are forgotten, unless the platform has them. */
  #silent = new Set<string>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Compares a page beside the regular readings. */
  compare(page: ReadPage): Promise<void> {
    return this.#compare(page, noTally());
  }

  /** Compares a complete reading, looks after agents it did not name, and reports. @throws what the reading throws */
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

  /** An agent whose record or reading nobody can make sense of; told once, however often the platform is read. */
  passOver(agentId: string, error: unknown): void {
    const { setAside, connection } = this.#options;
    if (!setAside.isKnown(agentId, error)) setAside.tell(agentId, error, 'reconciler', `connection ${connection}`);
  }

  /** One event for all that differs; as old as the newest of it, and named after that. */
  #eventOf(agentId: string, facets: Facets): AgentEvent {
    const { profile, presence, activity } = facets;
    const versions: Version[] = [profile, presence, activity].flatMap((facet) => facet ?? []);
    versions.push(...interactionsOf(facets));
    const { at, id } = versions.reduce((newest, version) => (version.at > newest.at ? version : newest));
    const eventId = versions.length > 1 ? `${id}+${versions.length - 1}` : id;
    return { eventId, agentId, timestampMs: at, region: this.#options.region, source: 'reconcile', facets };
  }

  /**
   * Looks through the store for agents of the connection whom nobody has named to this instance yet: the platform may
   * have lost them while nobody looked. Those who are offline are left alone: gone would make no more of them.
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

  /** Whom a reading must speak of: who is there, and of whom nobody has said anything for long. */
  #sort(agentId: string, record: AgentRecord, cutoffMs: number): void {
    try {
      if (isPresent(record)) this.#known.add(agentId);
      else if (isSilent(record.facets, cutoffMs) && !isLocked(record, this.#options.clock.nowMs()))
        this.#silent.add(agentId);
    } catch (error) {
      this.passOver(agentId, error);
    }
  }

  #cutoffMs(): number {
    return this.#options.clock.nowMs() - this.#options.forgetAfterMs;
  }

  /** A platform that has somebody speaks of them with each reading; only whom it says that it has no more are forgotten. */
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
    await accept(forgettingOf(region, agentId, tombstone, 'expiry'));
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
