import { probeKey, slotOf } from '../record/record.ts';
import { currentNode, type Master, type RedisClient } from './connection.ts';
import type { ProbeReply } from './shards.ts';

/** Keys to try until one belongs to the master: enough for a master with 1 % of the slots. */
const MOST_KEYS = 1000;

/**
 * Asks a master for its role, its time, and whether it accepts writes. `SET … XX` on a key that never exists changes nothing and
 * is not replicated, but Redis refuses it like any other write.
 * @throws the connection's error
 */
export async function probe(client: RedisClient, master: Master): Promise<ProbeReply> {
  const node = await currentNode(client, master);
  const key = keyAt(client, master);
  const write = key === undefined ? undefined : node.sendCommand(['SET', key, '', 'XX']).then(noError, asError);
  const [role, time, refusal] = await Promise.all([node.sendCommand(['ROLE']), node.sendCommand(['TIME']), write]);
  return { role, time, refusal };
}

const noError = (): undefined => undefined;
const asError = (error: unknown): unknown => error;

/** A probe key in a slot of the master; undefined if none was found, because it has very few slots. */
function keyAt(client: RedisClient, { address }: Master): string | undefined {
  for (let n = 0; n < MOST_KEYS; n++) {
    const key = probeKey(n);
    if (client.slots[slotOf(key)]?.master.address === address) return key;
  }
  return undefined;
}
