import { agentsKey, rosterKey } from './record/keys.ts';
import { type AgentRecord, readRecord } from './record/record.ts';
import type { Cluster } from './redis/cluster.ts';

/**
 * The agents of a domain in the order of their ids' bytes. Who has a record is entered with it and stays, so whoever goes
 * on behind the last id seen meets everybody who was there all along exactly once, whatever comes meanwhile.
 */
export class AgentDirectory {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** @param agentId the last one seen; empty: from the beginning. @throws ShardUnavailable */
  async after(domain: string, agentId: string, count: number): Promise<[agentId: string, record: AgentRecord][]> {
    const [key, records] = [rosterKey(domain), agentsKey(domain)];
    const range = [agentId === '' ? '-' : `(${agentId}`, '+', 'LIMIT', '0', String(count)];
    const ids = (await this.#cluster.command(key, ['ZRANGEBYLEX', key, ...range])) as string[];
    if (ids.length === 0) return [];
    const lines = (await this.#cluster.command(records, ['HMGET', records, ...ids])) as (string | null)[];
    return ids.flatMap((id, i): [string, AgentRecord][] => {
      const line = lines[i];
      return line ? [[id, readRecord(line)]] : []; // without one: a failover took the record and left the entry
    });
  }
}
