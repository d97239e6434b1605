import { LRUCache } from 'lru-cache';
import { type Exchange, OLDEST_EXCHANGE } from '../../agent/exchange.ts';
import { type Heartbeat, partitionOf, type Stamp } from '../../bus/envelope.ts';
import type { Config } from '../../config/schema.ts';
import { domainOfAgent, domainsOf, type Part, partOf, readPart } from '../../config/topology.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import type { Store } from '../../store/store.ts';
import type { HostWatch } from './host-watch.ts';
import { beatsOf, DRIFT } from './standstill.ts';

interface FreshnessOptions {
  store: Pick<Store, 'notes'>;
  config: Config;
  /** Gets readings of the clocks of other regions. After a standstill, ages and confirmations are unknown. */
  host: Pick<HostWatch, 'read' | 'onStandstill'>;
  clock: Clock;
  log: Log;
}

const REFRESH_EVERY_MS = 500;
/** How many agents' last confirmations are kept. */
const MAX_CONFIRMED = 500;
/** A region that is not in the configuration. */
const UNKNOWN: Standing = { ageMs: Number.POSITIVE_INFINITY, state: 'stale', left: false };

/**
 * How old this region's data of each other region is. `Watermarks` computes ages with this instance's own monotonic clock; the
 * instances of a region share heartbeats, not clocks. Ages are computed when they are read; agents are never marked as
 * stale in the store.
 */
export class Freshness {
  readonly #options: FreshnessOptions;
  readonly #others: Map<string, Watermarks>;
  /** What each other region's last heartbeat on each part said of the region, by region and part. */
  readonly #said = new Map<string, Map<string, Said>>();
  /** By partition. */
  readonly #parts: Part[][];
  /** By agent: when the query was sent with which the platform last confirmed the agent, in monotonic ms. */
  readonly #confirmed = new LRUCache<string, number>({ max: MAX_CONFIRMED });
  /** Monotonic time of the last standstill: what was measured from before it does not count. */
  #standstillMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FreshnessOptions) {
    this.#options = options;
    const { regions, region } = options.config;
    const others = Object.keys(regions).filter((name) => name !== region);
    this.#others = new Map(others.map((name) => [name, new Watermarks()]));
    const domains = domainsOf(options.config);
    const partsOf = (partition: number): Part[] => domains.map((domain) => partOf(domain, partition));
    this.#parts = Array.from({ length: options.config.bus.partitions }, (_, partition) => partsOf(partition));
    options.host.onStandstill(() => this.#dropProofs());
  }

