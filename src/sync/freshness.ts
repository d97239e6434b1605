import { partitionOf } from '../bus/partition.ts';
import type { Cluster } from '../cache/cluster.ts';
import { regionKey } from '../cache/keys.ts';
import type { Clock } from '../ops/clock.ts';
import type { Log } from '../ops/log.ts';

/** What this region has read from another: everything it published before `timestampMs` on the partition. */
export interface Watermark {
  /** The origin's clock, ms. */
  timestampMs: number;
  /** This region's clock when the heartbeat was applied, ms. */
  appliedMs: number;
}

export type RegionState = 'fresh' | 'suspect' | 'stale';

export interface FreshnessSettings {
  suspectMs: number;
  staleMs: number;
}

interface FreshnessOptions {
  cluster: Cluster;
  region: string;
  /** All regions, this one included. */
  regions: string[];
  partitions: number;
  settings: FreshnessSettings;
  clock: Clock;
  log: Log;
}

const BEST_FIELD = 'best';
const REFRESH_EVERY_MS = 500;

/**
 * How far behind each region's agents are here, from the heartbeats inside the data's own partitions. Clocks may
 * differ: a heartbeat's delay is measured against the shortest one its origin ever had. Everything is a comparison at
 * read time; no agent is ever marked.
 */
export class Freshness {
  readonly #options: FreshnessOptions;
  readonly #watermarks = new Map<string, Map<number, Watermark>>();
  /** Shortest delay seen, per region: the difference of the clocks plus the bus at its best, ms. */
  readonly #bestDelayMs = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FreshnessOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#refresh();
    this.#timer = setInterval(() => void this.#refresh(), REFRESH_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Notes that a partition has been applied up to a heartbeat, for every instance of the region. */
  async advance(region: string, partition: number, timestampMs: number): Promise<void> {
    const appliedMs = this.#options.clock.nowMs();
    this.#note(region, partition, { timestampMs, appliedMs });
    const key = regionKey(region);
    const fields = [
      String(partition),
      `${timestampMs} ${appliedMs}`,
      BEST_FIELD,
      String(this.#bestDelayMs.get(region)),
    ];
    await this.#options.cluster.command(key, ['HSET', key, ...fields]);
  }

  /** How old the knowledge of a region's partition is, in ms; Infinity where nothing has been heard. */
  ageMs(region: string, partition: number): number {
    if (region === this.#options.region) return 0;
    const watermark = this.#watermarks.get(region)?.get(partition);
    if (!watermark) return Number.POSITIVE_INFINITY;
    const best = this.#bestDelayMs.get(region) ?? 0;
    return Math.max(0, this.#options.clock.nowMs() - watermark.timestampMs - best);
  }

  /** How old the knowledge of an agent is, in ms. */
  agentAgeMs(home: string, agentId: string): number {
    return this.ageMs(home, partitionOf(agentId, this.#options.partitions));
  }

  isStale(ageMs: number): boolean {
    return ageMs > this.#options.settings.staleMs;
  }

  /** The state of a region as a whole: as old as its oldest partition. */
  region(region: string): { ageMs: number; state: RegionState } {
    let ageMs = 0;
    for (let partition = 0; partition < this.#options.partitions; partition++) {
      ageMs = Math.max(ageMs, this.ageMs(region, partition));
    }
    const { suspectMs, staleMs } = this.#options.settings;
    return { ageMs, state: ageMs > staleMs ? 'stale' : ageMs > suspectMs ? 'suspect' : 'fresh' };
  }

  #note(region: string, partition: number, watermark: Watermark): void {
    const partitions = this.#watermarks.get(region) ?? new Map<number, Watermark>();
    this.#watermarks.set(region, partitions);
    const known = partitions.get(partition);
    if (known && known.timestampMs >= watermark.timestampMs) return;
    partitions.set(partition, watermark);
    const delayMs = watermark.appliedMs - watermark.timestampMs;
    this.#bestDelayMs.set(region, Math.min(delayMs, this.#bestDelayMs.get(region) ?? delayMs));
  }

  /** Reads what the region's other instances have noted. */
  async #refresh(): Promise<void> {
    for (const region of this.#options.regions) {
      if (region === this.#options.region) continue;
      const key = regionKey(region);
      try {
        this.#read(region, (await this.#options.cluster.command(key, ['HGETALL', key])) as Record<string, string>);
      } catch (error) {
        this.#options.log.debug({ err: error, of: region }, 'watermarks not read');
      }
    }
  }

  #read(region: string, fields: Record<string, string>): void {
    for (const [field, value] of Object.entries(fields)) {
      if (field === BEST_FIELD) {
        this.#bestDelayMs.set(region, Math.min(Number(value), this.#bestDelayMs.get(region) ?? Number(value)));
        continue;
      }
      const [timestampMs, appliedMs] = value.split(' ').map(Number);
      this.#note(region, Number(field), { timestampMs: timestampMs ?? 0, appliedMs: appliedMs ?? 0 });
    }
  }
}
