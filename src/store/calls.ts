import { callsKey } from './record/keys.ts';
import { encode } from './record/record.ts';
import type { Cluster } from './redis/cluster.ts';

/** Whom a call was last given or offered. */
interface CallEntry {
  agentId: string;
  /** Of the claim; 0 where the agent's home was asked, and what it said is not known. */
  fence: number;
}

/** The register of calls of the region's domains, as `scripts/calls.lua` writes it. */
export class Calls {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** What a domain knows of a call, as far as it remembers. @throws ShardUnavailable */
  async entryOf(domain: string, callId: string): Promise<CallEntry | undefined> {
    const key = callsKey(domain);
    const value = (await this.#cluster.command(key, ['HGET', key, encode(callId)])) as string | null;
    const [, agentId, fence] = value?.split(' ') ?? [];
    return agentId === undefined ? undefined : { agentId, fence: Number(fence) };
  }
}
