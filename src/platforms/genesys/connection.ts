import { type Clock, systemClock } from '../../ops/clock.ts';
import { Delivery } from '../delivery.ts';
import type { FirstReading, PlatformConnection, PlatformContext, PlatformHealth, PlatformReport } from '../platform.ts';
import { keepReading } from '../readings.ts';
import { Refusals } from '../refusals.ts';
import { Rest } from '../rest.ts';
import type { EventFrame } from './channel.ts';
import { GenesysApi } from './client.ts';
import { Mirror } from './mirror.ts';
import { readUserIds } from './reads.ts';
import { REQUESTS } from './requests.ts';
import { type GenesysSettings, ownPresences } from './settings.ts';
import { Snapshot } from './snapshot.ts';
import { Utilization } from './utilization.ts';
import { Watch } from './watch.ts';

/** How long the two halves of one change may be apart before the user is read again. */
const DOUBT_MS = 3_000;
const DEFAULT_TOPICS_PER_CHANNEL = 1000;

/** What is done before everything is read, for people. */
const STEPS: Partial<Record<State, string>> = {
  connecting: 'who there is',
  subscribing: 'how changes arrive',
};

type State = 'connecting' | 'subscribing' | 'reading' | 'live' | 'stopped';

/**
 * Mirrors one Genesys Cloud organisation.
 *
 *                ┌────────────────────── backoff ◄── any failure ──┐
 *                ▼                                                 │
 *   start ─► connecting ─► subscribing ─► reading ─► live ──┐      │
 *            token, user    channels,      queues,    │ ▲   │      │
 *            ids (once)     sockets        users      │ │   │      │
 *                               ▲                     │ └───┘ every interval: reading, for drift
 *                               └──────── gap ◄───────┘
 *
 * A gap is a lost socket, a refused token or an overflow. Changes flow from the moment a socket is open, also while
 * everything is read: what is read and what is notified both carry the platform's own times, so their order does not
 * matter and nothing needs to be held back. That a reading begins after the sockets are open is what makes it complete.
 * What was read is compared with what the region holds, not with what this connection has told: whatever was lost on
 * the way is made good.
 */
class GenesysConnection implements PlatformConnection {
  readonly #context: PlatformContext;
  readonly #clock: Clock;
  readonly #stopping = new AbortController();
  readonly #client: GenesysApi;
  readonly #watch: Watch;
  readonly #delivery: Delivery;
  readonly #rest: Rest;
  readonly #mirror: Mirror;
  readonly #refusals: Refusals<keyof typeof REQUESTS>;
  readonly #snapshot: Snapshot;
  /** Users to read again, each at most once between two readings. */
  readonly #doubtful = new Set<string>();
  readonly #doubted = new Set<string>();
  #state: State = 'connecting';
  #problem: string | undefined;
  #lastSnapshotMs: number | undefined;
  #startedMs = 0;
  /** Users there are, as listed before the first reading. */
  #listed: number | undefined;
  #running: Promise<void> | undefined;

