import type { Log } from '../../ops/log.ts';
import { type ClusterSettings, connectNode } from './connection.ts';

type Listener = ReturnType<typeof connectNode>;

const LOOK_EVERY_MS = 1000;

interface Options {
  settings: ClusterSettings;
  /** `host:port` of the masters that answer now. */
  masters(): string[];
  log: Log;
}

/**
 * Subscribes to channels of the region's cluster on one master; nodes forward messages to each other. Messages are missed while no
 * master can be subscribed to. After a loss, another master is tried every second.
 */
export class Announcements {
  readonly #options: Options;
  readonly #listeners = new Map<string, (message: string) => void>();
  #timer: NodeJS.Timeout | undefined;
  #at: { address: string; connection: Listener } | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Adds a subscription. Resolves when it is active, or the first attempt has failed. */
  async listen(channel: string, listener: (message: string) => void): Promise<void> {
    this.#listeners.set(channel, listener);
    this.#drop();
    this.#timer ??= setInterval(() => void this.#look(), LOOK_EVERY_MS);
    await this.#look();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
    this.#drop();
  }

  async #look(): Promise<void> {
    const masters = this.#options.masters();
    if (this.#at && masters.includes(this.#at.address)) return;
    this.#drop();
    const address = masters[Math.floor(Math.random() * masters.length)];
    if (address === undefined || this.#listeners.size === 0) return;
    const colon = address.lastIndexOf(':');
    const connection = connectNode(this.#options.settings, address.slice(0, colon), Number(address.slice(colon + 1)));
    const at = { address, connection };
    this.#at = at;
    const lost = (error?: Error): void => {
      if (error) this.#options.log.debug('store_subscription_lost', { err: error });
      if (this.#at === at) this.#at = undefined;
      connection.destroy();
    };
    connection.on('error', lost);
    try {
      await connection.connect();
      for (const [channel, listener] of this.#listeners) await connection.subscribe(channel, listener);
      if (this.#at !== at) connection.destroy();
    } catch (error) {
      lost(error instanceof Error ? error : undefined);
    }
  }

  #drop(): void {
    this.#at?.connection.destroy();
    this.#at = undefined;
  }
}
