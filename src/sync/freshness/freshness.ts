import { LRUCache } from 'lru-cache';
import { type Heartbeat, partitionOf, type Stamp } from '../../bus/envelope.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { Store } from '../../store/store.ts';

interface FreshnessOptions {
  store: Pick<Store, 'notes'>;
  region: string;
  /** All regions, this one included. */
  regions: string[];
  partitions: number;
  settings: FreshnessSettings & { heartbeatMs: number; confirmedMs: number };
  clock: Clock;
  log: Log;
}

const REFRESH_EVERY_MS = 500;
/** Agents whose last confirmation is remembered. */
const MAX_CONFIRMED = 500;
/** A region that is not in the config: nothing is known of it, and nothing will be. */
const UNKNOWN: Standing = { ageMs: Number.POSITIVE_INFINITY, state: 'stale', left: false };

/**
 * How far behind each region's agents are here. What a heartbeat proves is decided in `watermark.ts`, by this
 * instance's own monotonic clock; the instances of the region share the heartbeats, not their clocks. Everything is a
 * comparison at read time; no agent is ever marked.
 */
export class Freshness {
  readonly #options: FreshnessOptions;
  readonly #others: Map<string, Watermarks>;
  /** When the platform was asked about each agent it has confirmed, in monotonic ms. */
  readonly #confirmed = new LRUCache<string, number>({ max: MAX_CONFIRMED });
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FreshnessOptions) {
    this.#options = options;
    const others = options.regions.filter((name) => name !== options.region);
    this.#others = new Map(others.map((name) => [name, new Watermarks()]));
  }

  async start(): Promise<void> {
    await this.#refresh();
    const everyMs = Math.min(REFRESH_EVERY_MS, this.#options.settings.heartbeatMs);
    this.#timer = setInterval(() => void this.#refresh(), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Call before a region is asked for a beat, and what it returns with the answer. */
  ask(region: string): (beat: number) => void {
    const watermarks = this.#others.get(region);
    const question = watermarks?.ask(this.#options.clock.monotonicMs());
    return (beat) => question && watermarks?.answer(question, beat);
  }

  /** Notes that a partition has been applied up to a heartbeat, for every instance of the region. */
  async advance(heartbeat: Heartbeat, partition: number): Promise<void> {
    const watermarks = this.#others.get(heartbeat.region);
    if (!watermarks?.applied(partition, heartbeat)) return;
    const { notes } = this.#options.store;
    await notes.write('region', heartbeat.region, { [partition]: writeStamp(heartbeat) });
  }

  /** How old the knowledge of an agent is: that of its partition. */
  agent(home: string, agentId: string): Standing {
    return this.partition(home, partitionOf(agentId, this.#options.partitions));
  }

  partition(region: string, partition: number): Standing {
    const { clock, settings } = this.#options;
    if (region === this.#options.region) return HERE;
    return this.#others.get(region)?.standing(partition, clock.monotonicMs(), settings) ?? UNKNOWN;
  }

  /** A region as a whole is as old as its oldest partition. */
  region(region: string): Standing {
    return worst([...Array(this.#options.partitions).keys()].map((partition) => this.partition(region, partition)));
  }

  /** Notes that an agent's platform has confirmed what is known here of the agent. @param askedMs when it was asked, monotonic */
  confirmed(agentId: string, askedMs: number): void {
    this.#confirmed.set(agentId, askedMs);
  }

  /** Forgets a confirmation: the agent's home contradicts the platform. */
  contradicted(agentId: string): void {
    this.#confirmed.delete(agentId);
  }

  /** How long ago the platform confirmed the agent, in ms; undefined where that is longer than `freshness.confirmedMs` ago. */
  confirmedMsAgo(agentId: string): number | undefined {
    const askedMs = this.#confirmed.peek(agentId);
    if (askedMs === undefined) return undefined;
    const agoMs = this.#options.clock.monotonicMs() - askedMs;
    return agoMs <= this.#options.settings.confirmedMs ? agoMs : undefined;
  }

  /** The agents whose platform confirmed them within `freshness.confirmedMs`, the longest ago first. */
  confirmedAgents(): string[] {
    for (;;) {
      const { value: oldest } = this.#confirmed.rkeys().next();
      if (oldest === undefined || this.confirmedMsAgo(oldest) !== undefined) break;
      this.#confirmed.delete(oldest);
    }
    return [...this.#confirmed.rkeys()].filter((id) => this.confirmedMsAgo(id) !== undefined);
  }

  /** Reads what the region's other instances have noted. */
  async #refresh(): Promise<void> {
    await Promise.all(
      [...this.#others].map(async ([region, watermarks]) => {
        try {
          const fields = await this.#options.store.notes.read('region', region);
          for (const [partition, line] of Object.entries(fields)) {
            const stamp = readStamp(line);
            if (stamp) watermarks.applied(Number(partition), stamp);
          }
        } catch (error) {
          this.#options.log.debug('watermarks_not_read', { err: error, peer: region });
        }
      }),
    );
  }
}

const writeStamp = ({ beat, writer, steadyMs, leaving }: Stamp): string =>
  `${beat} ${writer} ${steadyMs} ${leaving ? 'leaving' : 'beating'}`;

/** Undefined for what an earlier version wrote. */
function readStamp(line: string): Stamp | undefined {
  const [beat, writer, steadyMs, state] = line.split(' ');
  if (!writer || state === undefined) return undefined;
  return { beat: Number(beat), writer, steadyMs: Number(steadyMs), leaving: state === 'leaving' };
}

/**
 * What the heartbeats of another region prove, and how old that is. No clock of another host is ever compared with
 * one of this host, so none that is wrong, set, or different can make what is known here look younger than it is.
 *
 * 1. A region numbers its heartbeats with *beats*: numbers that only grow, whichever of its instances takes one. So
 *    a heartbeat with a higher beat than one that was handed out after this instance asked for it was written after
 *    this instance asked. That is a time of this instance's own monotonic clock.
 * 2. A heartbeat also carries its writer's monotonic clock. Once (1) has told for one heartbeat of a writer when it was
 *    written, it tells for all of them, asked or not: between two heartbeats both clocks have run equally long.
 *
 * Whoever has applied a heartbeat has applied all that its region accepted before it was written. A heartbeat that
 * comes late, or again, is as old as it is.
 */
type RegionState = 'fresh' | 'suspect' | 'stale';

/** How old something is, and whether it can be acted on. */
export interface Standing {
  /** At least as much as it truly is; Infinity where nothing is proven. */
  ageMs: number;
  state: RegionState;
  /** Stale before its time, because the region has said good-bye. */
  left: boolean;
}

interface FreshnessSettings {
  suspectMs: number;
  staleMs: number;
}

/** That a region is being asked for a beat. */
interface Question {
  /** Local monotonic time before it was sent, ms. */
  askedMs: number;
  /** The highest beat known by then. */
  highest: number;
}

/** What is proven of a writer: when its clock stood at `steadyMs`, the local one stood at `localMs` or later. */
interface Anchor {
  steadyMs: number;
  localMs: number;
}

/** A minute of them; a heartbeat under way for longer comes from a writer that is known, or proves nothing. */
const MAX_ANSWERS = 64;
/** Writers whose heartbeats are not the latest anywhere and are kept all the same. */
const MAX_ANCHORS = 64;
/** How far two monotonic clocks may run apart, per ms: NTP slews each by 500 ppm at most. */
const DRIFT = 0.0011;

/** The watermarks of one other region, as one instance knows them. All times are local, monotonic, in ms. */
export class Watermarks {
  readonly #partitions = new Map<number, Stamp>();
  readonly #anchors = new Map<string, Anchor>();
  #answers: { beat: number; askedMs: number }[] = [];
  #highest = 0;

  ask(nowMs: number): Question {
    return { askedMs: nowMs, highest: this.#highest };
  }

  /** Notes the beat that the region answered with. One that is not higher than those before it proves nothing. */
  answer({ askedMs, highest }: Question, beat: number): void {
    if (beat <= highest) return;
    this.#answers = [...this.#answers, { beat, askedMs }].slice(-MAX_ANSWERS);
    this.#highest = Math.max(this.#highest, beat);
    for (const stamp of this.#partitions.values()) this.#anchor(stamp);
  }

  /** Notes a heartbeat once all that lies before it on the partition has been applied; false if a later one was. */
  applied(partition: number, stamp: Stamp): boolean {
    this.#anchor(stamp);
    this.#highest = Math.max(this.#highest, stamp.beat);
    const known = this.#partitions.get(partition);
    if (known && known.beat >= stamp.beat) return false;
    this.#partitions.set(partition, stamp);
    return true;
  }

  standing(partition: number, nowMs: number, { suspectMs, staleMs }: FreshnessSettings): Standing {
    const stamp = this.#partitions.get(partition);
    const left = stamp?.leaving ?? false;
    const ageMs = stamp ? Math.max(0, nowMs - this.#writtenMs(stamp)) : Number.POSITIVE_INFINITY;
    const state = left || ageMs > staleMs ? 'stale' : ageMs > suspectMs ? 'suspect' : 'fresh';
    return { ageMs, state, left };
  }

  /** The latest time at or before which a heartbeat was certainly not written yet; -Infinity where nothing is known. */
  #writtenMs({ writer, steadyMs }: Stamp): number {
    const anchor = this.#anchors.get(writer);
    if (!anchor) return Number.NEGATIVE_INFINITY;
    const sinceMs = steadyMs - anchor.steadyMs;
    return anchor.localMs + sinceMs - Math.abs(sinceMs) * DRIFT;
  }

  /** Keeps the best that is proven of a heartbeat's writer. */
  #anchor(stamp: Stamp): void {
    const earlier = this.#answers.filter(({ beat }) => beat < stamp.beat).map(({ askedMs }) => askedMs);
    const localMs = Math.max(...earlier);
    if (earlier.length === 0 || localMs <= this.#writtenMs(stamp)) return;
    this.#anchors.delete(stamp.writer);
    this.#anchors.set(stamp.writer, { steadyMs: stamp.steadyMs, localMs });
    if (this.#anchors.size > MAX_ANCHORS) this.#forget();
  }

  /** Drops the writer that was not heard of for longest, of those that no watermark stands on. */
  #forget(): void {
    const needed = new Set([...this.#partitions.values()].map(({ writer }) => writer));
    const [oldest] = [...this.#anchors.keys()].filter((writer) => !needed.has(writer));
    if (oldest !== undefined) this.#anchors.delete(oldest);
  }
}

const STATES: RegionState[] = ['fresh', 'suspect', 'stale'];

/** A region as a whole: as old as its oldest partition, and gone as soon as one says so. */
export function worst(standings: Standing[]): Standing {
  return standings.reduce(
    (whole, each) => ({
      ageMs: Math.max(whole.ageMs, each.ageMs),
      state: STATES[Math.max(STATES.indexOf(whole.state), STATES.indexOf(each.state))] ?? 'stale',
      left: whole.left || each.left,
    }),
    HERE,
  );
}

/** What a region knows of itself. */
export const HERE: Standing = { ageMs: 0, state: 'fresh', left: false };
