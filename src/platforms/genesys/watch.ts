import { cut } from '../../agent/text.ts';
import type { Clock } from '../../ops/clock.ts';
import { backoffMs } from '../backoff.ts';
import { RequestFailed } from '../failure.ts';
import type { PlatformContext } from '../platform.ts';
import { Channel, type EventFrame, type Subscribed } from './channel.ts';
import type { GenesysApi } from './client.ts';
import type { TopicPayload } from './payloads.ts';
import { userOfTopic } from './requests.ts';

/** The platform keeps this many channels of one OAuth client; one more would evict another. */
const CHANNEL_LIMIT = 20;
/** Added to the renewal time, so that the timer never fires early. */
const RENEWAL_SLACK_MS = 50;
/** How long a replaced channel stays open to deliver events that are under way to it, in ms. */
const LINGER_MS = 2_000;
const LOGGED_FRAME_LENGTH = 200;

/** Users that share a channel. The channel is replaced over time; the group stays. */
interface Group {
  userIds: string[];
  /** Users were added since the channel last subscribed. */
  isGrown: boolean;
  channel?: Channel;
  renewal?: NodeJS.Timeout;
  /** Topics of the group that the platform refuses. */
  refused: TopicPayload[];
  /** Users of these topics, and since when they are refused, in platform ms. */
  unwatched: ReadonlyMap<string, number>;
}

interface WatchHandlers {
  event(frame: EventFrame): void;
  /** Changes may have been missed: cover the users again, then read them all. */
  gap(reason: string): void;
}

/**
 * All channels of a connection. Distributes users over channels, replaces each channel before it expires (the new one opens
 * some time before the old one closes, so nothing is missed), and reports gaps.
 */
export class Watch {
  readonly #client: GenesysApi;
  readonly #context: PlatformContext;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #handlers: WatchHandlers;
  readonly #usersPerChannel: number;
  readonly #groups: Group[] = [];
  readonly #covered = new Set<string>();
  /** Replaced channels that still deliver. */
  readonly #leaving = new Set<Channel>();
  #uncovered = 0;
  /** Serialises opening and changing channels: the platform throttles bursts, and a group has one channel. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    client: GenesysApi,
    context: PlatformContext,
    clock: Clock,
    usersPerChannel: number,
    handlers: WatchHandlers,
    signal: AbortSignal,
  ) {
    this.#client = client;
    this.#context = context;
    this.#clock = clock;
    this.#usersPerChannel = usersPerChannel;
    this.#handlers = handlers;
    this.#signal = signal;
  }

  /** Whether every channel is open. */
  get isLive(): boolean {
    return this.#groups.every((group) => group.channel !== undefined);
  }

  /** Why live changes of some users do not arrive although all channels are open, for people. */
  get problem(): string | undefined {
    if (this.#uncovered > 0) {
      const limit = CHANNEL_LIMIT * this.#usersPerChannel;
      return `${this.#uncovered} users are beyond the ${limit} one OAuth client can watch; they are only read with each reconciliation`;
    }
    const refused = this.#groups.flatMap((group) => group.refused);
    return (
      refused[0] &&
      `${refused.length} notification topics are refused, e.g. ${refused[0].id}: ${reasonOf(refused[0])}; these users are not available`
    );
  }

  /** Since when the platform refuses a topic of the user, in platform ms; undefined if it does not. */
  unwatchedSince(userId: string): number | undefined {
    return this.#groups.find(({ unwatched }) => unwatched.has(userId))?.unwatched.get(userId);
  }

  /**
   * Subscribes to changes of these users: opens missing channels and adds users to open ones.
   * @param isAll these are all users: others are dropped, and every channel subscribes again, because the platform does not
   * notify of changed permissions
   * @returns the users who were not covered before
   * @throws RequestFailed
   */
  cover(userIds: string[], isAll = false): Promise<string[]> {
    return this.#inTurn(() => this.#cover(userIds, isAll));
  }

  async #cover(userIds: string[], isAll: boolean): Promise<string[]> {
    if (isAll) this.#keep(new Set(userIds));
    const added = userIds.filter((id) => !this.#covered.has(id)).filter((id) => this.#assign(id));
    this.#uncovered = userIds.length - userIds.filter((id) => this.#covered.has(id)).length;
    for (const group of this.#groups) {
      if (!group.channel) await this.#open(group);
      else if (group.isGrown || isAll) this.#note(group, await group.channel.subscribe(group.userIds));
    }
    return added;
  }

