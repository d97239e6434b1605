import { WebSocket } from 'ws';
import type { Clock } from '../../ops/clock.ts';
import { parse, RequestFailed } from '../failure.ts';
import type { GenesysApi } from './client.ts';
import { type ChannelPayload, type PagePayload, type TopicPayload, timeOf } from './payloads.ts';
import { readUserTopic, type UserTopic, userTopic } from './requests.ts';
import { RENEWAL_SHARE } from './token.ts';

const HANDSHAKE_TIMEOUT_MS = 10_000;
const LARGEST_FRAME_BYTES = 4 * 1024 * 1024;
/** Heartbeats come about every 30 s. A socket that is silent for longer gets a ping, and PONG_MS to answer. */
const SILENCE_MS = 31_000;
const PONG_MS = 5_000;
const WATCH_MS = 1_000;
const LONGEST_LIFE_MS = 24 * 3_600_000;
/** Response dates have whole seconds: the platform's clock may be ahead by this much. */
const DATE_PRECISION_MS = 1_000;

const ENDED_TOPIC = /^v2\.system\.(no_longer_subscribed|token_revoked)\b/;

/** A message on a channel's socket. */
type Frame =
  | { kind: 'event'; userId: string; topic: UserTopic; body: object }
  /** Heartbeats, pongs and unknown topics: the socket is alive. */
  | { kind: 'alive' }
  /** The server ends the socket in about a minute. */
  | { kind: 'closing' }
  /** Nothing more will come: the token was revoked or the subscriptions are gone. */
  | { kind: 'ended'; reason: string }
  | { kind: 'malformed' };

export type EventFrame = Extract<Frame, { kind: 'event' }>;

interface ChannelHandlers {
  event(frame: EventFrame): void;
  malformed(text: string): void;
  /** Ill-formed Unicode in a frame was repaired. */
  mended(): void;
  /** The server will close the socket soon: open another channel, then close this one. */
  closing(channel: Channel): void;
  /** The socket was closed unexpectedly; events may be missing from now on. Called at most once. */
  lost(channel: Channel, reason: string): void;
}

/** Result of a subscription. */
export interface Subscribed {
  /** Topics that the platform refused. */
  refused: TopicPayload[];
  /** Time of the response by the platform's clock, in ms. */
  atMs: number;
}

interface Created {
  id: string;
  connectUri: string;
  renewAtMs: number;
}

/**
 * One notification channel and its only socket.
 *
 *   created ──► subscribed ──► open ──► closed (by us) or lost (by the server or the network)
 *
 * The platform queues and replays nothing while no socket is open. A lost channel is never reopened: a new one replaces it,
 * and a full read covers the gap.
 */
export class Channel {
  readonly #client: GenesysApi;
  readonly #clock: Clock;
  readonly #handlers: ChannelHandlers;
  readonly #id: string;
  readonly #socket: WebSocket;
  readonly #opening = Promise.withResolvers<void>();
  readonly #watch: NodeJS.Timeout;
  /** Monotonic time in ms at which another channel should take over: before this one or its token expires. */
  readonly renewAtMs: number;
  #isOpen = false;
  #isDone = false;
  #heardMs: number;
  #askedMs: number | undefined;

