import { isDeepStrictEqual } from 'node:util';
import { Agent, request } from 'undici';
import type { Clock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';
import { type KeySource, KeysUnavailable, matching } from './key-source.ts';
import { keysOfSet, type VerificationKey } from './keys.ts';

interface RemoteKeysOptions {
  /** URL of the JWKS. */
  url: string;
  clock: Clock;
  log: Log;
}

/** Refresh interval while the issuer answers: a withdrawn key is accepted for this long at most. */
const REFRESH_MS = 300_000;
/** Refresh interval while it does not. */
const RETRY_MS = 30_000;
/** Shortest time between two fetches caused by tokens with unknown keys, so that strangers cannot flood the issuer. */
const COOLDOWN_MS = 10_000;
/** How long keys are accepted after the issuer's last answer. */
const TRUSTED_MS = 4 * 3_600_000;
const DEADLINE_MS = 3000;
const LARGEST_BYTES = 1024 * 1024;
const MOST_KEYS = 100;

/**
 * The published keys of an issuer, fetched every 5 min, and also when a token names an unknown key, with a cooldown. So a new
 * key is known with the first token that it signed.
 */
export class RemoteKeys implements KeySource {
  readonly #options: RemoteKeysOptions;
  readonly #http = new Agent({ connections: 1, connect: { timeout: DEADLINE_MS }, maxResponseSize: LARGEST_BYTES });
  #set: unknown;
  #keys: readonly VerificationKey[] = [];
  #version = 0;
  #fetchedMs: number | undefined;
  #askedMs = Number.NEGATIVE_INFINITY;
  #isAway = false;
  #fetching: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: RemoteKeysOptions) {
    this.#options = options;
  }

  /** Starts fetching. An unavailable issuer does not prevent the start of an instance. */
  start(): void {
    void this.refresh().then(() => {
      if (this.#isStopped) return;
      this.#timer = setTimeout(() => this.start(), this.#isAway ? RETRY_MS : REFRESH_MS).unref();
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#http.destroy();
    await this.#fetching;
  }

  get version(): number | undefined {
    return this.ageMs <= TRUSTED_MS ? this.#version : undefined;
  }

  /** Time since the issuer's last answer, in ms; Infinity before the first. */
  get ageMs(): number {
    return this.#options.clock.monotonicMs() - (this.#fetchedMs ?? Number.NEGATIVE_INFINITY);
  }

  async find(kid: string | undefined): Promise<readonly VerificationKey[]> {
    const known = this.version === undefined ? [] : matching(this.#keys, kid);
    if (known.length > 0) return known;
    const sinceMs = this.#options.clock.monotonicMs() - this.#askedMs;
    if (this.#fetching || sinceMs >= COOLDOWN_MS) await this.refresh();
    if (this.version === undefined)
      throw new KeysUnavailable(`the issuer's keys at ${this.#options.url} are unavailable`);
    return matching(this.#keys, kid);
  }

  /** Fetches the keys; concurrent calls share one fetch. A failure keeps the known keys. */
  refresh(): Promise<void> {
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #fetch(): Promise<void> {
    const { url, clock, log } = this.#options;
    this.#askedMs = clock.monotonicMs();
    try {
      const set = await this.#read();
      const keys = keysOfSet(set).slice(0, MOST_KEYS);
      if (keys.length === 0) throw new Error('it holds no usable key');
      this.#fetchedMs = clock.monotonicMs();
      if (this.#isAway) log.info('issuer_keys_available', { url });
      this.#isAway = false;
      if (isDeepStrictEqual(set, this.#set)) return;
      this.#set = set;
      this.#keys = keys;
      this.#version += 1;
      log.info('issuer_keys_changed', { url, keys: keys.map(({ kid }) => kid ?? null) });
    } catch (error) {
      if (!this.#isAway && !this.#isStopped) log.warn('issuer_keys_unavailable', { url, err: error });
      this.#isAway = true;
    }
  }

  async #read(): Promise<unknown> {
    const { statusCode, body } = await request(this.#options.url, {
      headers: { accept: 'application/json' },
      dispatcher: this.#http,
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    if (statusCode === 200) return body.json();
    await body.dump();
    throw new Error(`it answers ${statusCode}`);
  }
}
