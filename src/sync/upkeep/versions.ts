import { setTimeout as sleep } from 'node:timers/promises';
import { EXCHANGE, type Exchange, OLDEST_EXCHANGE } from '../../agent/exchange.ts';
import type { Config } from '../../config/schema.ts';
import { domainsOf } from '../../config/topology.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { Store } from '../../store/store.ts';
import type { Freshness } from '../freshness/freshness.ts';

interface VersionsOptions {
  store: Pick<Store, 'conversion' | 'instances' | 'notes'>;
  freshness: Pick<Freshness, 'exchangeOf' | 'region'>;
  config: Config;
  instance: string;
  /** Version of Muster. */
  version: string;
  clock: Clock;
  log: Log;
}

/** What an instance tells of itself, and of the other regions as it sees them. */
export interface InstanceNote {
  version: string;
  /** Numbers of the store formats that it knows. */
  stores: string[];
  exchange: Exchange;
  /** By name of the other region. */
  peers: Record<string, Exchange & { state: string }>;
}

/** The format that the operator wants this region to send, in the notes of the region. */
export const WANTED = 'exchange';
/** Field of an instance's notes. */
export const TOLD = 'told';
const LOOK_EVERY_MS = 1000;
/** A note of a dead instance ends after this time. */
const NOTE_KEPT_MS = 5000;
/**
 * How long a newer format is announced before it is sent, in ms, and how long an older one is sent before that is said. Within this
 * time every instance reads the notes, and every write that has begun is over.
 */
const ANNOUNCED_MS = 3000;

/**
 * The formats of a region's instances. Each instance tells what it knows, and reads what the others tell: so heartbeats can name the
 * formats of the region, and an upgrade can see who is not ready.
 */
export class Versions {
  /** The format of messages and requests that this instance sends. */
  sends = EXCHANGE.oldest;
  readonly #options: VersionsOptions;
  #region: Exchange = OLDEST_EXCHANGE;
  /** Monotonic ms since which another format than `sends` is wanted, and the last read of all notes. */
  #wantedSinceMs: number | undefined;
  #readMs = Number.NEGATIVE_INFINITY;
  #said = EXCHANGE.oldest;
  #unknownStores: string[] = [];
  #olderStores: string[] = [];
  readonly #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: VersionsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  stop(): Promise<void> {
    this.#stopping.abort();
    return this.#running;
  }

  /** The region's formats, over all live instances. If they cannot be read, it may send any. */
  exchange(): Exchange {
    const isCurrent = this.#options.clock.monotonicMs() - this.#readMs < ANNOUNCED_MS;
    return isCurrent ? this.#region : { ...this.#region, sends: EXCHANGE.newest };
  }

  /** Why this version cannot serve the region's stores, in words. */
  obstacles(): string[] {
    return this.#unknownStores;
  }

  /** What an operator of the region should know, in words. */
  warnings(): string[] {
    return [...this.#unknownStores, ...this.#olderStores];
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#look().catch((error) => this.#options.log.debug('versions_not_read', { err: error }));
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined); // aborted by stop
    }
  }

  async #look(): Promise<void> {
    const { store, config, instance, clock } = this.#options;
    const [wanted] = await store.notes.readSome('region', config.region, [WANTED]);
    this.#turnTo(Math.min(EXCHANGE.newest, Math.max(EXCHANGE.oldest, Number(wanted) || EXCHANGE.oldest)));
    const own = this.#note();
    await store.notes.write('instance', instance, { [TOLD]: JSON.stringify(own) }, NOTE_KEPT_MS);
    const startedMs = clock.monotonicMs();
    const others = (await readInstances(store)).filter(([name]) => name !== instance);
    const all = [own, ...others.map(([, note]) => note)].map((note) => note?.exchange ?? OLDEST_EXCHANGE);
    this.#region = {
      sends: Math.max(...all.map(({ sends }) => sends)),
      reads: Math.min(...all.map(({ reads }) => reads)),
    };
    this.#readMs = startedMs;
    await this.#lookAtStores();
  }

  /** A newer format is first said and then sent; of an older one the reverse. */
  #turnTo(wanted: number): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (wanted === this.sends && wanted === this.#said) {
      this.#wantedSinceMs = undefined;
      return;
    }
    if (wanted < this.sends) {
      this.sends = wanted;
      this.#wantedSinceMs = nowMs;
    }
    if (wanted > this.#said) {
      this.#said = wanted;
      this.#wantedSinceMs = nowMs;
    }
    if (nowMs - (this.#wantedSinceMs ?? nowMs) < ANNOUNCED_MS) return;
    this.sends = wanted;
    this.#said = wanted;
  }

  #note(): InstanceNote {
    const { store, freshness, config, version } = this.#options;
    const others = Object.keys(config.regions).filter((name) => name !== config.region);
    const peers = others.map((name) => [name, { ...freshness.exchangeOf(name), state: freshness.region(name).state }]);
    return {
      version,
      stores: [...store.conversion.formats],
      exchange: { sends: this.#said, reads: EXCHANGE.newest },
      peers: Object.fromEntries(peers),
    };
  }

  async #lookAtStores(): Promise<void> {
    const { store, config } = this.#options;
    const { conversion } = store;
    const [known, newest] = [conversion.formats, conversion.formats.at(-1)];
    const domains = domainsOf(config).map(async (domain) => ({ domain, ...(await conversion.state(domain)) }));
    const states = await Promise.all(domains);
    this.#unknownStores = states.flatMap(({ domain, format }) =>
      known.includes(format)
        ? []
        : [`the store of domain "${domain}" has format ${format}, and this version knows ${known.join(' and ')}`],
    );
    // A domain that is new, or was emptied, after the upgrade.
    const isFinished = EXCHANGE.newest > EXCHANGE.oldest && this.sends === EXCHANGE.newest;
    this.#olderStores = states.flatMap(({ domain, format }) =>
      isFinished && known.includes(format) && format !== newest
        ? [
            `the store of domain "${domain}" has format ${format} although the upgrade is finished: run \`muster upgrade start\``,
          ]
        : [],
    );
  }
}

/**
 * What the region's live instances tell; undefined of one that tells nothing, such as one of an older version.
 * @throws ShardUnavailable
 */
export async function readInstances(
  store: Pick<Store, 'instances' | 'notes'>,
): Promise<[name: string, note: InstanceNote | undefined][]> {
  const names = await store.instances();
  const read = names.map(async (name): Promise<[string, InstanceNote | undefined]> => {
    const [told] = await store.notes.readSome('instance', name, [TOLD]);
    return [name, told ? (JSON.parse(told) as InstanceNote) : undefined];
  });
  return Promise.all(read);
}
