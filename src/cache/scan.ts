import type { Cluster } from './cluster.ts';
import { agentsKey } from './keys.ts';

/** About how many entries one step looks at; what it costs the shard stays far below a millisecond. */
const STEP = 500;

/**
 * The records of a domain by agent id, a step at a time. Who is there all along is met at least once; who comes, goes or
 * changes meanwhile may be met or not.
 * @param match which ids, as a pattern of Redis
 * @throws ShardUnavailable
 */
export async function* scanAgents(cluster: Cluster, domain: string, match = '*'): AsyncGenerator<Map<string, string>> {
  const key = agentsKey(domain);
  for await (const flat of scan(cluster, key, ['HSCAN', key], match)) {
    const lines = new Map<string, string>();
    for (let i = 0; i + 1 < flat.length; i += 2) lines.set(flat[i] as string, flat[i + 1] as string);
    yield lines;
  }
}

async function* scan(cluster: Cluster, key: string, command: string[], match: string): AsyncGenerator<unknown[]> {
  let cursor = '0';
  do {
    const args = [...command, cursor, 'MATCH', match, 'COUNT', String(STEP)];
    const [next, flat] = (await cluster.command(key, args)) as [string, unknown[]];
    cursor = String(next);
    if (flat.length > 0) yield flat;
  } while (cursor !== '0');
}
