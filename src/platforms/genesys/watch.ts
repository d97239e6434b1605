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
/** After a token or channel is due, so that the timer is never early. */
const RENEWAL_SLACK_MS = 50;
/** How long a replaced channel still delivers what was sent to it before the new one was there, in ms. */
const LINGER_MS = 2_000;
const LOGGED_FRAME_LENGTH = 200;

/** The users of one channel, whichever channel serves them just now. */
interface Group {
  userIds: string[];
  /** Users were added since the channel last subscribed. */
  isGrown: boolean;
  channel?: Channel;
  renewal?: NodeJS.Timeout;
  /** Topics of the group that the platform refuses. */
  refused: TopicPayload[];
  /** Whose they are, and since when it does, in platform ms. */
  unwatched: ReadonlyMap<string, number>;
}

interface WatchHandlers {
  event(frame: EventFrame): void;
  /** Changes may have been missed: cover the users again, then read them. */
  gap(reason: string): void;
}

/**
 * All channels of a connection: deals users to them, replaces each before it expires without missing anything (the
 * new one is open a while before the old one closes), and says when something was missed.
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
  /** Opening and growing channels goes one after another: the platform throttles bursts, and a group has one channel. */
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

  /** What keeps live changes of some users away although all channels are open, for people. */
  get problem(): string | undefined {
    if (this.#uncovered > 0) {
      const limit = CHANNEL_LIMIT * this.#usersPerChannel;
      return `${this.#uncovered} users are beyond the ${limit} one OAuth client can watch; they are only read with each reconciliation`;
    }
    const refused = this.#groups.flatMap((group) => group.refused);
    return (
      refused[0] &&
      `${refused.length} notification topics are refused, e.g. ${refused[0].id}: ${reasonOf(refused[0])}; so whose they are is not available`
    );
  }

  /** Since when the platform refuses a topic of the user, in platform ms; undefined where it does not. */
  unwatchedSince(userId: string): number | undefined {
    return this.#groups.find(({ unwatched }) => unwatched.has(userId))?.unwatched.get(userId);
  }

  /**
   * Sees to it that changes of these users arrive: opens channels where none is open, adds users to those that are.
   * @param anew these are all: others are let go, and every channel says again what it listens to, since nothing tells of
   * a permission that came or went
   * @returns the users who were not watched before
   * @throws RequestFailed
   */
  cover(userIds: string[], anew = false): Promise<string[]> {
    return this.#inTurn(() => this.#cover(userIds, anew));
  }

  async #cover(userIds: string[], anew: boolean): Promise<string[]> {
    if (anew) this.#keep(new Set(userIds));
    const added = userIds.filter((id) => !this.#covered.has(id)).filter((id) => this.#deal(id));
    this.#uncovered = userIds.length - userIds.filter((id) => this.#covered.has(id)).length;
    for (const group of this.#groups) {
      if (!group.channel) await this.#open(group);
      else if (group.isGrown || anew) this.#note(group, await group.channel.subscribe(group.userIds));
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

  /** Gives up every channel: their token is worthless. */
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

  /** @returns whether a channel has, or can have, a place for the user */
  #deal(userId: string): boolean {
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

  /** Lets a replaced channel deliver what is under way to it before it is closed; the platform would not repeat it. */
  #leave(channel: Channel): void {
    this.#leaving.add(channel);
    const close = (): void => {
      this.#leaving.delete(channel);
      channel.close();
    };
    setTimeout(close, LINGER_MS).unref();
  }

  /** Puts another channel in the place of this one, trying until it succeeds or this one is lost. */
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
