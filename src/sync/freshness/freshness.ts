import { type Heartbeat, partitionOf, type Stamp } from '../../bus/envelope.ts';
import type { Clock } from '../../ops/clock.ts';
import type { Log } from '../../ops/log.ts';
import { regionKey } from '../../store/record/keys.ts';
import type { Cluster } from '../../store/redis/cluster.ts';
import { type FreshnessSettings, HERE, type Standing, Watermarks, worst } from './watermark.ts';

interface FreshnessOptions {
  cluster: Cluster;
  region: string;
  /** All regions, this one included. */
  regions: string[];
  partitions: number;
  settings: FreshnessSettings & { heartbeatMs: number };
  clock: Clock;
  log: Log;
}

const REFRESH_EVERY_MS = 500;
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
    const key = regionKey(heartbeat.region);
    await this.#options.cluster.command(key, ['HSET', key, String(partition), writeStamp(heartbeat)]);
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

  /** Reads what the region's other instances have noted. */
  async #refresh(): Promise<void> {
    await Promise.all(
      [...this.#others].map(async ([region, watermarks]) => {
        const key = regionKey(region);
        try {
          const fields = (await this.#options.cluster.command(key, ['HGETALL', key])) as Record<string, string>;
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
