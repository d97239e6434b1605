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
  /** Its wall time when this instance's monotonic clock stood at 0, ms: setting this host's clock does not move it. */
  epochMs: number;
  /** Monotonic ms since which it is down; undefined while up. */
  downSinceMs?: number;
}

export interface ProbeTarget {
  address: string;
  /** Answers the replies of `ROLE` and `TIME`. */
  ask(): Promise<[role: unknown, time: unknown]>;
}

type Answer = Pick<Shard, 'replicas' | 'probeMs' | 'epochMs'>;

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
 * Probes every master once a second with `ROLE` and `TIME` and keeps a breaker per shard.
 *
 *          probe answered                     two probes in a row failed
 *   up ◄──────────────────── down      up ─────────────────────────────► down ──► rediscover until promoted
 */
export class Shards {
  readonly #options: ShardsOptions;
  readonly #known = new Map<string, Shard>();
  /** Until a master has answered, this host's own clock is the best there is. */
  #lastEpochMs: number;
  #timer: NodeJS.Timeout | undefined;
  #onDown: () => void = () => undefined;

  constructor(options: ShardsOptions) {
    this.#options = options;
    this.#lastEpochMs = options.clock.nowMs() - options.clock.monotonicMs();
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

  /** How far a master's clock was ahead of this instance's at the last probe, in ms. */
  clockOffsetMs({ epochMs }: Shard): number {
    const { clock } = this.#options;
    return epochMs + clock.monotonicMs() - clock.nowMs();
  }

  /** What is known of the master at an address; an unprobed one counts as up. */
  at(address: string): Shard {
    return this.#known.get(address) ?? { address, up: true, replicas: 1, probeMs: 0, epochMs: this.#lastEpochMs };
  }

  /**
   * Wall time by the store, in ms: what claims end by. The nodes of a cluster are taken to agree to well within a
   * claim's life; whether this instance does makes no difference.
   */
  nowMs(): number {
    const [nearest] = this.all()
      .filter(({ up }) => up)
      .sort((a, b) => a.probeMs - b.probeMs);
    return Math.round(this.#options.clock.monotonicMs() + (nearest?.epochMs ?? this.#lastEpochMs));
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

  /** What it said of itself and how long that took; undefined for no answer, or no master's answer. */
  async #ask(master: ProbeTarget): Promise<Answer | undefined> {
    const startedMs = this.#options.clock.monotonicMs();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, PROBE_DEADLINE_MS, undefined);
    });
    // A failed probe is the finding itself, told by the breaker.
    const reply = await Promise.race([master.ask().catch(() => undefined), late]).finally(() => clearTimeout(timer));
    const [role, time] = reply ?? [];
    if (!Array.isArray(role) || role[0] !== 'master') return undefined;
    const probeMs = this.#options.clock.monotonicMs() - startedMs;
    const [seconds, micros] = (time as unknown[]).map(Number) as [number, number];
    const epochMs = seconds * 1000 + micros / 1000 - (startedMs + probeMs / 2);
    return { replicas: Array.isArray(role[2]) ? role[2].length : 0, probeMs, epochMs };
  }

  #markUp(address: string, answer: Answer): void {
    if (this.#known.get(address)?.up === false) this.#options.log.info({ shard: address }, 'shard answers again');
    this.#known.set(address, { address, up: true, ...answer });
    this.#lastEpochMs = answer.epochMs;
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
