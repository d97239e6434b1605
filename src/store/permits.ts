import { budgetKeys } from './record/keys.ts';
import type { Cluster } from './redis/cluster.ts';
import { scripts } from './redis/scripts.ts';

/** The mirror of a connection, or those who ask about single agents while a caller waits. */
export type Taker = 'mirror' | 'reader';

export interface PermitsOptions {
  cluster: Cluster;
  connection: string;
  /** Unique among the instances of the region. */
  instance: string;
  taker: Taker;
  /** Requests of the whole region in any window. */
  limit: number;
  /** How many of them only readers may use; less than `limit`. */
  headroom: number;
  /** How many of the mirror's requests may be those of readings: of the first, and of later ones. Default: all. */
  readings?: { first: number; reading: number };
  /** A minute but in tests. */
  windowMs?: number;
}

const WINDOW_MS = 60_000;
const LONGEST_HOLD_MS = 5 * 60_000;

/**
 * What all instances of the region together may send to one platform, counted in the region's store by its shard's
 * clock. A master's death may forget the latest: the limit should stay below the platform's own.
 */
export class Permits {
  readonly #options: PermitsOptions;
  readonly #keys: string[];
  #asked = 0;

  constructor(options: PermitsOptions) {
    this.#options = options;
    this.#keys = budgetKeys(options.connection);
  }

  /**
   * Counts a request if it may go out now.
   * @param acceptedAfter how many refusals in a row were known when the platform took a request; 0: none since
   * @param lane whether it is one of the many requests of a reading
   * @returns ms until it is worth asking again, 0 if it was counted; and how many requests were refused in a row
   * @throws ShardUnavailable
   */
  async take(
    acceptedAfter: number,
    lane: 'first' | 'reading' | 'rest' = 'rest',
  ): Promise<{ waitMs: number; refusals: number }> {
    const { cluster, instance, taker, limit, headroom, readings, windowMs = WINDOW_MS } = this.#options;
    const request = `${instance}:${this.#asked++}`;
    const mostReadings = lane === 'rest' ? 0 : (readings?.[lane] ?? limit);
    const numbers = [limit, headroom, windowMs, acceptedAfter, mostReadings].map(String);
    const reply = await cluster.run(scripts.budget, this.#keys, [request, taker, ...numbers]);
    const [waitMs = 0, refusals = 0] = (reply as unknown[]).map(Number);
    return { waitMs, refusals };
  }

  /**
   * The platform refused a request: nobody in the region sends one until the wait that it asked for is over.
   * @param jitterMs on top, by chance, so that not all regions come back at once
   * @throws ShardUnavailable
   */
  async refused(retryAfterMs: number, jitterMs: number): Promise<void> {
    const [hold = ''] = this.#keys;
    const numbers = [retryAfterMs, jitterMs, LONGEST_HOLD_MS].map((ms) => String(Math.round(ms)));
    await this.#options.cluster.run(scripts.throttle, [hold], numbers);
  }
}
