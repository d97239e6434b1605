import { type Clock, systemClock } from '../../ops/clock.ts';
import type { FirstReading, PlatformConnection, PlatformContext } from '../platform.ts';
import { PlatformSync, type SyncedPlatform, type SyncHandle } from '../platform-sync.ts';
import { Refusals } from '../refusals.ts';
import type { Surplus } from '../surplus.ts';
import type { EventFrame } from './channel.ts';
import { GenesysApi } from './client.ts';
import { GenesysFullRead } from './full-read.ts';
import { readUserIds } from './reads.ts';
import { REQUESTS } from './requests.ts';
import { type GenesysSettings, ownPresences } from './settings.ts';
import { Translator } from './translator.ts';
import { Utilization } from './utilization.ts';
import { Watch } from './watch.ts';

/** How long the two halves of one change may be apart before the user is read again. */
const RECHECK_MS = 3_000;
const DEFAULT_TOPICS_PER_CHANNEL = 1000;

/**
 * One Genesys Cloud organisation:
 *
 *   connecting: token, user ids (once) ─► channels and sockets ─► reading: queues, users ─► live
 *
 * A gap is a lost socket, a refused token or an overflow. Changes are accepted as soon as a socket is open, also during a
 * full read: both carry the platform's own times, so their order does not matter and nothing is held back. A full read is
 * complete because it begins after the sockets are open.
 */
class GenesysPlatform implements SyncedPlatform {
  readonly #context: PlatformContext;
  readonly #clock: Clock;
  readonly #sync: SyncHandle;
  readonly #client: GenesysApi;
  readonly #watch: Watch;
  readonly #translator: Translator;
  readonly #refusals: Refusals<keyof typeof REQUESTS>;
  readonly #fullRead: GenesysFullRead;
  /** Users to read again; each is rechecked at most once between two full reads. */
  readonly #toRecheck = new Set<string>();
  readonly #rechecked = new Set<string>();
  /** Step before the full read, for people; undefined during it. */
  #step: string | undefined = 'who there is';
  /** Number of users, as listed before the first full read. */
  #listed: number | undefined;

  constructor(settings: GenesysSettings, context: PlatformContext, clock: Clock, sync: SyncHandle) {
    this.#context = context;
    this.#clock = clock;
    this.#sync = sync;
    this.#client = new GenesysApi(settings, context, clock, sync.signal);
    this.#client.onTokenRefused = () => this.#watch.abandon('the token was refused');
    this.#translator = new Translator(context, ownPresences(settings), (userId) => this.#recheck(userId));
    this.#refusals = new Refusals(REQUESTS, context.log);
    const utilization = settings.utilization
      ? new Utilization(this.#client, context, clock, this.#refusals)
      : undefined;
    this.#fullRead = new GenesysFullRead(
      this.#client,
      this.#translator,
      context,
      clock,
      () => sync.settled(),
      this.#refusals,
      utilization,
    );
    const handlers = {
      event: (frame: EventFrame) => sync.deliver(this.#translator.notified(frame)),
      gap: (reason: string) => sync.rest.missed(reason),
    };
    const topicsPerChannel = settings.topicsPerChannel ?? DEFAULT_TOPICS_PER_CHANNEL;
    this.#watch = new Watch(this.#client, context, clock, topicsPerChannel, handlers, sync.signal);
    this.#translator.unwatchedSince = (userId) => this.#watch.unwatchedSince(userId);
  }

  get agents(): number {
    return this.#translator.roster.size;
  }

  get surplus(): Surplus {
    return this.#translator.surplus;
  }

  get isLive(): boolean {
    return this.#watch.isLive;
  }

  get limitation(): string {
    return [this.#watch.problem, this.#refusals.problem].filter(Boolean).join('. ');
  }

  get progress(): Omit<FirstReading, 'forMs'> {
    return {
      step: this.#step ?? this.#fullRead.step,
      agents: this.agents,
      ...(this.#listed !== undefined && { about: this.#listed }),
    };
  }

  restart(): void {
    this.#step = 'who there is';
    this.#fullRead.restart();
  }

  /** Opens and fills the channels. @throws RequestFailed */
  async prepare(): Promise<void> {
    const userIds = this.#translator.roster.ids();
    if (userIds.length === 0) userIds.push(...(await readUserIds(this.#client)));
    this.#listed = userIds.length;
    this.#step = 'how changes arrive';
    await this.#watch.cover(userIds, true);
    this.#step = undefined;
  }

  async readAll(): Promise<void> {
    this.#rechecked.clear();
    await this.#context.reconcile(this.#fullRead);
    await this.#readAgain(await this.#watch.cover(this.#translator.roster.ids()));
  }

  async #readAgain(userIds: string[]): Promise<void> {
    for await (const page of this.#fullRead.users(userIds)) await this.#context.compare(page);
  }

  /** Sleeps, and rechecks users meanwhile. */
  async rest(restMs: number): Promise<void> {
    const { rest, signal } = this.#sync;
    const endMs = this.#clock.monotonicMs() + restMs;
    for (let leftMs = restMs; leftMs > 0 && !rest.isOver; leftMs = endMs - this.#clock.monotonicMs()) {
      signal.throwIfAborted();
      const isDue = this.#toRecheck.size > 0;
      await rest.sleep(isDue ? Math.min(leftMs, RECHECK_MS) : leftMs);
      if (!isDue || rest.isOver) continue;
      const ids = [...this.#toRecheck];
      this.#toRecheck.clear();
      await this.#readAgain(ids);
    }
  }

  #recheck(userId: string): void {
    if (this.#rechecked.has(userId)) return;
    this.#rechecked.add(userId);
    this.#toRecheck.add(userId);
    if (this.#toRecheck.size === 1) this.#sync.rest.wake();
  }

  unsubscribe(): void {
    this.#watch.close();
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

/** One account on Genesys Cloud, as an OAuth client with the settings sees it. */
export function createGenesysConnection(
  settings: GenesysSettings,
  context: PlatformContext,
  clock: Clock = systemClock,
): PlatformConnection {
  return new PlatformSync(context, clock, (sync) => new GenesysPlatform(settings, context, clock, sync));
}
