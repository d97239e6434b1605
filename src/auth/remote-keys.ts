import { isDeepStrictEqual } from 'node:util';
import { Agent, request } from 'undici';
import type { Clock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';
import { type KeySource, KeysUnavailable, matching } from './key-source.ts';
import { keysOfSet, type VerificationKey } from './keys.ts';

interface RemoteKeysOptions {
  /** Of the JWKS. */
  url: string;
  clock: Clock;
  log: Log;
}

/** So long after it is withdrawn a key is believed at most, while the issuer answers. */
const REFRESH_MS = 300_000;
/** While it does not. */
const RETRY_MS = 30_000;
/** Between two fetches that tokens with unknown keys bring about: else strangers could have the issuer hammered. */
const COOLDOWN_MS = 10_000;
/** So long after the last answer of an issuer that is away its keys are believed. */
const OUTLIVES_MS = 4 * 3_600_000;
const DEADLINE_MS = 3000;
const LARGEST_BYTES = 1024 * 1024;
const MOST_KEYS = 100;

/**
 * The keys that an issuer publishes, fetched again every 5 min, and at once, but not often, when a token names one that
 * is not there: so a new key is known by the first token that it signed.
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

  /** Begins to fetch. An issuer that is away keeps nobody from starting. */
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
    return this.ageMs <= OUTLIVES_MS ? this.#version : undefined;
  }

  /** How long ago the issuer last answered, in ms; Infinity before it has. */
  get ageMs(): number {
    return this.#options.clock.monotonicMs() - (this.#fetchedMs ?? Number.NEGATIVE_INFINITY);
  }

  async find(kid: string | undefined): Promise<readonly VerificationKey[]> {
    const known = this.version === undefined ? [] : matching(this.#keys, kid);
    if (known.length > 0) return known;
    const sinceMs = this.#options.clock.monotonicMs() - this.#askedMs;
    if (this.#fetching || sinceMs >= COOLDOWN_MS) await this.refresh();
    if (this.version === undefined)
      throw new KeysUnavailable(`the issuer's keys at ${this.#options.url} are not known`);
    return matching(this.#keys, kid);
  }

  /** Fetches the keys; whoever asks meanwhile shares it. What cannot be fetched leaves things as they were. */
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
      if (keys.length === 0) throw new Error('it holds no key that can be used');
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
