import { createClient, RESP_TYPES } from '@redis/client';
import type { TlsTexts } from '../../ops/tls.ts';
import type { Script } from '../../store/redis/scripts.ts';
import { isNoScript } from '../../store/replies.ts';
import { BusUnavailable } from '../bus.ts';

/** Command timeout. After it, the connection is replaced: a frozen server keeps its connections open. */
const ANSWER_LIMIT_MS = 2_000;
const CONNECT_LIMIT_MS = 2_000;
const SILENCE_LIMIT_MS = 5_000;
const PING_EVERY_MS = 1_500;
const MAX_RECONNECT_MS = 2_000;

type CommandOptions = Parameters<ReturnType<typeof open>['sendCommand']>[1];

/**
 * One connection to a plain Redis. It reconnects without limit. While it is down every call fails at once: commands are not
 * queued, so an outage costs no memory.
 */
export class RedisConnection {
  readonly #url: string;
  readonly #tls: TlsTexts;
  #client: ReturnType<typeof open>;
  #opened: Promise<void>;
  #closed = false;

  /** @param url `redis://` or `rediss://`, with credentials if needed */
  constructor(url: string, tls: TlsTexts = {}) {
    this.#url = url;
    this.#tls = tls;
    this.#client = open(url, tls);
    this.#opened = opened(this.#client);
  }

  /**
   * Sends one command.
   * @param blocksMs how long the command itself may block
   * @throws BusUnavailable; the server may have carried out the command
   */
  call(command: string[], blocksMs = 0): Promise<unknown> {
    return this.#call(command, blocksMs);
  }

  /** As `call`, with strings as bytes, so that invalid UTF-8 can be detected. */
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

  /** Running and later calls fail. */
  close(): void {
    this.#closed = true;
    destroy(this.#client);
  }

  async #send(command: string[], blocksMs = 0, options?: CommandOptions): Promise<unknown> {
    const client = this.#client;
    const limit = setTimeout(() => this.#leave(client), ANSWER_LIMIT_MS + blocksMs);
    try {
      // Only the first call waits for the connection; later calls fail at once while it is down.
      return await this.#opened.then(() => client.sendCommand(command, options));
    } catch (error) {
      if (this.#client !== client) throw new Error('it does not answer', { cause: error });
      throw error;
    } finally {
      clearTimeout(limit);
    }
  }

  /** Replaces the connection to a frozen server. */
  #leave(frozen: ReturnType<typeof open>): void {
    if (this.#closed || this.#client !== frozen) return;
    this.#client = open(this.#url, this.#tls);
    this.#opened = opened(this.#client);
    destroy(frozen);
  }
}

function destroy(client: ReturnType<typeof open>): void {
  // `destroy` does not stop a client that is still connecting.
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
  // The calls that were running report the error.
  client.on('error', () => undefined);
  client.connect().catch(() => undefined);
  return client;
}

/** Resolves when the first attempt to connect has succeeded or failed. */
function opened(client: ReturnType<typeof open>): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['ready', 'error', 'end']) client.once(event, () => resolve());
  });
}

function unavailable(url: string, error: unknown): BusUnavailable {
  const reason = error instanceof Error ? error.message : String(error);
  return new BusUnavailable(`the bus at ${new URL(url).host} cannot be used now: ${reason}`, { cause: error });
}
