import { type Clock, systemClock } from '../../ops/clock.ts';
import type { PlatformConnection, PlatformContext, PlatformHealth, PlatformReport } from '../platform.ts';
import { backoffMs, pause } from './backoff.ts';
import type { EventFrame } from './channel.ts';
import { Client } from './client.ts';
import { Delivery } from './delivery.ts';
import { RequestFailed } from './failure.ts';
import { Mirror } from './mirror.ts';
import type { Definitions } from './normalise.ts';
import { readDefinitions, readMemberships, readUserIds, readUsers, readUsersById } from './reads.ts';
import type { GenesysSettings } from './settings.ts';
import { Watch } from './watch.ts';

/** Time between the end of a reading and the next; a reading that took longer is followed by as long a rest. */
const READING_INTERVAL_MS = 60_000;
/** How long the two halves of one change may be apart before the user is read again. */
const DOUBT_MS = 3_000;
const DEFAULT_TOPICS_PER_CHANNEL = 1000;

type State = 'connecting' | 'subscribing' | 'reading' | 'live' | 'stopped';

/**
 * Mirrors one Genesys Cloud organisation.
 *
 *                ┌────────────────────── backoff ◄── any failure ──┐
 *                ▼                                                 │
 *   start ─► connecting ─► subscribing ─► reading ─► live ──┐      │
 *            token, user    channels,      users,     │ ▲   │      │
 *            ids (once)     sockets        queues     │ │   │      │
 *                               ▲                     │ └───┘ every minute: reading, for drift
 *                               └──────── gap ◄───────┘
 *
 * A gap is a lost socket, a refused token or an overflow. Changes flow from the moment a socket is open, also while
 * everything is read: what is read and what is notified both carry the platform's own times, so their order does not
 * matter and nothing needs to be held back. That a reading begins after the sockets are open is what makes it complete.
 */
class GenesysConnection implements PlatformConnection {
  readonly #context: PlatformContext;
  readonly #clock: Clock;
  readonly #stopping = new AbortController();
  readonly #client: Client;
  readonly #watch: Watch;
  readonly #delivery: Delivery;
  readonly #mirror: Mirror;
  /** Users to read again, each at most once between two readings. */
  readonly #doubtful = new Set<string>();
  readonly #doubted = new Set<string>();
  #state: State = 'connecting';
  #gap: string | undefined;
  #problem: string | undefined;
  #lastSnapshotMs: number | undefined;
  #wake: () => void = () => {};
  #running: Promise<void> | undefined;

  constructor(settings: GenesysSettings, context: PlatformContext, clock: Clock) {
    const { signal } = this.#stopping;
    this.#context = context;
    this.#clock = clock;
    this.#client = new Client(settings, context, clock, signal);
    this.#client.onTokenRefused = () => this.#watch.abandon('the token was refused');
    this.#mirror = new Mirror(context, (userId) => this.#doubt(userId));
    this.#delivery = new Delivery(context, signal);
    const handlers = {
      event: (frame: EventFrame) => this.#deliver(this.#mirror.notified(frame)),
      gap: (reason: string) => this.#onGap(reason),
    };
    const topicsPerChannel = settings.topicsPerChannel ?? DEFAULT_TOPICS_PER_CHANNEL;
    this.#watch = new Watch(this.#client, context, clock, topicsPerChannel, handlers, signal);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake();
    await this.#running;
    this.#watch.close();
    await this.#delivery.idle();
    await this.#client.close();
    this.#state = 'stopped';
  }

