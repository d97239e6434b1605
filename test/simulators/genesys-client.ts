import { once } from 'node:events';
import type { GenesysSimulator } from '@muster/simulators/genesys/interface';
import { WebSocket } from 'ws';

export interface Answer<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: T;
}

export interface Frame {
  topicName: string;
  // biome-ignore lint/suspicious/noExplicitAny: the tests are what says which fields a body has
  eventBody: any;
  metadata?: { CorrelationId?: string };
}

export { until } from './until.ts';

/** Agents who are at work at once, answer every call quickly, and never leave by themselves. */
export const BRISK = {
  loginWithinMs: 0,
  signInMs: 0,
  answerFromMs: 5,
  answerToMs: 20,
  talkMs: 40,
  wrapUpMs: 40,
  breakMs: 50,
  shiftGapMs: 50,
  notRespondingMs: 60,
  alertTimeoutMs: 50,
  absentAtStart: 0,
  missesCall: 0,
  takesBreak: 0,
  endsShift: 0,
};

/** A client of the simulator over plain HTTP, as an integrator would write one. */
export class GenesysClient {
  readonly url: string;
  token = '';

  constructor(url: string) {
    this.url = url;
  }

  static async login(simulator: GenesysSimulator): Promise<GenesysClient> {
    const client = new GenesysClient(simulator.url);
    const { clientId, clientSecret } = simulator.credentials;
    const { body } = await client.requestToken(clientId, clientSecret);
    client.token = String(body.access_token);
    return client;
  }

  requestToken(clientId: string, clientSecret: string, grantType = 'client_credentials'): Promise<Answer> {
    return this.#fetch('POST', '/oauth/token', {
      headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: grantType }),
    });
  }

  // biome-ignore lint/suspicious/noExplicitAny: the tests are what says which fields a body has
  call(method: string, path: string, body?: unknown): Promise<Answer<any>> {
    const headers: Record<string, string> = this.token ? { authorization: `Bearer ${this.token}` } : {};
    if (body !== undefined) headers['content-type'] = 'application/json';
    return this.#fetch(method, path, { headers, body: body === undefined ? undefined : JSON.stringify(body) });
  }

  get(path: string) {
    return this.call('GET', path);
  }

  /** A channel that hears the topics on an open socket. */
  async listen(topics: string[]): Promise<Listener> {
    const { body } = await this.call('POST', '/api/v2/notifications/channels');
    const path = `/api/v2/notifications/channels/${body.id}/subscriptions`;
    await this.call(
      'PUT',
      path,
      topics.map((id) => ({ id })),
    );
    return Listener.open(String(body.connectUri), String(body.id));
  }

  async #fetch(method: string, path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(this.url + path, { method, ...init });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : {} };
  }
}

/** A socket and everything it has said. */
export class Listener {
  readonly channelId: string;
  readonly connectUri: string;
  readonly socket: WebSocket;
  readonly frames: Frame[] = [];
  readonly malformed: string[] = [];
  closeCode?: number;

  private constructor(socket: WebSocket, connectUri: string, channelId: string) {
    this.socket = socket;
    this.connectUri = connectUri;
    this.channelId = channelId;
    socket.on('close', (code) => {
      this.closeCode = code;
    });
    socket.on('message', (data) => {
      try {
        this.frames.push(JSON.parse(String(data)));
      } catch {
        this.malformed.push(String(data));
      }
    });
  }

  /** @throws Error if the upgrade is refused */
  static async open(connectUri: string, channelId: string): Promise<Listener> {
    const listener = new Listener(new WebSocket(connectUri), connectUri, channelId);
    await once(listener.socket, 'open');
    return listener;
  }

  /** The frames of topics that end so. */
  of(ending: string): Frame[] {
    return this.frames.filter(({ topicName }) => topicName.endsWith(ending));
  }
}
