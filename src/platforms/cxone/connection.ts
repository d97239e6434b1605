import type { Clock } from '../../ops/clock.ts';
import { backoffMs, pause } from '../backoff.ts';
import { Delivery } from '../delivery.ts';
import { RequestFailed } from '../failure.ts';
import type { PlatformConnection, PlatformContext, PlatformHealth, PlatformReport } from '../platform.ts';
import { keepReading } from '../readings.ts';
import { isRefusal, Refusals } from '../refusals.ts';
import { Rest } from '../rest.ts';
import { CxoneApi } from './client.ts';
import { Directory } from './directory.ts';
import { Feeds } from './feeds.ts';
import { REQUESTS } from './requests.ts';
import { CxoneRoster } from './roster.ts';
import { type CxoneSettings, SLOWER_AT_FIRST } from './settings.ts';
import { Snapshot } from './snapshot.ts';

const ATTEMPTS = 4;
/** Polls that failed in a row before everything is read again. */
const FAILURES_TO_GAP = 3;
/** How much an interval differs by chance, so that connections do not ask in step. */
const JITTER = 0.1;

type State = 'connecting' | 'reading' | 'live' | 'stopped';

/**
 * Mirrors one NICE CXone business unit. CXone pushes nothing: changes are asked for, all the time.
 *
 *                 ┌────────── backoff ◄── any failure ──┐
 *                 ▼                                     │
 *   start ─► connecting ─► reading ─────────────────► live ──┐
 *            login,        states, contacts, then     │ ▲    │
 *            discovery     who is who                 │ └────┘ every interval: reading, for drift
 *                 ▲             ┊                     │
 *                 └───── gap ◄──┊─────────────────────┘
 *                               ┊
 *   polling:                    └┄► from the first page of states on, every few seconds, whatever the rest does:
 *                                   states since the cursor ─► contacts ─► rest ─► states since the cursor …
 *
 * A gap is a cursor that the platform does not take, a row of polls that failed, or an overflow. Changes flow while
 * everything is read: rows carry the platform's own times, so their order does not matter. That the cursor is older than
 * everything a reading reads is what makes both together complete. Who is missing in a list of changes has not changed;
 * who is missing in a complete list has logged out.
 */
class CxoneConnection implements PlatformConnection {
  readonly #context: PlatformContext;
  readonly #clock: Clock;
  readonly #pollIntervalMs: number;
  readonly #stopping = new AbortController();
  readonly #client: CxoneApi;
  readonly #delivery: Delivery;
  readonly #rest: Rest;
  readonly #refusals: Refusals<keyof typeof REQUESTS>;
  readonly #directory: Directory;
  readonly #roster: CxoneRoster;
  readonly #feeds: Feeds;
  readonly #snapshot: Snapshot;
  #state: State = 'connecting';
  /** What keeps readings and polls from succeeding. */
  #problem: string | undefined;
  #pollProblem: string | undefined;
  #pollFailures = 0;
  #lastSnapshotMs: number | undefined;
  #startedMs = 0;
  #running: Promise<unknown> | undefined;

