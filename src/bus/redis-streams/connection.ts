import { createClient, RESP_TYPES } from '@redis/client';
import type { TlsTexts } from '../../ops/tls.ts';
import type { Script } from '../../store/redis/scripts.ts';
import { isNoScript } from '../../store/replies.ts';
import { BusUnavailable } from '../bus.ts';

/** A bus that answers later than this is taken for frozen, and its connection for lost. */
const ANSWER_LIMIT_MS = 2_000;
const CONNECT_LIMIT_MS = 2_000;
const SILENCE_LIMIT_MS = 5_000;
const PING_EVERY_MS = 1_500;
const MAX_RECONNECT_MS = 2_000;

type CommandOptions = Parameters<ReturnType<typeof open>['sendCommand']>[1];

/**
 * One connection to a plain Redis that comes back by itself for ever and never keeps a caller waiting: while it is
 * away every call fails at once. Nothing is queued, so an outage costs no memory.
 */
export class RedisConnection {
  readonly #url: string;
  readonly #tls: TlsTexts;
  #client: ReturnType<typeof open>;
  #opened: Promise<void>;
  #closed = false;

  /** @param url `redis://` or `rediss://`, with credentials if need be */
  constructor(url: string, tls: TlsTexts = {}) {
    this.#url = url;
    this.#tls = tls;
    this.#client = open(url, tls);
    this.#opened = opened(this.#client);
  }

  /**
   * Carries out one command.
   * @param blocksMs how long the command itself may block
   * @throws BusUnavailable; what was sent may still have been carried out
   */
  call(command: string[], blocksMs = 0): Promise<unknown> {
    return this.#call(command, blocksMs);
  }

  /** The same, answered in bytes: as text, what is no UTF-8 would look like something else. */
  callForBytes(command: string[], blocksMs: number): Promise<unknown> {
    return this.#call(command, blocksMs, { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } });
  }

  async #call(command: string[], blocksMs: number, options?: CommandOptions): Promise<unknown> {
    try {
      return await this.#send(command, blocksMs, options);
    } catch (error) {
      throw unavailable(this.#url, error);
    }
  }

  /** Runs a script. @throws as `call` */
  async run(script: Script, keys: string[], args: string[]): Promise<unknown> {
    const rest = [`${keys.length}`, ...keys, ...args];
    try {
      return await this.#send(['EVALSHA', script.sha, ...rest]);
    } catch (error) {
      if (!isNoScript(error)) throw unavailable(this.#url, error);
    }
    return this.call(['EVAL', script.lua, ...rest]);
  }

  /** Calls under way fail, and all later ones. */
  close(): void {
    this.#closed = true;
    destroy(this.#client);
  }

  async #send(command: string[], blocksMs = 0, options?: CommandOptions): Promise<unknown> {
    const client = this.#client;
    const limit = setTimeout(() => this.#leave(client), ANSWER_LIMIT_MS + blocksMs);
    try {
      // The first call waits for the connection; after that, while it is lost, calls fail at once.
      return await this.#opened.then(() => client.sendCommand(command, options));
    } catch (error) {
      if (this.#client !== client) throw new Error('it does not answer', { cause: error });
      throw error;
    } finally {
      clearTimeout(limit);
    }
  }

  /** A frozen server keeps its connections open: leaving them is the only way not to wait for it. */
  #leave(frozen: ReturnType<typeof open>): void {
    if (this.#closed || this.#client !== frozen) return;
    this.#client = open(this.#url, this.#tls);
    this.#opened = opened(this.#client);
    destroy(frozen);
  }
}

function destroy(client: ReturnType<typeof open>): void {
  // A client that is just connecting would stay connected.
  client.once('connect', () => client.destroy());
  client.destroy();
}

function open(url: string, tls: TlsTexts) {
  const client = createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    pingInterval: PING_EVERY_MS,
    commandOptions: { timeout: 0 },
    maintNotifications: 'disabled',
    socket: {
      ...(url.startsWith('rediss:') && { tls: true as const, ...tls }),
      connectTimeout: CONNECT_LIMIT_MS,
      socketTimeout: SILENCE_LIMIT_MS,
      reconnectStrategy: (retries) => Math.min(50 * 2 ** retries, MAX_RECONNECT_MS) * (0.5 + Math.random() / 2),
    },
  });
  // What is lost with a connection rejects the calls under way; they tell.
  client.on('error', () => undefined);
  client.connect().catch(() => undefined);
  return client;
}

/** Resolves once the first attempt to connect has ended, well or not. */
function opened(client: ReturnType<typeof open>): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['ready', 'error', 'end']) client.once(event, () => resolve());
  });
}

function unavailable(url: string, error: unknown): BusUnavailable {
  const reason = error instanceof Error ? error.message : String(error);
  return new BusUnavailable(`the bus at ${new URL(url).host} cannot be used now: ${reason}`, { cause: error });
}
