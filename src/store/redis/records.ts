import type { LRUCache } from 'lru-cache';
import type { Facets } from '../../agent/facets.ts';
import type { AgentRecord } from '../agent-record.ts';
import { agentsKey, facetsKey, joinRecord, readFacets, readHeader } from '../record/record.ts';
import type { Unreadable } from '../store.ts';
import type { Cluster } from './cluster.ts';
import { scripts } from './scripts.ts';

/** A record as this instance saw it last. */
export interface Seen {
  record: AgentRecord;
  /** The facets as stored, without claims, and their version. */
  reported: Facets;
  facetsVersion: string;
}

/**
 * Reads records: headers, and facets where this instance does not know them yet. Most writes change the header only, so the
 * answer to a claim rarely needs the facets.
 */
export class Records {
  readonly #cluster: Cluster;
  readonly #seen: LRUCache<string, Seen>;

  /** @param seen cache of this instance; may be outdated */
  constructor(cluster: Cluster, seen: LRUCache<string, Seen>) {
    this.#cluster = cluster;
    this.#seen = seen;
  }

  /** The record as this instance saw it last. */
  recent(agentId: string): AgentRecord | undefined {
    return this.#seen.get(agentId)?.record;
  }

  forget(agentId: string): void {
    this.#seen.delete(agentId);
  }

  /** Keeps a record of which both parts are known. @param reported the facets as stored, or their JSON */
  keep(agentId: string, text: string, reported: string | Facets): AgentRecord {
    const header = readHeader(text);
    const facets = typeof reported === 'string' ? readFacets(reported) : reported;
    const record = joinRecord(header, facets);
    this.#seen.set(agentId, { record, reported: facets, facetsVersion: header.facetsVersion });
    return record;
  }

  /** Reads one record as of one moment. @throws Error if it cannot be parsed */
  async read(domain: string, agentId: string): Promise<AgentRecord | undefined> {
    return (await this.readAll(domain, [agentId])).get(agentId);
  }

  /** Reads records as of one moment. @throws Error if one cannot be parsed, unless `unreadable` is given */
  async readAll(domain: string, agentIds: string[], unreadable?: Unreadable): Promise<Map<string, AgentRecord>> {
    const records = new Map<string, AgentRecord>();
    if (agentIds.length === 0) return records;
    const reply = await this.#cluster.run(scripts.read, [agentsKey(domain), facetsKey(domain)], agentIds);
    const [headers, facets] = reply as [(string | null)[], (string | null)[]];
    for (const [i, agentId] of agentIds.entries()) {
      const header = headers[i];
      if (!header) {
        this.forget(agentId);
        continue;
      }
      try {
        records.set(agentId, this.keep(agentId, header, facets[i] ?? ''));
      } catch (error) {
        if (!unreadable) throw error;
        unreadable(agentId, error);
      }
    }
    return records;
  }

  /**
   * The records of these headers, with facets that are at least as new. Without those that were removed meanwhile.
   * @param headers by agent
   * @throws Error if a record cannot be parsed
   */
  async join(domain: string, headers: ReadonlyMap<string, string>): Promise<Map<string, AgentRecord>> {
    const unknown = [...headers].flatMap(([agentId, header]) => (this.#knows(agentId, header) ? [] : [agentId]));
    const missing = new Set(unknown);
    const read = unknown.length > 0 ? await this.#readFacets(domain, unknown) : new Map<string, string>();
    const records = new Map<string, AgentRecord>();
    for (const [agentId, header] of headers) {
      const facets = missing.has(agentId) ? read.get(agentId) : this.#seen.get(agentId)?.reported;
      if (facets !== undefined) records.set(agentId, this.keep(agentId, header, facets));
    }
    return records;
  }

  #knows(agentId: string, header: string): boolean {
    const known = this.#seen.get(agentId);
    return known !== undefined && known.facetsVersion === readHeader(header).facetsVersion;
  }

  async #readFacets(domain: string, agentIds: string[]): Promise<Map<string, string>> {
    const key = facetsKey(domain);
    const facets = (await this.#cluster.command(key, ['HMGET', key, ...agentIds])) as (string | null)[];
    return new Map(agentIds.flatMap((agentId, i): [string, string][] => (facets[i] ? [[agentId, facets[i]]] : [])));
  }
}