  constructor(settings: CxoneSettings, context: PlatformContext, clock: Clock) {
    const { signal } = this.#stopping;
    this.#context = context;
    this.#clock = clock;
    this.#pollIntervalMs = settings.pollIntervalMs;
    this.#client = new CxoneApi(settings, context, clock, signal, { attempts: ATTEMPTS, waits: true });
    this.#delivery = new Delivery(context, signal);
    this.#rest = new Rest(context, signal);
    this.#refusals = new Refusals(REQUESTS, context.log);
    this.#directory = new Directory(this.#client, settings.unavailableCodes, context, this.#refusals, clock);
    this.#roster = new CxoneRoster(context, this.#directory);
    this.#feeds = new Feeds(this.#client, this.#roster, context, this.#refusals);
    this.#snapshot = new Snapshot(context, this.#feeds, this.#roster, this.#directory, {
      push: (reports) => this.#deliver(reports),
      settled: () => this.#delivery.settled(),
    });
  }

  start(): void {
    this.#startedMs = this.#clock.monotonicMs();
    this.#running ??= Promise.all([this.#run(), this.#poll()]);
  }

  readNow(): void {
    this.#rest.readNow();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#rest.wake();
    await this.#running;
    await this.#delivery.settled();
    await this.#client.close();
    this.#state = 'stopped';
  }

  health(): PlatformHealth {
    const isPolled = this.#feeds.isBegun && this.#pollProblem === undefined;
    const health: PlatformHealth = {
      connected: this.#state === 'live' && isPolled && this.#rest.gap === undefined,
      agents: this.#roster.size,
    };
    const forMs = Math.round(this.#clock.monotonicMs() - this.#startedMs);
    if (this.#lastSnapshotMs !== undefined) health.lastSnapshotMs = this.#lastSnapshotMs;
    else health.reading = { ...this.#snapshot.progress, forMs };
    const refused = [this.#snapshot.problem, this.#refusals.problem].filter(Boolean).join('. ');
    const problem = this.#problem ?? this.#pollProblem ?? this.#rest.gap ?? refused;
    if (problem) health.problem = problem;
    return { ...health, ...this.#roster.surplus.report() };
  }

  #run(): Promise<void> {
    return keepReading({
      intervalMs: this.#context.readingIntervalMs,
      signal: this.#stopping.signal,
      read: () => this.#synchronise(),
      rest: (ms) => this.#rest.sleep(ms),
      failed: (problem, retryInMs) => {
        this.#problem = problem;
        this.#context.log.warn('platform_read_failed', { reason: problem, retry_in_ms: Math.round(retryInMs) });
      },
    });
  }

  /** Reads everything. @returns how long that took, in ms @throws RequestFailed */
  async #synchronise(): Promise<number> {
    const startedMs = this.#clock.monotonicMs();
    if (this.#rest.end()) {
      this.#state = 'connecting';
      this.#feeds.reset();
    }
    await this.#client.login();
    // A reading for drift happens beside live changes and changes no state.
    if (this.#state !== 'live') this.#state = 'reading';
    await this.#context.reconcile(this.#snapshot);
    this.#lastSnapshotMs = this.#clock.nowMs();
    this.#client.isFirstReading = false;
    this.#problem = undefined;
    if (this.#state !== 'live') this.#context.log.info('platform_live', { agents: this.#roster.size });
    this.#state = 'live';
    return this.#clock.monotonicMs() - startedMs;
  }

  /** Asks for changes at every interval, one time after the other, and goes on whatever comes of it. */
  async #poll(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const slower = this.#client.isFirstReading ? SLOWER_AT_FIRST : 1;
      const intervalMs = slower * this.#pollIntervalMs * (1 + JITTER * (Math.random() - 0.5));
      const startedMs = this.#clock.monotonicMs();
      if (this.#feeds.isBegun) await this.#pollOnce();
      const restMs = Math.max(0, intervalMs - (this.#clock.monotonicMs() - startedMs));
      const backMs = this.#pollFailures > 0 ? backoffMs(this.#pollFailures) : 0;
      await pause(Math.max(restMs, backMs), signal).catch(() => {});
    }
  }

  async #pollOnce(): Promise<void> {
    try {
      await this.#feeds.changes((reports) => this.#deliver(reports));
      if (this.#pollFailures >= FAILURES_TO_GAP) this.#rest.missed('changes could not be asked for');
      this.#pollFailures = 0;
      this.#pollProblem = undefined;
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      this.#pollFailures += 1;
      this.#pollProblem = (error as Error).message;
      // What keeps states from being read for good is no outage that passes.
      if (isRefusal(error)) this.#deliver(this.#roster.unwatched(error.atMs ?? 0));
      const isCursorRefused = error instanceof RequestFailed && error.status === 400;
      if (isCursorRefused) this.#rest.missed('the cursor was refused');
      else this.#context.log.warn('platform_poll_failed', { reason: this.#pollProblem });
    }
  }

  #deliver(reports: PlatformReport[]): void {
    if (this.#stopping.signal.aborted || this.#delivery.push(reports)) return;
    this.#rest.missed('too many reports were waiting');
  }
}

/** One account on NICE CXone, as an access key of a user with the settings sees it. */
export function createCxoneConnection(
  settings: CxoneSettings,
  context: PlatformContext,
  clock: Clock,
): PlatformConnection {
  return new CxoneConnection(settings, context, clock);
}
