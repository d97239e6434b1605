import type { Clock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';

/** What is known of one master, from the last probes. */
export interface Shard {
  address: string;
  /** False while the breaker is open: calls are refused at once instead of waiting for a dead master. */
  up: boolean;
  /** Replicas connected at the last probe; claims wait for one only where there is one. */
  replicas: number;
  /** How long the last probe took, in ms. */
  probeMs: number;
  /** Monotonic ms since which it is down; undefined while up. */
  downSinceMs?: number;
}

export interface ProbeTarget {
  address: string;
  /** Answers the reply of `ROLE`. */
  role(): Promise<unknown>;
}

interface ShardsOptions {
  /** The masters of the topology as the client knows it now. */
  masters(): ProbeTarget[];
  /** Looks for the topology anew, without asking the addresses named. */
  rediscover(avoid: Set<string>): Promise<void>;
  clock: Clock;
  log: Log;
}

const PROBE_EVERY_MS = 1000;
const PROBE_DEADLINE_MS = 500;

/**
 * Probes every master once a second with `ROLE` and keeps a breaker per shard.
 *
 *          probe answered                     two probes in a row failed
 *   up ◄──────────────────── down      up ─────────────────────────────► down ──► rediscover until promoted
 */
export class Shards {
  readonly #options: ShardsOptions;
  readonly #known = new Map<string, Shard>();
  #timer: NodeJS.Timeout | undefined;
  #onDown: () => void = () => undefined;

  constructor(options: ShardsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#probeAll();
    this.#timer = setInterval(() => void this.#probeAll(), PROBE_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Whom to tell that a shard has stopped answering. */
  set onDown(listener: () => void) {
    this.#onDown = listener;
  }

  all(): Shard[] {
    return [...this.#known.values()];
  }

  /** What is known of the master at an address; an unprobed one counts as up. */
  at(address: string): Shard {
    return this.#known.get(address) ?? { address, up: true, replicas: 1, probeMs: 0 };
  }

  async #probeAll(): Promise<void> {
    const masters = this.#options.masters();
    await Promise.all(masters.map((master) => this.#probe(master)));
    const current = new Set(masters.map((master) => master.address));
    for (const address of this.#known.keys()) if (!current.has(address)) this.#known.delete(address);
    const down = new Set(this.all().flatMap((shard) => (shard.up ? [] : [shard.address])));
    if (down.size > 0) await this.#rediscover(down);
  }

  async #probe(master: ProbeTarget): Promise<void> {
    const answer = (await this.#ask(master)) ?? (await this.#ask(master));
    if (answer) this.#markUp(master.address, answer);
    else this.#markDown(master.address);
  }

  /** How many replicas it has and how long it took to say so; undefined for no answer, or no master's answer. */
  async #ask(master: ProbeTarget): Promise<Pick<Shard, 'replicas' | 'probeMs'> | undefined> {
    const startedMs = this.#options.clock.monotonicMs();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, PROBE_DEADLINE_MS, undefined);
    });
    // A failed probe is the finding itself, told by the breaker.
    const reply = await Promise.race([master.role().catch(() => undefined), late]).finally(() => clearTimeout(timer));
    if (!Array.isArray(reply) || reply[0] !== 'master') return undefined;
    const replicas = Array.isArray(reply[2]) ? reply[2].length : 0;
    return { replicas, probeMs: this.#options.clock.monotonicMs() - startedMs };
  }

  #markUp(address: string, answer: Pick<Shard, 'replicas' | 'probeMs'>): void {
    if (this.#known.get(address)?.up === false) this.#options.log.info({ shard: address }, 'shard answers again');
    this.#known.set(address, { address, up: true, ...answer });
  }

  #markDown(address: string): void {
    const known = this.at(address);
    if (!known.up) return;
    this.#options.log.warn({ shard: address }, 'shard does not answer: calls that need it are refused until it does');
    this.#known.set(address, { ...known, up: false, replicas: 0, downSinceMs: this.#options.clock.monotonicMs() });
    this.#onDown();
  }

  async #rediscover(avoid: Set<string>): Promise<void> {
    try {
      await this.#options.rediscover(avoid);
    } catch (error) {
      this.#options.log.warn({ err: error }, 'looking for the topology of the cluster failed; trying again');
    }
  }
}
