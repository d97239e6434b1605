import { connectionKey, domainKey, instanceKey, positionsKey, regionKey } from '../record/record.ts';
import type { NotedOf, Notes } from '../store.ts';
import type { Cluster } from './cluster.ts';

const KEYS: Record<NotedOf, (name: string) => string> = {
  region: regionKey,
  positions: positionsKey,
  connection: connectionKey,
  domain: domainKey,
  instance: instanceKey,
};

/** Notes in Redis: one hash for each subject. */
export class RedisNotes implements Notes {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async read(of: NotedOf, name: string): Promise<Record<string, string>> {
    const key = KEYS[of](name);
    return (await this.#cluster.command(key, ['HGETALL', key])) as Record<string, string>;
  }

  async readSome(of: NotedOf, name: string, fields: string[]): Promise<(string | null)[]> {
    const key = KEYS[of](name);
    return (await this.#cluster.command(key, ['HMGET', key, ...fields])) as (string | null)[];
  }

  async write(of: NotedOf, name: string, fields: Record<string, string>, keptMs?: number): Promise<void> {
    const key = KEYS[of](name);
    await this.#cluster.command(key, ['HSET', key, ...Object.entries(fields).flat()]);
    if (keptMs !== undefined) await this.#cluster.command(key, ['PEXPIRE', key, String(keptMs)]);
  }
}