  private constructor(client: GenesysApi, clock: Clock, handlers: ChannelHandlers, created: Created) {
    this.#client = client;
    this.#clock = clock;
    this.#handlers = handlers;
    this.#id = created.id;
    this.renewAtMs = created.renewAtMs;
    this.#heardMs = clock.monotonicMs();
    this.#watch = setInterval(() => this.#checkSilence(), WATCH_MS);
    this.#socket = new WebSocket(created.connectUri, {
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      maxPayload: LARGEST_FRAME_BYTES,
      perMessageDeflate: false,
    });
    this.#socket.on('open', () => {
      this.#isOpen = true;
      this.#opening.resolve();
    });
    this.#socket.on('message', (data) => this.#read(String(data)));
    this.#socket.on('close', (code) => this.fail(`the socket closed with ${code}`));
    this.#socket.on('error', (error) => this.fail(`the socket failed: ${error.message}`));
  }

  /**
   * Creates a channel for these users, subscribes, then connects.
   * @throws RequestFailed
   */
  static async open(
    client: GenesysApi,
    clock: Clock,
    userIds: string[],
    handlers: ChannelHandlers,
    signal: AbortSignal,
  ): Promise<{ channel: Channel; subscribed: Subscribed }> {
    const createdMs = clock.monotonicMs();
    const { body, atMs, token } = await client.send<ChannelPayload>({ to: 'createChannel' });
    const expiresMs = timeOf(body.expires) ?? Number.POSITIVE_INFINITY;
    const lifeMs = Math.min(LONGEST_LIFE_MS, expiresMs - atMs - DATE_PRECISION_MS);
    const subscribed = await subscribe(client, body.id, userIds);
    const renewAtMs = Math.min(token.renewAtMs, createdMs + lifeMs * RENEWAL_SHARE);
    signal.throwIfAborted();
    const channel = new Channel(client, clock, handlers, { ...body, renewAtMs });
    const abort = () => channel.fail('the connection stops');
    signal.addEventListener('abort', abort);
    await channel.#opening.promise.finally(() => signal.removeEventListener('abort', abort));
    return { channel, subscribed };
  }

  get isOpen(): boolean {
    return this.#isOpen && !this.#isDone;
  }

  /** Replaces the channel's topics. @throws RequestFailed */
  subscribe(userIds: string[]): Promise<Subscribed> {
    return subscribe(this.#client, this.#id, userIds);
  }

  /** Closes the channel on purpose; later messages are ignored. */
  close(): void {
    this.#isDone = true;
    clearInterval(this.#watch);
    this.#socket.terminate();
  }

  /** Closes the channel and reports it as lost. */
  fail(reason: string): void {
    if (this.#isDone) return;
    this.close();
    if (this.#isOpen) this.#handlers.lost(this, reason);
    else this.#opening.reject(new RequestFailed(0, `The notification channel did not open: ${reason}`));
  }

  #read(text: string): void {
    if (this.#isDone) return;
    this.#heardMs = this.#clock.monotonicMs();
    this.#askedMs = undefined;
    const frame = readFrame(text, () => this.#handlers.mended());
    if (frame.kind === 'event') this.#handlers.event(frame);
    else if (frame.kind === 'malformed') this.#handlers.malformed(text);
    else if (frame.kind === 'closing') this.#handlers.closing(this);
    else if (frame.kind === 'ended') this.fail(frame.reason);
  }

  #checkSilence(): void {
    if (!this.#isOpen) return;
    const nowMs = this.#clock.monotonicMs();
    if (this.#askedMs !== undefined && nowMs - this.#askedMs > PONG_MS) this.fail('the socket fell silent');
    else if (this.#askedMs === undefined && nowMs - this.#heardMs > SILENCE_MS) {
      this.#askedMs = nowMs;
      this.#socket.send('{"message":"ping"}');
    }
  }
}

async function subscribe(client: GenesysApi, id: string, userIds: string[]): Promise<Subscribed> {
  const call = { to: 'subscribe', channelId: id, query: 'ignoreErrors=true' } as const;
  const { body, atMs } = await client.send<PagePayload<TopicPayload>>(call, { body: userIds.map(userTopic) });
  const refused = (body.entities ?? []).filter((topic) => topic.state?.toLowerCase() === 'rejected');
  return { refused, atMs };
}

/**
 * Reads a message leniently: fields other than the topic and its body may be missing.
 * @param onMended called if ill-formed Unicode was repaired
 */
export function readFrame(text: string, onMended?: () => void): Frame {
  const message = parse(text, onMended);
  if (!isObject(message) || typeof message.topicName !== 'string') return { kind: 'malformed' };
  const { topicName, eventBody } = message;
  const ofUser = readUserTopic(topicName);
  if (ofUser) return isObject(eventBody) ? { kind: 'event', ...ofUser, body: eventBody } : { kind: 'malformed' };
  if (topicName === 'v2.system.socket_closing') return { kind: 'closing' };
  const reason = ENDED_TOPIC.exec(topicName)?.[1];
  return reason ? { kind: 'ended', reason: reason.replaceAll('_', ' ') } : { kind: 'alive' };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
