import type { AgentRecord } from '../agent-record.ts';
import { agentsKey, facetsKey, type SeenRecords, storeKey } from '../record/record.ts';
import type { Unreadable } from '../store.ts';
import type { Cluster } from './cluster.ts';
import { scripts } from './scripts.ts';

/** Reads records. */
export class Records {
  readonly #cluster: Cluster;
  readonly #seen: SeenRecords;

  /** @param seen takes what is read */
  constructor(cluster: Cluster, seen: SeenRecords) {
    this.#cluster = cluster;
    this.#seen = seen;
  }

  /** Reads one record as of one moment. @throws Error if it cannot be parsed */
  async read(domain: string, agentId: string): Promise<AgentRecord | undefined> {
    return (await this.readAll(domain, [agentId])).get(agentId);
  }

  /** Reads records as of one moment. @throws Error if one cannot be parsed, unless `unreadable` is given */
  async readAll(domain: string, agentIds: string[], unreadable?: Unreadable): Promise<Map<string, AgentRecord>> {
    const records = new Map<string, AgentRecord>();
    if (agentIds.length === 0) return records;
    const reply = await this.#cluster.run(
      scripts.read,
      [agentsKey(domain), facetsKey(domain), storeKey(domain)],
      agentIds,
    );
    const [headers, facets] = reply as [(string | null)[], (string | null)[]];
    for (const [i, agentId] of agentIds.entries()) {
      const header = headers[i];
      if (!header) {
        this.#seen.forget(agentId);
        continue;
      }
      try {
        records.set(agentId, this.#seen.keep(agentId, header, facets[i] ?? ''));
      } catch (error) {
        if (!unreadable) throw error;
        unreadable(agentId, error);
      }
    }
    return records;
  }

  /** Reads the stored facets of agents, in this order; null for none. */
  async facets(domain: string, agentIds: string[]): Promise<(string | null)[]> {
    const key = facetsKey(domain);
    return (await this.#cluster.command(key, ['HMGET', key, ...agentIds])) as (string | null)[];
  }
}
