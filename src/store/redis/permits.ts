import { budgetKeys } from '../record/record.ts';
import type { Permits, PermitsOptions } from '../store.ts';
import type { Cluster } from './cluster.ts';
import { scripts } from './scripts.ts';

const WINDOW_MS = 60_000;
const LONGEST_HOLD_MS = 5 * 60_000;

/**
 * The request budget in Redis, by the shard's clock. A failover may lose the latest requests, so the limit should be below the
 * platform's.
 */
export class RedisPermits implements Permits {
  readonly #cluster: Cluster;
  readonly #options: PermitsOptions;
  readonly #keys: string[];
  #asked = 0;

  constructor(cluster: Cluster, options: PermitsOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#keys = budgetKeys(options.connection);
  }

  async take(
    acceptedAfter: number,
    lane: 'first' | 'reading' | 'rest' = 'rest',
  ): Promise<{ waitMs: number; refusals: number }> {
    const { instance, taker, limit, headroom, readings, windowMs = WINDOW_MS } = this.#options;
    const request = `${instance}:${this.#asked++}`;
    const mostReadings = lane === 'rest' ? 0 : (readings?.[lane] ?? limit);
    const numbers = [limit, headroom, windowMs, acceptedAfter, mostReadings].map(String);
    const reply = await this.#cluster.run(scripts.budget, this.#keys, [request, taker, ...numbers]);
    const [waitMs = 0, refusals = 0] = (reply as unknown[]).map(Number);
    return { waitMs, refusals };
  }

  async refused(retryAfterMs: number, jitterMs: number): Promise<void> {
    const [hold = ''] = this.#keys;
    const numbers = [retryAfterMs, jitterMs, LONGEST_HOLD_MS].map((ms) => String(Math.round(ms)));
    await this.#cluster.run(scripts.throttle, [hold], numbers);
  }
}
