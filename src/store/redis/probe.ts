import { probeKey, slotOf } from '../record/record.ts';
import { currentNode, type Master, type RedisClient } from './connection.ts';
import type { ProbeReply } from './shards.ts';

/** So many keys are tried until one is the master's: enough for one that has a hundredth of the slots. */
const MOST_KEYS = 1000;

/**
 * Asks a master for its role, its time, and whether it would write: `SET … XX` on a key that never exists changes
 * nothing and goes to no replica, and is refused like any other write.
 * @throws whatever keeps it from answering
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

/** A key in a slot of the master's. Undefined where it has so few that none was found. */
function keyAt(client: RedisClient, { address }: Master): string | undefined {
  for (let n = 0; n < MOST_KEYS; n++) {
    const key = probeKey(n);
    if (client.slots[slotOf(key)]?.master.address === address) return key;
  }
  return undefined;
}
