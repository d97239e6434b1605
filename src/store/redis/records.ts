import type { AgentRecord } from '../agent-record.ts';
import { agentsKey, facetsKey, type SeenRecords, storeKey } from '../record/record.ts';
import type { Unreadable } from '../store.ts';
import type { Cluster } from './cluster.ts';
import { scripts } from './scripts.ts';

/** Agents whose records one script call reads, with those who wait for each. */
type Reading = Map<string, { resolve(record: AgentRecord | undefined): void; reject(error: unknown): void }[]>;

/** Most records in one script call: more would occupy Redis for more than a millisecond. */
const MOST_READ = 250;

/** Reads records. */
export class Records {
  readonly #cluster: Cluster;
  readonly #seen: SeenRecords;
  /** By domain: the reads of this tick. */
  readonly #gathering = new Map<string, Reading>();

  /** @param seen takes what is read */
  constructor(cluster: Cluster, seen: SeenRecords) {
    this.#cluster = cluster;
    this.#seen = seen;
  }

  /**
   * Reads one record as of one moment, together with the others that are asked for in the same tick.
   * @throws Error if it cannot be parsed
   */
  read(domain: string, agentId: string): Promise<AgentRecord | undefined> {
    return new Promise((resolve, reject) => {
      let reading = this.#gathering.get(domain);
      if (!reading) {
        reading = new Map();
        this.#gathering.set(domain, reading);
        queueMicrotask(() => this.#readGathered(domain));
      }
      const asking = reading.get(agentId);
      if (asking) asking.push({ resolve, reject });
      else reading.set(agentId, [{ resolve, reject }]);
    });
  }

  #readGathered(domain: string): void {
    const reading = this.#gathering.get(domain) ?? new Map();
    this.#gathering.delete(domain);
    const agentIds = [...reading.keys()];
    for (let from = 0; from < agentIds.length; from += MOST_READ) {
      void this.#readFor(domain, agentIds.slice(from, from + MOST_READ), reading);
    }
  }

  /** Never throws. A record that cannot be parsed fails for those who asked for it only. */
  async #readFor(domain: string, agentIds: string[], reading: Reading): Promise<void> {
    const reject = (agentId: string, error: unknown): void => {
      for (const asking of reading.get(agentId) ?? []) asking.reject(error);
    };
    try {
      const records = await this.readAll(domain, agentIds, reject);
      for (const agentId of agentIds) {
        for (const asking of reading.get(agentId) ?? []) asking.resolve(records.get(agentId));
      }
    } catch (error) {
      for (const agentId of agentIds) reject(agentId, error);
    }
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
