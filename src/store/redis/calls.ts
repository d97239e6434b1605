import type { CallEntry, Calls, Lapsed } from '../queues.ts';
import { agentsKey, callsKey, encode, endsKey, readRecord } from '../record/record.ts';
import type { Cluster } from './cluster.ts';
import { scripts } from './scripts.ts';

/** Reads the register of calls (`scripts/calls.lua`) and the expiry times of claims (`scripts/ends.lua`). */
export class RedisCalls implements Calls {
  readonly #cluster: Cluster;
  readonly #region: string;

  constructor(cluster: Cluster, region: string) {
    this.#cluster = cluster;
    this.#region = region;
  }

  async entryOf(domain: string, callId: string): Promise<CallEntry | undefined> {
    const key = callsKey(domain);
    const value = (await this.#cluster.command(key, ['HGET', key, encode(callId)])) as string | null;
    const [, agentId, fence] = value?.split(' ') ?? [];
    return agentId === undefined ? undefined : { agentId, fence: Number(fence) };
  }

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
