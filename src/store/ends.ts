import { agentsKey, endsKey } from './record/keys.ts';
import { type AgentRecord, readRecord } from './record/record.ts';
import type { Cluster } from './redis/cluster.ts';
import { scripts } from './redis/scripts.ts';

/** A claim whose time is over, and which is still to be ended. */
export interface Lapsed {
  agentId: string;
  /** The unit of the agent's capacity that it takes. */
  unit: string;
  record: AgentRecord;
}

/** When the claims that this region granted lapse. */
export class Ends {
  readonly #cluster: Cluster;
  readonly #region: string;

  constructor(cluster: Cluster, region: string) {
    this.#cluster = cluster;
    this.#region = region;
  }

  /** Those of a domain that have lapsed by the shard's clock; the longest ago first. @throws ShardUnavailable */
  async lapsed(domain: string, most: number): Promise<Lapsed[]> {
    const keys = [agentsKey(domain), endsKey(domain)];
    const reply = await this.#cluster.run(scripts.lapsed, keys, [this.#region, String(most)]);
    return (reply as [string, string, string][]).map(([agentId, unit, line]) => ({
      agentId,
      unit,
      record: readRecord(line),
    }));
  }
}
