import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { Timers } from '../kit/timers.ts';
import type { Channel, Channels } from './channels.ts';
import type { Faults } from './faults.ts';
import type { Timings } from './options.ts';
import { UNVERIFIED } from './unverified.ts';

const MAX_CLIENT_FRAME_BYTES = 64 * 1024;
const ABNORMAL_CLOSURE = 1006;

/** The sockets of all channels: `GET /channels/{id}` upgrades. The id is the only credential. */
export class Sockets {
  readonly #channels: Channels;
  readonly #faults: Faults;
  readonly #timers: Timers;
  readonly #closingNoticeMs: number;
  readonly #upgrades = new WebSocketServer({ noServer: true, maxPayload: MAX_CLIENT_FRAME_BYTES });

  constructor(server: Server, channels: Channels, faults: Faults, timings: Timings, timers: Timers) {
    this.#channels = channels;
    this.#faults = faults;
    this.#timers = timers;
    this.#closingNoticeMs = timings.closingNoticeMs;
    server.on('upgrade', (request, stream, head) => this.#upgrade(request, stream, head));
    timers.every(timings.heartbeatMs, () =>
      this.#each((channel) => this.send(channel, metadata('WebSocket Heartbeat'))),
    );
  }

  /** Sends a frame, and after it the one that was held back. Without a socket it is lost. */
  send(channel: Channel, frame: string): void {
    const { socket, held } = channel;
    channel.held = undefined;
    if (socket?.readyState !== WebSocket.OPEN || this.#faults.settings.silentSockets) return;
    socket.send(frame);
    if (held !== undefined) socket.send(held);
  }

  /** Breaks every socket. */
  stop(): void {
    for (const socket of this.#upgrades.clients) socket.terminate();
  }

  /** Closes every socket; 1006 breaks it without a close frame, as a lost connection does. */
  closeAll(code: number): void {
    this.#each(({ socket }) => (code === ABNORMAL_CLOSURE ? socket?.terminate() : socket?.close(code)));
  }

  /** Maintenance: clients have a while to open a new socket before the old one ends. */
  announceClosing(): void {
    const message = 'The connection will be closed in 60 seconds for maintenance.';
    const frame = { topicName: 'v2.system.socket_closing', version: '2', eventBody: { message }, metadata: {} };
    this.#each((channel) => {
      const { socket } = channel;
      this.send(channel, JSON.stringify(frame));
      this.#timers.after(this.#closingNoticeMs, () => socket?.close(1001));
    });
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    // A client that breaks off while it connects is gone; nothing is lost.
    stream.on('error', () => stream.destroy());
    const id = /^\/channels\/([^/?]+)/.exec(request.url ?? '')?.[1];
    const channel = id === undefined ? undefined : this.#channels.use(id);
    if (!channel) {
      stream.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    this.#upgrades.handleUpgrade(request, stream, head, (socket) => this.#open(channel, socket));
  }

  /** A second socket on a channel takes the place of the first. */
  #open(channel: Channel, socket: WebSocket): void {
    channel.socket?.close(UNVERIFIED.replacedCloseCode);
    channel.socket = socket;
    channel.held = undefined;
    socket.on('message', (data) => this.#hear(channel, socket, data));
    // 'close' follows, and handles a broken client.
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      if (channel.socket === socket) channel.socket = undefined;
    });
  }

  #hear(channel: Channel, socket: WebSocket, data: RawData): void {
    if (channel.socket === socket && isPing(String(data))) this.send(channel, metadata('pong'));
  }

  #each(act: (channel: Channel) => void): void {
    for (const channel of this.#channels.all) if (channel.socket) act(channel);
  }
}

function metadata(message: string): string {
  return JSON.stringify({ topicName: 'channel.metadata', eventBody: { message } });
}

function isPing(text: string): boolean {
  try {
    return JSON.parse(text)?.message === 'ping';
  } catch {
    // Messages that are not JSON get no answer.
    return false;
  }
}
