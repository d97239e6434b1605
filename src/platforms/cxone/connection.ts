import type { Clock } from '../../ops/clock.ts';
import { backoffMs, pause } from '../backoff.ts';
import { RequestFailed } from '../failure.ts';
import type { FirstReading, PlatformConnection, PlatformContext } from '../platform.ts';
import { PlatformSync, type SyncedPlatform, type SyncHandle } from '../platform-sync.ts';
import { isRefusal, Refusals } from '../refusals.ts';
import type { Surplus } from '../surplus.ts';
import { CxoneApi } from './client.ts';
import { Directory } from './directory.ts';
import { Feeds } from './feeds.ts';
import { CxoneFullRead } from './full-read.ts';
import { REQUESTS } from './requests.ts';
import { CxoneRoster } from './roster.ts';
import { type CxoneSettings, SLOWER_AT_FIRST } from './settings.ts';

const ATTEMPTS = 4;
/** Failed polls in a row after which everything is read again. */
const FAILURES_TO_GAP = 3;
/** Random share of an interval, so that connections do not poll in step. */
const JITTER = 0.1;

/**
 * One NICE CXone business unit. CXone pushes no states, so changes are polled:
 *
 *   connecting: login, discovery ─► reading: states, contacts, then profiles ─► live
 *                                      ┊
 *   polling, from the first page of states on, whatever the full read does:
 *                                   states since the cursor ─► contacts ─► pause ─► states since the cursor …
 *
 * A gap is a cursor that the platform refuses, several failed polls in a row, or an overflow. Polls go on during a full
 * read: rows carry the platform's own times, so their order does not matter. Both together are complete because the cursor
 * is older than everything that the full read reads. An agent missing in a list of changes has not changed; one missing in
 * a complete list has logged out.
 */
class CxonePlatform implements SyncedPlatform {
  readonly #context: PlatformContext;
  readonly #clock: Clock;
  readonly #sync: SyncHandle;
  readonly #pollIntervalMs: number;
  readonly #client: CxoneApi;
  readonly #refusals: Refusals<keyof typeof REQUESTS>;
  readonly #roster: CxoneRoster;
  readonly #feeds: Feeds;
  readonly #fullRead: CxoneFullRead;
  /** Why the last poll failed. */
  #pollProblem: string | undefined;
  #pollFailures = 0;

  constructor(settings: CxoneSettings, context: PlatformContext, clock: Clock, sync: SyncHandle) {
    this.#context = context;
    this.#clock = clock;
    this.#sync = sync;
    this.#pollIntervalMs = settings.pollIntervalMs;
    this.#client = new CxoneApi(settings, context, clock, sync.signal, { attempts: ATTEMPTS, waits: true });
    this.#refusals = new Refusals(REQUESTS, context.log);
    const directory = new Directory(this.#client, settings.unavailableCodes, context, this.#refusals, clock);
    this.#roster = new CxoneRoster(context, directory);
    this.#feeds = new Feeds(this.#client, this.#roster, context, this.#refusals);
    this.#fullRead = new CxoneFullRead(context, this.#feeds, this.#roster, directory, sync);
  }

  get agents(): number {
    return this.#roster.size;
  }

  get surplus(): Surplus {
    return this.#roster.surplus;
  }

  get isLive(): boolean {
    return this.#feeds.isBegun && this.#pollProblem === undefined;
  }

  get problem(): string | undefined {
    return this.#pollProblem;
  }

  get limitation(): string {
    return [this.#fullRead.problem, this.#refusals.problem].filter(Boolean).join('. ');
  }

  get progress(): Omit<FirstReading, 'forMs'> {
    return this.#fullRead.progress;
  }

  restart(): void {
    this.#feeds.reset();
  }

  async prepare(): Promise<void> {
    await this.#client.login();
  }

  async readAll(): Promise<void> {
    await this.#context.reconcile(this.#fullRead);
    this.#client.isFirstReading = false;
  }

  /** Polls at every interval until the signal aborts. A failed poll is retried with backoff. */
  async poll(): Promise<void> {
    const { signal } = this.#sync;
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
      await this.#feeds.changes((reports) => this.#sync.deliver(reports));
      if (this.#pollFailures >= FAILURES_TO_GAP) this.#sync.rest.missed('changes could not be asked for');
      this.#pollFailures = 0;
      this.#pollProblem = undefined;
    } catch (error) {
      if (this.#sync.signal.aborted) return;
      this.#pollFailures += 1;
      this.#pollProblem = (error as Error).message;
      // A refusal does not pass by waiting: the states known so far cannot be trusted any more.
      if (isRefusal(error)) this.#sync.deliver(this.#roster.unwatched(error.atMs ?? 0));
      const isCursorRefused = error instanceof RequestFailed && error.status === 400;
      if (isCursorRefused) this.#sync.rest.missed('the cursor was refused');
      else this.#context.log.warn('platform_poll_failed', { reason: this.#pollProblem });
    }
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

/** One account on NICE CXone, as an access key of a user with the settings sees it. */
export function createCxoneConnection(
  settings: CxoneSettings,
  context: PlatformContext,
  clock: Clock,
): PlatformConnection {
  return new PlatformSync(context, clock, (sync) => new CxonePlatform(settings, context, clock, sync));
}