  constructor(settings: GenesysSettings, context: PlatformContext, clock: Clock) {
    const { signal } = this.#stopping;
    this.#context = context;
    this.#clock = clock;
    this.#client = new GenesysApi(settings, context, clock, signal);
    this.#client.onTokenRefused = () => this.#watch.abandon('the token was refused');
    this.#mirror = new Mirror(context, ownPresences(settings), (userId) => this.#doubt(userId));
    this.#delivery = new Delivery(context, signal);
    this.#rest = new Rest(context, signal);
    this.#refusals = new Refusals(REQUESTS, context.log);
    const utilization = settings.utilization
      ? new Utilization(this.#client, context, clock, this.#refusals)
      : undefined;
    const settled = () => this.#delivery.settled();
    this.#snapshot = new Snapshot(this.#client, this.#mirror, context, clock, settled, this.#refusals, utilization);
    const handlers = {
      event: (frame: EventFrame) => this.#deliver(this.#mirror.notified(frame)),
      gap: (reason: string) => this.#rest.missed(reason),
    };
    const topicsPerChannel = settings.topicsPerChannel ?? DEFAULT_TOPICS_PER_CHANNEL;
    this.#watch = new Watch(this.#client, context, clock, topicsPerChannel, handlers, signal);
    this.#mirror.unwatchedSince = (userId) => this.#watch.unwatchedSince(userId);
  }

  start(): void {
    this.#startedMs = this.#clock.monotonicMs();
    this.#running ??= this.#run();
  }

  readNow(): void {
    this.#rest.readNow();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#rest.wake();
    await this.#running;
    this.#watch.close();
    await this.#delivery.settled();
    await this.#client.close();
    this.#state = 'stopped';
  }

  health(): PlatformHealth {
    const health: PlatformHealth = {
      connected: this.#state === 'live' && this.#watch.isLive && this.#rest.gap === undefined,
      agents: this.#mirror.roster.size,
    };
    if (this.#lastSnapshotMs !== undefined) health.lastSnapshotMs = this.#lastSnapshotMs;
    else health.reading = this.#firstReading();
    const refused = [this.#watch.problem, this.#refusals.problem].filter(Boolean).join('. ');
    const problem = this.#problem ?? this.#rest.gap ?? refused;
    if (problem) health.problem = problem;
    return { ...health, ...this.#mirror.surplus.report() };
  }

  #firstReading(): FirstReading {
    return {
      step: STEPS[this.#state] ?? this.#snapshot.step,
      agents: this.#mirror.roster.size,
      ...(this.#listed !== undefined && { about: this.#listed }),
      forMs: Math.round(this.#clock.monotonicMs() - this.#startedMs),
    };
  }

  #run(): Promise<void> {
    return keepReading({
      intervalMs: this.#context.readingIntervalMs,
      signal: this.#stopping.signal,
      read: () => this.#synchronise(),
      rest: (ms) => this.#restAndDoubt(ms),
      failed: (problem, retryInMs) => {
        this.#problem = problem;
        this.#context.log.warn('platform_read_failed', { reason: problem, retry_in_ms: Math.round(retryInMs) });
      },
    });
  }

  /** Sees to the channels, then reads everything. @returns how long that took, in ms @throws RequestFailed */
  async #synchronise(): Promise<number> {
    const startedMs = this.#clock.monotonicMs();
    if (this.#rest.end()) {
      this.#state = 'connecting';
      this.#snapshot.renew();
    }
    const userIds = this.#mirror.roster.ids();
    if (userIds.length === 0) userIds.push(...(await readUserIds(this.#client)));
    this.#listed = userIds.length;
    this.#enter('subscribing');
    await this.#watch.cover(userIds, true);
    this.#enter('reading');
    await this.#readAll();
    this.#lastSnapshotMs = this.#clock.nowMs();
    this.#problem = undefined;
    if (this.#state !== 'live') this.#context.log.info('platform_live', { agents: this.#mirror.roster.size });
    this.#state = 'live';
    return this.#clock.monotonicMs() - startedMs;
  }

  /** A reading for drift happens beside live changes and changes no state. */
  #enter(state: State): void {
    if (this.#state !== 'live') this.#state = state;
  }

  async #readAll(): Promise<void> {
    this.#doubted.clear();
    await this.#context.reconcile(this.#snapshot);
    await this.#readAgain(await this.#watch.cover(this.#mirror.roster.ids()));
  }

  async #readAgain(userIds: string[]): Promise<void> {
    for await (const page of this.#snapshot.users(userIds)) await this.#context.compare(page);
  }

  /** Lets some time pass, or less when there is a reason to read again; looks after doubtful users meanwhile. */
  async #restAndDoubt(restMs: number): Promise<void> {
    const endMs = this.#clock.monotonicMs() + restMs;
    for (let leftMs = restMs; leftMs > 0 && !this.#rest.isOver; leftMs = endMs - this.#clock.monotonicMs()) {
      this.#stopping.signal.throwIfAborted();
      const hasDoubts = this.#doubtful.size > 0;
      await this.#rest.sleep(hasDoubts ? Math.min(leftMs, DOUBT_MS) : leftMs);
      if (!hasDoubts || this.#rest.isOver) continue;
      const ids = [...this.#doubtful];
      this.#doubtful.clear();
      await this.#readAgain(ids);
    }
  }

  #doubt(userId: string): void {
    if (this.#doubted.has(userId)) return;
    this.#doubted.add(userId);
    this.#doubtful.add(userId);
    if (this.#doubtful.size === 1) this.#rest.wake();
  }

  #deliver(reports: PlatformReport[]): void {
    if (this.#stopping.signal.aborted || this.#delivery.push(reports)) return;
    this.#rest.missed('too many reports were waiting');
  }
}

/** One account on Genesys Cloud, as an OAuth client with the settings sees it. */
export function createGenesysConnection(
  settings: GenesysSettings,
  context: PlatformContext,
  clock: Clock = systemClock,
): PlatformConnection {
  return new GenesysConnection(settings, context, clock);
}
