import type { Clock, ClockReading } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import { refusalOf, type StoreRefusal } from '../replies.ts';
import type { ShardState } from '../store.ts';

/** State of one master, from its last probes. */
export interface Shard {
  address: string;
  /** False while the circuit breaker is open: calls fail at once. */
  up: boolean;
  /** Replicas connected at the last probe. Without any, writes do not wait for one. */
  replicas: number;
  /** Duration of the last probe, in ms. */
  probeMs: number;
  /** The master's wall time at 0 of this instance's monotonic clock, in ms. Setting this host's clock does not change it. */
  epochMs: number;
  /** Monotonic ms since which it is down; undefined while up. */
  downSinceMs?: number;
  /** Redis's error for writes, while it refuses them. Reads still work. */
  refuses?: string;
}

export interface ProbeReply {
  role: unknown;
  time: unknown;
  /** The error in answer to a write, if any. */
  refusal: unknown;
}

interface ProbeTarget {
  address: string;
  /** Sends `ROLE`, `TIME` and a write that changes nothing. */
  ask(): Promise<ProbeReply>;
}

type Answer = Pick<Shard, 'replicas' | 'probeMs' | 'epochMs' | 'refuses'>;

interface ShardsOptions {
  /** The masters in the client's current topology. */
  masters(): ProbeTarget[];
  /** Whether every slot has a master. A topology that was read while the cluster formed may be incomplete. */
  hasAllSlots(): boolean;
  /** Reads the topology again, from other nodes than those named. */
  rediscover(avoid: Set<string>): Promise<void>;
  /** The last connection error of an address. */
  troubleAt?(address: string): string | undefined;
  clock: Clock;
  log: Log;
}

const PROBE_EVERY_MS = 1000;
const PROBE_DEADLINE_MS = 500;
/** How long a refusal that only commands get (permission denied) is assumed to last, in ms. Probes may be allowed. */
const TOLD_MS = 10_000;

/**
 * Probes every master once a second. Each shard has a circuit breaker:
 *
 *          probe answered                     two probes in a row failed
 *   up ◄──────────────────── down      up ─────────────────────────────► down ──► read topology until a replica is promoted
 *
 * A shard that is up may refuse writes. Calls go on, because reads still work. The beginning and the end of the refusal are
 * logged. Probes detect both without a caller.
 */
export class Shards {
  readonly #options: ShardsOptions;
  readonly #known = new Map<string, Shard>();
  /** Based on this host's clock until a master has answered. */
  #lastEpochMs: number;
  #timer: NodeJS.Timeout | undefined;
  /** Refusals that commands got, by address, and until when they are assumed to last, in monotonic ms. */
  readonly #told = new Map<string, { said: string; untilMs: number }>();
  #onDown: () => void = () => undefined;
  #onReading: (reading: ClockReading) => void = () => undefined;

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

  /** Called when a shard goes down. */
  set onDown(listener: () => void) {
    this.#onDown = listener;
  }

  /** Called with each reading of a master's clock. */
  set onReading(listener: (reading: ClockReading) => void) {
    this.#onReading = listener;
  }

  all(): Shard[] {
    return [...this.#known.values()];
  }

  /** The state of a shard for reports. */
  stateOf({ address, up, replicas, probeMs, epochMs, refuses }: Shard): ShardState {
    const { clock } = this.#options;
    const clockOffsetMs = epochMs + clock.monotonicMs() - clock.nowMs();
    return { address, up, replicas, probeMs, clockOffsetMs, ...(refuses !== undefined && { refuses }) };
  }

  /** The state of the master at an address; an unprobed one counts as up. */
  at(address: string): Shard {
    return this.#known.get(address) ?? { address, up: true, replicas: 1, probeMs: 0, epochMs: this.#lastEpochMs };
  }

  /**
   * The store's wall time in ms, by which claims expire: that of the nearest shard. The clocks of the nodes must agree well within
   * the duration of a claim; this host's clock does not matter.
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

  /** Records that a command was refused. If permission was denied, the probe may still succeed, so the refusal is kept for a while. */
  refused(address: string, { said, forbidden }: StoreRefusal): void {
    const untilMs = this.#options.clock.monotonicMs() + TOLD_MS;
    if (forbidden) this.#told.set(address, { said, untilMs });
    const shard = this.#known.get(address);
    if (shard?.up) this.#turn(shard, { ...shard, refuses: shard.refuses ?? said });
  }

  /** Probes once; undefined if there is no answer, or the node is not a master. */
  async #ask(master: ProbeTarget): Promise<Answer | undefined> {
    const startedMs = this.#options.clock.monotonicMs();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, PROBE_DEADLINE_MS, undefined);
    });
    // A failed probe is a result, not an error; the breaker logs it.
    const asked = master.ask().catch(() => undefined);
    const reply = await Promise.race([asked, late]).finally(() => clearTimeout(timer));
    if (!reply) return undefined;
    const { role, time, refusal } = reply;
    if (!Array.isArray(role) || role[0] !== 'master') return undefined;
    const endedMs = this.#options.clock.monotonicMs();
    const probeMs = endedMs - startedMs;
    const [seconds, micros] = (time as unknown[]).map(Number) as [number, number];
    const otherMs = seconds * 1000 + micros / 1000;
    const epochMs = otherMs - (startedMs + probeMs / 2);
    const reference = `the shard ${master.address}`;
    this.#onReading({ reference, steadyMs: endedMs, otherMs, roundTripMs: probeMs });
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

  /** Stores the state, and logs when refusals begin or end. */
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