  health(): PlatformHealth {
    const health: PlatformHealth = {
      connected: this.#state === 'live' && this.#watch.isLive && this.#gap === undefined,
      agents: this.#mirror.roster.size,
    };
    if (this.#lastSnapshotMs !== undefined) health.lastSnapshotMs = this.#lastSnapshotMs;
    const problem = this.#problem ?? this.#gap ?? this.#watch.problem;
    if (problem) health.problem = problem;
    return health;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      try {
        const tookMs = await this.#synchronise();
        failures = 0;
        await this.#rest(Math.max(READING_INTERVAL_MS, tookMs));
      } catch (error) {
        if (this.#stopping.signal.aborted) return;
        failures += 1;
        this.#problem = (error as Error).message;
        const waitMs = backoffMs(failures);
        this.#context.log.warn(
          { problem: this.#problem, retryInMs: Math.round(waitMs) },
          'Genesys Cloud cannot be mirrored for now',
        );
        await pause(waitMs, this.#stopping.signal).catch(() => {});
      }
    }
  }

  /** Sees to the channels, then reads everything. @returns how long that took, in ms @throws RequestFailed */
  async #synchronise(): Promise<number> {
    const startedMs = this.#clock.monotonicMs();
    if (this.#gap !== undefined) {
      this.#gap = undefined;
      this.#state = 'connecting';
      this.#mirror.roster.repeatStates();
    }
    const userIds = this.#mirror.roster.ids();
    if (userIds.length === 0) userIds.push(...(await readUserIds(this.#client)));
    this.#enter('subscribing');
    await this.#watch.cover(userIds);
    this.#enter('reading');
    await this.#readAll();
    this.#lastSnapshotMs = this.#clock.nowMs();
    this.#problem = undefined;
    if (this.#state !== 'live') this.#context.log.info({ agents: this.#mirror.roster.size }, 'Genesys Cloud is live');
    this.#state = 'live';
    return this.#clock.monotonicMs() - startedMs;
  }

  /** A reading for drift happens beside live changes and changes no state. */
  #enter(state: State): void {
    if (this.#state !== 'live') this.#state = state;
  }

  async #readAll(): Promise<void> {
    this.#doubted.clear();
    this.#mirror.definitions = await this.#definitions();
    const { queueIds, atMs: queuesAtMs } = await readMemberships(this.#client);
    const seen = new Set<string>();
    for await (const { users, atMs } of readUsers(this.#client)) {
      for (const user of users) seen.add(user.id);
      const queuesOf = (id: string) => ({ ids: queueIds.get(id) ?? [], atMs: queuesAtMs });
      await this.#accept(users.flatMap((user) => this.#mirror.read(user, atMs, queuesOf(user.id))));
    }
    const unseen = this.#mirror.roster.ids().filter((id) => !seen.has(id));
    const newlyCovered = await this.#watch.cover(this.#mirror.roster.ids());
    await this.#readAgain([...unseen, ...newlyCovered]);
  }

  /** Without them only presences that do not name their system presence stay unknown. */
  async #definitions(): Promise<Definitions> {
    try {
      return await readDefinitions(this.#client);
    } catch (error) {
      if (!(error instanceof RequestFailed) || error.status !== 403) throw error;
      this.#context.log.warn({ error: error.message }, 'Presence definitions cannot be read');
      return this.#mirror.definitions;
    }
  }

  /** Reads single users. One the platform does not know any more, by a listing and by id, is gone. */
  async #readAgain(ids: string[]): Promise<void> {
    for await (const { users, atMs, asked } of readUsersById(this.#client, ids)) {
      const found = new Set(users.map(({ id }) => id));
      const gone = asked.filter((id) => !found.has(id));
      await this.#accept([
        ...users.flatMap((user) => this.#mirror.read(user, atMs)),
        ...gone.flatMap((id) => this.#mirror.roster.remove(id, atMs)),
      ]);
    }
  }

  /** Lets some time pass, or less when a gap opens; looks after doubtful users meanwhile. */
  async #rest(restMs: number): Promise<void> {
    const endMs = this.#clock.monotonicMs() + restMs;
    for (let leftMs = restMs; leftMs > 0 && this.#gap === undefined; leftMs = endMs - this.#clock.monotonicMs()) {
      this.#stopping.signal.throwIfAborted();
      const hasDoubts = this.#doubtful.size > 0;
      await this.#sleep(hasDoubts ? Math.min(leftMs, DOUBT_MS) : leftMs);
      if (!hasDoubts || this.#gap !== undefined) continue;
      const ids = [...this.#doubtful];
      this.#doubtful.clear();
      await this.#readAgain(ids);
    }
  }

  async #sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }

  #doubt(userId: string): void {
    if (this.#doubted.has(userId)) return;
    this.#doubted.add(userId);
    this.#doubtful.add(userId);
    if (this.#doubtful.size === 1) this.#wake();
  }

  #onGap(reason: string): void {
    if (this.#stopping.signal.aborted || this.#gap !== undefined) return;
    this.#gap = reason;
    this.#context.count('resync', reason);
    this.#context.log.warn({ reason }, 'Changes may have been missed; everything is read again');
    this.#wake();
  }

  /** Reports what was read, no faster than it is accepted. */
  async #accept(reports: PlatformReport[]): Promise<void> {
    await this.#delivery.idle();
    this.#stopping.signal.throwIfAborted();
    this.#deliver(reports);
  }

  #deliver(reports: PlatformReport[]): void {
    if (this.#stopping.signal.aborted || this.#delivery.push(reports)) return;
    this.#mirror.roster.repeatAll();
    this.#onGap('too many reports were waiting');
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