  #keep(present: ReadonlySet<string>): void {
    for (const group of this.#groups) {
      const gone = group.userIds.filter((id) => !present.has(id));
      if (gone.length > 0) group.userIds = group.userIds.filter((id) => present.has(id));
      for (const id of gone) this.#covered.delete(id);
    }
  }

  /** Drops every channel, because their token was refused. */
  abandon(reason: string): void {
    for (const { channel } of this.#groups) channel?.fail(reason);
  }

  close(): void {
    for (const { channel, renewal } of this.#groups) {
      clearTimeout(renewal);
      channel?.close();
    }
    for (const channel of this.#leaving) channel.close();
  }

  /** Adds the user to a group. @returns false if all channels are full */
  #assign(userId: string): boolean {
    let group = this.#groups.find(({ userIds }) => userIds.length < this.#usersPerChannel);
    if (!group) {
      if (this.#groups.length === CHANNEL_LIMIT) return false;
      group = { userIds: [], isGrown: false, refused: [], unwatched: new Map() };
      this.#groups.push(group);
    }
    group.userIds.push(userId);
    group.isGrown = true;
    this.#covered.add(userId);
    return true;
  }

  async #open(group: Group): Promise<void> {
    const handlers = {
      event: this.#handlers.event,
      malformed: (text: string) => this.#malformed(text),
      mended: () => this.#context.count('mended_text'),
      closing: (channel: Channel) => void this.#renew(group, channel),
      lost: (channel: Channel, reason: string) => this.#lost(group, channel, reason),
    };
    const { channel, subscribed } = await Channel.open(
      this.#client,
      this.#clock,
      group.userIds,
      handlers,
      this.#signal,
    );
    if (!channel.isOpen) throw new RequestFailed(0, 'The notification channel closed as soon as it was open');
    if (group.channel) this.#leave(group.channel);
    group.channel = channel;
    this.#note(group, subscribed);
    clearTimeout(group.renewal);
    const dueMs = Math.max(0, channel.renewAtMs - this.#clock.monotonicMs()) + RENEWAL_SLACK_MS;
    group.renewal = setTimeout(() => void this.#renew(group, channel), dueMs);
  }

  /** Keeps a replaced channel open for events that are under way to it; the platform would not repeat them. */
  #leave(channel: Channel): void {
    this.#leaving.add(channel);
    const close = (): void => {
      this.#leaving.delete(channel);
      channel.close();
    };
    setTimeout(close, LINGER_MS).unref();
  }

  /** Replaces a channel, retrying until that succeeds or the channel is lost. */
  async #renew(group: Group, channel: Channel, failures = 0): Promise<void> {
    const isNeeded = () => group.channel === channel && !this.#signal.aborted;
    try {
      await this.#inTurn(async () => {
        if (isNeeded()) await this.#open(group);
      });
    } catch (error) {
      if (!isNeeded()) return;
      this.#context.log.warn('notification_channel_not_renewed', { reason: (error as Error).message });
      clearTimeout(group.renewal);
      const retry = () => void this.#renew(group, channel, failures + 1);
      group.renewal = setTimeout(retry, backoffMs(failures + 1));
    }
  }

  #lost(group: Group, channel: Channel, reason: string): void {
    if (group.channel !== channel) return;
    delete group.channel;
    clearTimeout(group.renewal);
    this.#handlers.gap(reason);
  }

  #malformed(text: string): void {
    this.#context.count('malformed_frame');
    this.#context.log.warn('notification_malformed', { frame: cut(text, LOGGED_FRAME_LENGTH) });
  }

  #note(group: Group, { refused, atMs }: Subscribed): void {
    const isNew = group.refused.length === 0;
    group.isGrown = false;
    group.refused = refused;
    const userIds = refused.flatMap(({ id }) => userOfTopic(id) ?? []);
    group.unwatched = new Map(userIds.map((userId) => [userId, group.unwatched.get(userId) ?? atMs]));
    if (refused[0] && isNew) {
      const fields = { topics: refused.length, first: refused[0].id, reason: reasonOf(refused[0]) };
      this.#context.log.warn('notification_topics_refused', fields);
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}

function reasonOf({ rejectionReason, missingPermissions = [] }: TopicPayload): string {
  if (missingPermissions.length > 0) return `missing permission ${missingPermissions.join(', ')}`;
  return rejectionReason ?? 'no reason given';
}
