import { CALL_KEPT_MS, type CallEntry, type Calls, type Lapsed } from '../queues.ts';
import { agentsKey, callsKey, encode, endsKey, storeKey } from '../record/record.ts';
import type { Cluster } from './cluster.ts';
import type { Records } from './records.ts';
import { scripts } from './scripts.ts';

/** Approximate number of entries that one step of a sweep looks at. */
const SWEPT_AT_ONCE = 200;

/** Reads the register of calls (`scripts/calls.lua`) and the expiry times of claims (`scripts/ends.lua`). */
export class RedisCalls implements Calls {
  readonly #cluster: Cluster;
  readonly #region: string;
  readonly #records: Records;

  constructor(cluster: Cluster, region: string, records: Records) {
    this.#cluster = cluster;
    this.#records = records;
    this.#region = region;
  }

  async entryOf(domain: string, callId: string): Promise<CallEntry | undefined> {
    const key = callsKey(domain);
    const value = (await this.#cluster.command(key, ['HGET', key, encode(callId)])) as string | null;
    const [, agentId, fence] = value?.split(' ') ?? [];
    return agentId === undefined ? undefined : { agentId, fence: Number(fence) };
  }

  async lapsed(domain: string, most: number): Promise<Lapsed[]> {
    const keys = [agentsKey, endsKey, storeKey].map((keyOf) => keyOf(domain));
    const reply = (await this.#cluster.run(scripts.lapsed, keys, [this.#region, String(most)])) as [string, string][];
    const records = await this.#records.readAll(domain, [...new Set(reply.map(([agentId]) => agentId))]);
    return reply.flatMap(([agentId, unit]): Lapsed[] => {
      const record = records.get(agentId);
      return record ? [{ agentId, unit, record }] : [];
    });
  }

  async sweep(domain: string, cursor: string): Promise<{ cursor: string; removed: number }> {
    const keys = [agentsKey, callsKey, storeKey].map((keyOf) => keyOf(domain));
    const args = [cursor, String(SWEPT_AT_ONCE), String(CALL_KEPT_MS)];
    const [next, removed] = (await this.#cluster.run(scripts.sweep, keys, args)) as [string, number];
    return { cursor: next, removed };
  }
}
