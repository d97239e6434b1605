import type { Cluster } from './cluster.ts';
import { rosterKey } from './keys.ts';

/**
 * The ids of a domain's agents, in the order of their bytes. Who has a record is entered with it and stays, so whoever
 * goes on behind the last id seen meets everybody who was there all along exactly once, whatever comes meanwhile.
 */
export class Roster {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** @param agentId the last one seen; empty: from the beginning. @throws ShardUnavailable */
  async after(domain: string, agentId: string, count: number): Promise<string[]> {
    const key = rosterKey(domain);
    const from = agentId === '' ? '-' : `(${agentId}`;
    return (await this.#cluster.command(key, ['ZRANGEBYLEX', key, from, '+', 'LIMIT', '0', String(count)])) as string[];
  }
}
