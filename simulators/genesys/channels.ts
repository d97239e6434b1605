import { randomBytes } from 'node:crypto';
import type { WebSocket } from 'ws';
import type { Clock } from '../kit/clock.ts';
import type { Timers } from '../kit/timers.ts';
import type { Token } from './tokens.ts';
import { UNVERIFIED } from './unverified.ts';

/** A notification channel: a list of topics, and at most one socket that receives them. */
export interface Channel {
  readonly id: string;
  readonly token: Token;
  /** Wall time in ms. */
  expiresMs: number;
  /** Each topic as the client wrote it, with the individual topics it expands to. */
  topics: Map<string, string[]>;
  socket?: WebSocket;
  /** A frame that is held back, to follow the next one. */
  held?: string;
  cancelExpiry: () => void;
}

const MAX_CHANNELS = 20;
export const MAX_TOPICS = 1_000;

/** All channels of the OAuth client, and their topics. Nothing is kept for a channel without a socket. */
export class Channels {
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #lifeMs: number;
  /** In order of last use. */
  readonly #live = new Map<string, Channel>();
  readonly #listeners = new Map<string, Set<Channel>>();

  constructor(clock: Clock, timers: Timers, lifeMs: number) {
    this.#clock = clock;
    this.#timers = timers;
    this.#lifeMs = lifeMs;
  }

  get all(): Channel[] {
    return [...this.#live.values()];
  }

  /** A new channel. The 21st ends the least recently used one, those without a socket first. */
  create(token: Token): Channel {
    if (this.#live.size >= MAX_CHANNELS) {
      const evicted = this.all.find(({ socket }) => !socket) ?? this.all[0];
      if (evicted) this.end(evicted);
    }
    const channel: Channel = {
      id: `streaming-0-${randomBytes(13).toString('hex')}`,
      token,
      expiresMs: 0,
      topics: new Map(),
      cancelExpiry: () => {},
    };
    this.#live.set(channel.id, channel);
    this.#extend(channel);
    return channel;
  }

  /** Finds a channel and marks it as used. */
  use(id: string): Channel | undefined {
    const channel = this.#live.get(id);
    if (!channel) return undefined;
    this.#live.delete(id);
    this.#live.set(id, channel);
    return channel;
  }

  /** Replaces the channel's topics, and extends its life. */
  subscribe(channel: Channel, topics: Map<string, string[]>): void {
    this.#stopListening(channel);
    channel.topics = topics;
    for (const topic of [...topics.values()].flat()) {
      const listeners = this.#listeners.get(topic) ?? new Set();
      this.#listeners.set(topic, listeners.add(channel));
    }
    this.#extend(channel);
  }

  /** The channels that listen to an individual topic. */
  listeners(topic: string): ReadonlySet<Channel> {
    return this.#listeners.get(topic) ?? NO_CHANNELS;
  }

  end(channel: Channel): void {
    channel.cancelExpiry();
    this.#stopListening(channel);
    this.#live.delete(channel.id);
    channel.socket?.close(UNVERIFIED.channelEndedCloseCode);
  }

  endOfToken(token: Token): void {
    for (const channel of this.all) if (channel.token === token) this.end(channel);
  }

  #extend(channel: Channel): void {
    channel.cancelExpiry();
    channel.expiresMs = this.#clock.nowMs() + this.#lifeMs;
    channel.cancelExpiry = this.#timers.after(this.#lifeMs, () => this.end(channel));
  }

  #stopListening(channel: Channel): void {
    for (const topic of [...channel.topics.values()].flat()) {
      const listeners = this.#listeners.get(topic);
      listeners?.delete(channel);
      if (listeners?.size === 0) this.#listeners.delete(topic);
    }
  }
}

const NO_CHANNELS: ReadonlySet<Channel> = new Set();
