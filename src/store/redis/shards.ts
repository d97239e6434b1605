import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import { refusalOf, type StoreRefusal } from '../replies.ts';
import type { ShardState } from '../store.ts';

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
  /** Why it refuses to write, in its own words; undefined while it does not. What it can read is still read. */
  refuses?: string;
}

export interface ProbeReply {
  role: unknown;
  time: unknown;
  /** The error that it answered a write with, if it did. */
  refusal: unknown;
}

interface ProbeTarget {
  address: string;
  /** Asks for `ROLE` and `TIME`, and whether it would write. */
  ask(): Promise<ProbeReply>;
}

type Answer = Pick<Shard, 'replicas' | 'probeMs' | 'epochMs' | 'refuses'>;

interface ShardsOptions {
  /** The masters of the topology as the client knows it now. */
  masters(): ProbeTarget[];
  /** Whether the topology names a master for every slot; one that was read while the cluster formed may not. */
  hasAllSlots(): boolean;
  /** Looks for the topology anew, without asking the addresses named. */
  rediscover(avoid: Set<string>): Promise<void>;
  /** What went wrong last with a connection to an address, in words. */
  troubleAt?(address: string): string | undefined;
  clock: Clock;
  log: Log;
}

const PROBE_EVERY_MS = 1000;
const PROBE_DEADLINE_MS = 500;
/** A refusal that a command was told is believed so long after the last, in ms: no probe may ever be told the same. */
const TOLD_MS = 10_000;

/**
 * Probes every master once a second and keeps a breaker per shard.
 *
 *          probe answered                     two probes in a row failed
 *   up ◄──────────────────── down      up ─────────────────────────────► down ──► rediscover until promoted
 *
 * A shard that is up may refuse to write. Calls go on, as it may still be read; it is told once when that begins and
 * once when it ends. The probe sees it without a caller, and its end, too.
 */
export class Shards {
  readonly #options: ShardsOptions;
  readonly #known = new Map<string, Shard>();
  /** Until a master has answered, this host's own clock is the best there is. */
  #lastEpochMs: number;
  #timer: NodeJS.Timeout | undefined;
  /** What commands were told last, by address, and until when that is believed, monotonic ms. */
  readonly #told = new Map<string, { said: string; untilMs: number }>();
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

  /** What others are told of a shard. */
  stateOf({ address, up, replicas, probeMs, epochMs, refuses }: Shard): ShardState {
    const { clock } = this.#options;
    const clockOffsetMs = epochMs + clock.monotonicMs() - clock.nowMs();
    return { address, up, replicas, probeMs, clockOffsetMs, ...(refuses !== undefined && { refuses }) };
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
    this.#forget(new Set(masters.map((master) => master.address)));
    const down = new Set(this.all().flatMap((shard) => (shard.up ? [] : [shard.address])));
    if (down.size > 0 || masters.length === 0 || !this.#options.hasAllSlots()) await this.#rediscover(down);
  }

  #forget(current: Set<string>): void {
    for (const { address, up, refuses } of this.all()) {
      if (current.has(address)) continue;
      this.#known.delete(address);
      this.#told.delete(address);
      if (!up || refuses !== undefined) this.#options.log.info('shard_replaced', { shard: address });
    }
  }

  async #probe(master: ProbeTarget): Promise<void> {
    const answer = (await this.#ask(master)) ?? (await this.#ask(master));
    if (answer) this.#markUp(master.address, answer);
    else this.#markDown(master.address);
  }

  /** Takes down what a command was told. What is refused to Muster alone, a probe may be allowed. */
  refused(address: string, { said, forbidden }: StoreRefusal): void {
    const untilMs = this.#options.clock.monotonicMs() + TOLD_MS;
    if (forbidden) this.#told.set(address, { said, untilMs });
    const shard = this.#known.get(address);
    if (shard?.up) this.#turn(shard, { ...shard, refuses: shard.refuses ?? said });
  }

  /** What it said of itself and how long that took; undefined for no answer, or no master's answer. */
  async #ask(master: ProbeTarget): Promise<Answer | undefined> {
    const startedMs = this.#options.clock.monotonicMs();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, PROBE_DEADLINE_MS, undefined);
    });
    // A failed probe is the finding itself, told by the breaker.
    const asked = master.ask().catch(() => undefined);
    const reply = await Promise.race([asked, late]).finally(() => clearTimeout(timer));
    if (!reply) return undefined;
    const { role, time, refusal } = reply;
    if (!Array.isArray(role) || role[0] !== 'master') return undefined;
    const probeMs = this.#options.clock.monotonicMs() - startedMs;
    const [seconds, micros] = (time as unknown[]).map(Number) as [number, number];
    const epochMs = seconds * 1000 + micros / 1000 - (startedMs + probeMs / 2);
    const refuses = refusalOf(refusal)?.said ?? this.#toldAt(master.address);
    const replicas = Array.isArray(role[2]) ? role[2].length : 0;
    return { replicas, probeMs, epochMs, ...(refuses !== undefined && { refuses }) };
  }

  #toldAt(address: string): string | undefined {
    const told = this.#told.get(address);
    if (told && this.#options.clock.monotonicMs() < told.untilMs) return told.said;
    this.#told.delete(address);
    return undefined;
  }

  #markUp(address: string, answer: Answer): void {
    const before = this.#known.get(address);
    if (before?.up === false) this.#options.log.info('shard_up', { shard: address });
    this.#turn(before, { address, up: true, ...answer });
    this.#lastEpochMs = answer.epochMs;
  }

  /** Tells when it begins to refuse, and when it does not any more; not why, as long as it does. */
  #turn(before: Shard | undefined, now: Shard): void {
    const [was, is] = [before?.refuses !== undefined, now.refuses !== undefined];
    const { address: shard, refuses: reason } = now;
    if (is && !was) this.#options.log.warn('shard_refuses_writes', { shard, reason });
    if (was && !is) this.#options.log.info('shard_accepts_writes', { shard });
    this.#known.set(shard, now);
  }

  #markDown(address: string): void {
    const { refuses: _, ...known } = this.at(address);
    if (!known.up) return;
    const reason = this.#options.troubleAt?.(address);
    this.#options.log.warn('shard_down', { shard: address, ...(reason !== undefined && { reason }) });
    this.#known.set(address, { ...known, up: false, replicas: 0, downSinceMs: this.#options.clock.monotonicMs() });
    this.#onDown();
  }

  async #rediscover(avoid: Set<string>): Promise<void> {
    try {
      await this.#options.rediscover(avoid);
    } catch (error) {
      this.#options.log.warn('topology_read_failed', { err: error });
    }
  }
}