  async start(): Promise<void> {
    await this.#refresh();
    const everyMs = Math.min(REFRESH_EVERY_MS, this.#options.config.freshness.heartbeatMs);
    this.#timer = setInterval(() => void this.#refresh(), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Call before asking a region for its heartbeat sequence. Call the returned function with the answer. */
  ask(region: string): (beat: number) => void {
    const { clock, host } = this.#options;
    const watermarks = this.#others.get(region);
    const question = watermarks?.ask(clock.monotonicMs());
    return (beat) => {
      if (!question) return;
      const steadyMs = clock.monotonicMs();
      host.read({ reference: beatsOf(region), steadyMs, otherMs: beat, roundTripMs: steadyMs - question.askedMs });
      watermarks?.answer(question, beat);
    };
  }

  /** Records, for all instances of the region, that a partition is applied up to a heartbeat. @throws ShardUnavailable */
  async advance(heartbeat: Heartbeat, partition: number): Promise<void> {
    const { region, domain } = heartbeat;
    if (!domainsOf(this.#options.config).includes(domain)) return;
    const part = partOf(domain, partition);
    const watermarks = this.#others.get(region);
    if (!watermarks) return;
    this.#readClock(watermarks, heartbeat);
    if (!watermarks.applied(part, heartbeat)) return;
    this.#noteSaid(region, part, heartbeat);
    await this.#options.store.notes.write('region', region, { [part]: writeStamp(heartbeat) });
  }

  /** Another region's formats, over everything of it that is applied here. */
  exchangeOf(region: string): Exchange {
    const said = this.#said.get(region);
    const all = this.#parts.flat().map((part) => said?.get(part)?.exchange ?? OLDEST_EXCHANGE);
    return {
      sends: Math.max(...all.map(({ sends }) => sends)),
      reads: Math.min(...all.map(({ reads }) => reads)),
    };
  }

  /** The stores of another region by domain, as far as it is heard of now. */
  storesOf(region: string): Record<string, string> {
    const said = this.#said.get(region);
    const heard = this.#parts.flat().flatMap((part): [string, Said][] => {
      const last = said?.get(part);
      return last?.storeId !== undefined && this.#part(region, part).state === 'fresh' ? [[part, last]] : [];
    });
    // While a store is replaced, the partitions may name two.
    const inOrder = heard.toSorted(([, one], [, other]) => one.beat - other.beat);
    return Object.fromEntries(inOrder.map(([part, { storeId = '' }]) => [readPart(part as Part).domain, storeId]));
  }

  #noteSaid(region: string, part: string, { exchange, storeId, beat }: Said): void {
    const said = this.#said.get(region) ?? new Map<string, Said>();
    this.#said.set(region, said.set(part, { exchange, beat, ...(storeId !== undefined && { storeId }) }));
  }

  /** Age of an agent's data, which is that of its part. */
  agent(home: string, agentId: string): Standing {
    const { config } = this.#options;
    return this.#part(home, partOf(domainOfAgent(config, agentId), partitionOf(agentId, config.bus.partitions)));
  }

  /** Age in ms of the last word about an agent: by the bus or by the platform, whichever is younger; Infinity if there is none. */
  wordAgeMs(home: string, agentId: string): number {
    return Math.min(this.agent(home, agentId).ageMs, this.confirmedMsAgo(agentId) ?? Number.POSITIVE_INFINITY);
  }

  /** Age of a region's data in a domain, which is that of its oldest partition. */
  domain(region: string, domain: string): Standing {
    return worst(this.#parts.map((_, partition) => this.#part(region, partOf(domain, partition))));
  }

  /** Age of a region's data in a partition, which is that of its oldest domain. */
  partition(region: string, partition: number): Standing {
    return worst((this.#parts[partition] ?? []).map((part) => this.#part(region, part)));
  }

  /** Age of a region's data, which is that of its oldest part. */
  region(region: string): Standing {
    return worst(this.#parts.flat().map((part) => this.#part(region, part)));
  }

  #part(region: string, part: Part): Standing {
    const { clock, config } = this.#options;
    if (region === config.region) return HERE;
    return this.#others.get(region)?.standing(part, clock.monotonicMs(), config.freshness) ?? UNKNOWN;
  }

  /** Records that the platform confirmed the agent's state. @param askedMs when the query was sent, monotonic ms */
  confirmed(agentId: string, askedMs: number): void {
    if (askedMs > this.#standstillMs) this.#confirmed.set(agentId, askedMs);
  }

  /** Discards a confirmation, because the agent's home contradicts the platform. */
  contradicted(agentId: string): void {
    this.#confirmed.delete(agentId);
  }

  /** Time in ms since the platform confirmed the agent; undefined if more than `freshness.confirmedMs`. */
  confirmedMsAgo(agentId: string): number | undefined {
    const askedMs = this.#confirmed.peek(agentId);
    if (askedMs === undefined) return undefined;
    const agoMs = this.#options.clock.monotonicMs() - askedMs;
    return agoMs <= this.#options.config.freshness.confirmedMs ? agoMs : undefined;
  }

  /** Platform-verified agents, the longest confirmed first. */
  confirmedAgents(): string[] {
    for (;;) {
      const { value: oldest } = this.#confirmed.rkeys().next();
      if (oldest === undefined || this.confirmedMsAgo(oldest) !== undefined) break;
      this.#confirmed.delete(oldest);
    }
    return [...this.#confirmed.rkeys()].filter((id) => this.confirmedMsAgo(id) !== undefined);
  }

  /** A heartbeat was written after the last question that was answered with a lower number, and before now. */
  #readClock(watermarks: Watermarks, { region, beat, writer, steadyMs: otherMs }: Heartbeat): void {
    const { clock, host } = this.#options;
    const steadyMs = clock.monotonicMs();
    const roundTripMs = steadyMs - watermarks.askedBefore(beat);
    host.read({ reference: `the clock of ${writer} in ${region}`, steadyMs, otherMs, roundTripMs });
  }

  /** Makes all ages unknown until the next answers and heartbeats, because this host stood still. */
  #dropProofs(): void {
    this.#standstillMs = this.#options.clock.monotonicMs();
    this.#confirmed.clear();
    for (const watermarks of this.#others.values()) watermarks.dropProofs(this.#standstillMs);
  }

  /** Reads the heartbeat marks that the region's other instances recorded. */
  async #refresh(): Promise<void> {
    await Promise.all(
      [...this.#others].map(async ([region, watermarks]) => {
        try {
          const fields = await this.#options.store.notes.read('region', region);
          for (const [part, line] of Object.entries(fields)) {
            const stamp = readStamp(line);
            if (stamp && watermarks.applied(part, stamp)) this.#noteSaid(region, part, stamp);
          }
        } catch (error) {
          this.#options.log.debug('watermarks_not_read', { err: error, peer: region });
        }
      }),
    );
  }
}

/** What a heartbeat says of its region. */
type Said = Pick<Heartbeat, 'beat' | 'exchange' | 'storeId'>;

type NotedStamp = Stamp & Said;

function writeStamp({ beat, writer, steadyMs, leaving, exchange, storeId = '' }: NotedStamp): string {
  const { sends, reads } = exchange;
  return `${beat} ${writer} ${steadyMs} ${leaving ? 'leaving' : 'beating'} ${sends} ${reads} ${storeId}`;
}

/** Undefined for a mark in the format of an earlier version. */
function readStamp(line: string): NotedStamp | undefined {
  const [beat, writer, steadyMs, state, sends, reads, storeId] = line.split(' ');
  if (!writer || reads === undefined) return undefined;
  const exchange = { sends: Number(sends), reads: Number(reads) };
  const stamp = { beat: Number(beat), writer, steadyMs: Number(steadyMs), leaving: state === 'leaving', exchange };
  return { ...stamp, ...(storeId && { storeId }) };
}

/**
 * State of a region's data, from its heartbeats. Clocks of different hosts are never compared, so a wrong clock cannot make data
 * look younger than it is.
 *
 * 1. A region numbers its heartbeats. The sequence only grows, whichever instance takes the next number. This instance
 *    regularly asks the region for its current number. A heartbeat with a higher number than the answer was written after
 *    the question was sent, which is a time of this instance's monotonic clock.
 * 2. A heartbeat also carries its writer's monotonic clock. Once (1) gives the time of one heartbeat of a writer, it gives
 *    the times of all of them: between two heartbeats both clocks advance equally, up to drift.
 *
 * An instance that has applied a heartbeat has applied everything that the region accepted before it was written. A late or
 * repeated heartbeat does not look younger.
 */
type RegionState = 'fresh' | 'suspect' | 'stale';

/** The age of data, and the state that follows from it. */
export interface Standing {
  /** An upper bound of the age, in ms; Infinity if nothing is proven. */
  ageMs: number;
  state: RegionState;
  /** Stale at once, because the region sent its leave message. */
  left: boolean;
}

interface FreshnessSettings {
  suspectMs: number;
  staleMs: number;
}

/** A pending question for a region's heartbeat sequence. */
interface Question {
  /** Local monotonic time before it was sent, in ms. */
  askedMs: number;
  /** The highest number known at that time. */
  highest: number;
}

/** Proven relation of two clocks: when the writer's clock was at `steadyMs`, the local one was at `localMs` or later. */
interface Anchor {
  steadyMs: number;
  localMs: number;
}

/** Answers kept, about a minute's worth. A heartbeat that is delayed longer proves something only if its writer is known. */
const MAX_ANSWERS = 64;
/** Writers whose anchors are kept. Those with a current watermark are never dropped. */
const MAX_WRITERS = 64;
/** Anchors kept of a writer: the tightest, and less tight ones for the time when those have expired. */
const MAX_ANCHORS = 16;
/** How long a proof counts, in ms. It limits what short standstills of this host, each too short to be found, add up to. */
const PROOF_LASTS_MS = 600_000;

/** The watermarks of one other region. All times are local monotonic ms. */
export class Watermarks {
  readonly #parts = new Map<Part, Stamp>();
  /** By writer. */
  readonly #anchors = new Map<string, Anchor[]>();
  #answers: { beat: number; askedMs: number }[] = [];
  #highest = 0;
  #standstillMs = Number.NEGATIVE_INFINITY;

  ask(nowMs: number): Question {
    return { askedMs: nowMs, highest: this.#highest };
  }

  /** Records the region's answer. A number that is not higher than those known when it was asked proves nothing. */
  answer({ askedMs, highest }: Question, beat: number): void {
    if (beat <= highest || askedMs <= this.#standstillMs) return;
    this.#answers = [...this.#answers, { beat, askedMs }].slice(-MAX_ANSWERS);
    this.#highest = Math.max(this.#highest, beat);
    for (const stamp of this.#parts.values()) this.#anchor(stamp);
  }

  /** Records a heartbeat, once everything before it on its partition is applied. @returns false if a later one was recorded */
  applied(part: Part, stamp: Stamp): boolean {
    this.#anchor(stamp);
    this.#highest = Math.max(this.#highest, stamp.beat);
    const known = this.#parts.get(part);
    if (known && known.beat >= stamp.beat) return false;
    this.#parts.set(part, stamp);
    return true;
  }

  /** Time of the last question that was answered with a lower number; -Infinity if there is none. */
  askedBefore(beat: number): number {
    let askedMs = Number.NEGATIVE_INFINITY;
    for (const each of this.#answers) if (each.beat < beat) askedMs = Math.max(askedMs, each.askedMs);
    return askedMs;
  }

  /** Drops what was proven before, and the questions that are under way: the local clock stood still. */
  dropProofs(nowMs: number): void {
    this.#standstillMs = nowMs;
    this.#answers = [];
    this.#anchors.clear();
  }

  standing(part: Part, nowMs: number, { suspectMs, staleMs }: FreshnessSettings): Standing {
    const stamp = this.#parts.get(part);
    const left = stamp?.leaving ?? false;
    const ageMs = stamp ? Math.max(0, nowMs - this.#writtenMs(stamp, nowMs)) : Number.POSITIVE_INFINITY;
    const state = left || ageMs > staleMs ? 'stale' : ageMs > suspectMs ? 'suspect' : 'fresh';
    return { ageMs, state, left };
  }

  /** A lower bound of the time at which a heartbeat was written; -Infinity if nothing is proven, or no longer. */
  #writtenMs(stamp: Stamp, nowMs: number): number {
    let writtenMs = Number.NEGATIVE_INFINITY;
    for (const anchor of this.#anchors.get(stamp.writer) ?? []) {
      if (nowMs - anchor.localMs <= PROOF_LASTS_MS) writtenMs = Math.max(writtenMs, boundBy(anchor, stamp.steadyMs));
    }
    return writtenMs;
  }

  /** Keeps a proven bound for a heartbeat's writer, unless an anchor is as tight and as recent, and drops those it surpasses. */
  #anchor({ beat, writer, steadyMs }: Stamp): void {
    const localMs = this.askedBefore(beat);
    if (localMs === Number.NEGATIVE_INFINITY) return;
    const known = this.#anchors.get(writer) ?? [];
    const isTighter = (anchor: Anchor): boolean => boundBy(anchor, steadyMs) > localMs;
    if (known.some((each) => each.localMs >= localMs && boundBy(each, steadyMs) >= localMs)) return;
    const kept = known.filter((each) => each.localMs > localMs || isTighter(each));
    this.#anchors.delete(writer);
    this.#anchors.set(writer, [...kept, { steadyMs, localMs }].slice(-MAX_ANCHORS));
    if (this.#anchors.size > MAX_WRITERS) this.#forget();
  }

  /** Drops the anchors of the writer heard longest ago that no current watermark needs. */
  #forget(): void {
    const needed = new Set([...this.#parts.values()].map(({ writer }) => writer));
    const [oldest] = [...this.#anchors.keys()].filter((writer) => !needed.has(writer));
    if (oldest !== undefined) this.#anchors.delete(oldest);
  }
}

/** A lower bound of the local time at which the writer's clock was at `steadyMs`. */
function boundBy(anchor: Anchor, steadyMs: number): number {
  const sinceMs = steadyMs - anchor.steadyMs;
  return anchor.localMs + sinceMs - Math.abs(sinceMs) * DRIFT;
}

const STATES: RegionState[] = ['fresh', 'suspect', 'stale'];

/** Combines parts: the greatest age, the worst state, and left if one of them left. */
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

/** A region's own data is never old. */
export const HERE: Standing = { ageMs: 0, state: 'fresh', left: false };
