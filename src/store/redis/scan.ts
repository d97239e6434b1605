import { agentsKey, queueKey } from '../record/record.ts';
import type { Cluster } from './cluster.ts';

/**
 * Parameters of a scan with cursors. Entries that exist all the time are returned at least once; entries that are added, removed or
 * changed meanwhile may be returned or not. Every function throws ShardUnavailable.
 */
interface Scan {
  /** Returns only entries with this prefix; default: all. */
  prefix?: string;
  /** Approximate number of entries for each step. */
  step: number;
}

/** Deadline of a step through the keys of a master, in ms. */
const SCAN_DEADLINE_MS = 1000;

/** Scans the ids of the agents with a record in a domain. */
export async function* scanAgents(cluster: Cluster, domain: string, how: Scan): AsyncGenerator<string[]> {
  const key = agentsKey(domain);
  for await (const flat of scan(cluster, key, 'HSCAN', how)) yield [...pairs(flat, String).keys()];
}

/** Scans the scores in a queue's sorted set, by agent id. */
export async function* scanLine(cluster: Cluster, line: string, how: Scan): AsyncGenerator<Map<string, number>> {
  for await (const flat of scan(cluster, line, 'ZSCAN', how)) yield pairs(flat, Number);
}

/** The keys of all queues of a domain that have members. */
export function linesIn(cluster: Cluster, domain: string): Promise<string[]> {
  const prefix = queueKey(domain, '');
  return keysLike(cluster, prefix, `${prefix.replace('queue', 'queue*')}*`);
}

/** The keys on one master that match a pattern, in order. @param key any key of that master */
export async function keysLike(cluster: Cluster, key: string, pattern: string): Promise<string[]> {
  const found = new Set<string>();
  let cursor = '0';
  do {
    const step = ['SCAN', cursor, 'MATCH', pattern, 'COUNT', '1000'];
    const reply = await cluster.attempt(key, SCAN_DEADLINE_MS, async () => {
      const node = await cluster.node(key);
      return node.sendCommand(step);
    });
    const [next, keys] = reply as unknown as [unknown, string[]];
    for (const each of keys) found.add(each);
    cursor = String(next);
  } while (cursor !== '0');
  return [...found].sort();
}

async function* scan(cluster: Cluster, key: string, command: string, { prefix = '', step }: Scan) {
  let cursor = '0';
  do {
    const reply = await cluster.command(key, [
      command,
      key,
      cursor,
      'MATCH',
      `${literally(prefix)}*`,
      'COUNT',
      String(step),
    ]);
    const [next, flat] = reply as [unknown, unknown[]];
    cursor = String(next);
    if (flat.length > 0) yield flat;
  } while (cursor !== '0');
}

/** Escapes a text for a Redis pattern. */
const literally = (text: string): string => text.replace(/[*?[\]\\^-]/g, '\\$&');

function pairs<T>(flat: unknown[], read: (value: unknown) => T): Map<string, T> {
  const map = new Map<string, T>();
  for (let i = 0; i + 1 < flat.length; i += 2) map.set(String(flat[i]), read(flat[i + 1]));
  return map;
}
