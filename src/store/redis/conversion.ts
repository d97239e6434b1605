import { FORMATS, NEWEST, OLDEST } from '../record/layout.ts';
import { agentsKey, storeKey } from '../record/record.ts';
import type { Conversion, StoreFormat } from '../store.ts';
import type { Written } from '../written.ts';
import type { Cluster } from './cluster.ts';
import { scanAgents } from './scan.ts';
import { scripts } from './scripts.ts';
import type { WriteBatcher } from './write-batcher.ts';

/** Records for each step. */
const STEP = 100;
const FLIP_DEADLINE_MS = 5000;

/** The formats of the domains' stores in Redis, and the conversion of records from one to the other. */
export class RedisConversion implements Conversion {
  readonly formats = FORMATS.map(({ number }) => number);
  readonly #cluster: Cluster;
  readonly #lane: WriteBatcher;

  constructor(cluster: Cluster, lane: WriteBatcher) {
    this.#cluster = cluster;
    this.#lane = lane;
  }

  async state(domain: string): Promise<StoreFormat> {
    const store = storeKey(domain);
    const reply = await this.#cluster.command(store, ['HMGET', store, 'format', 'mixed', 'flips']);
    const [format, mixed, flips] = reply as (string | null)[];
    return { format: format ?? OLDEST.number, ...(mixed && { mixed }), flips: Number(flips) };
  }

  /**
   * Changes the format of a domain's store to the newest or the oldest that this version knows.
   * @throws ShardUnavailable
   */
  flip(domain: string, to: 'newest' | 'oldest'): Promise<Written<unknown>> {
    const { number } = to === 'newest' ? NEWEST : OLDEST;
    return this.#lane.run(scripts.flip, [storeKey(domain)], [number], FLIP_DEADLINE_MS);
  }

  async convert(domain: string, pace: (records: number) => Promise<void>): Promise<number> {
    const { mixed, flips } = await this.state(domain);
    if (mixed === undefined) return 0;
    let converted = 0;
    // Whoever is there all the time is met at least once, and whoever comes has the new format.
    for await (const agentIds of scanAgents(this.#cluster, domain, { step: STEP })) {
      const keys = [agentsKey(domain), storeKey(domain)];
      if (agentIds.length > 0) converted += Number(await this.#cluster.run(scripts.convert, keys, agentIds));
      await pace(agentIds.length);
    }
    await this.#cluster.run(scripts.converted, [storeKey(domain)], [String(flips)]);
    return converted;
  }
}
