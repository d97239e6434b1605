import { setTimeout as delay } from 'node:timers/promises';
import { type AdminConnection, connectAdmin } from './admin.ts';

const KEYS_PER_MIGRATE = 10;
const MIGRATE_LIMIT_MS = '5000';

export interface Endpoint {
  id: string;
  port: number;
}

interface SlotMove {
  from: Endpoint;
  to: Endpoint;
  slots: number[];
  /** How long every slot stays half-moved between two steps, so that ASK and TRYAGAIN occur; default 0. */
  slowMs?: number;
}

/**
 * Moves slots between two masters while clients go on, with the commands and in the order of `redis-cli --cluster
 * reshard`.
 * @param masters every master of the cluster
 */
export async function migrateSlots({ from, to, slots, slowMs = 0 }: SlotMove, masters: Endpoint[]): Promise<void> {
  const connections = new Map<number, AdminConnection>();
  const redisOf = async ({ port }: Endpoint): Promise<AdminConnection> => {
    const known = connections.get(port) ?? (await connectAdmin(port));
    connections.set(port, known);
    return known;
  };
  try {
    const source = await redisOf(from);
    const target = await redisOf(to);
    const others = masters.filter((master) => master.id !== from.id && master.id !== to.id);
    const nodes = [target, source, ...(await Promise.all(others.map(redisOf)))];
    for (const number of slots) {
      const slot = `${number}`;
      await target.run('CLUSTER', 'SETSLOT', slot, 'IMPORTING', from.id);
      await source.run('CLUSTER', 'SETSLOT', slot, 'MIGRATING', to.id);
      await delay(slowMs);
      await moveKeys(source, slot, to.port, slowMs);
      for (const redis of nodes) await redis.run('CLUSTER', 'SETSLOT', slot, 'NODE', to.id);
    }
  } finally {
    for (const redis of connections.values()) redis.close();
  }
}

async function moveKeys(source: AdminConnection, slot: string, port: number, slowMs: number): Promise<void> {
  for (;;) {
    const keys = (await source.run('CLUSTER', 'GETKEYSINSLOT', slot, `${KEYS_PER_MIGRATE}`)) as string[];
    if (keys.length === 0) return;
    await source.run('MIGRATE', '127.0.0.1', `${port}`, '', '0', MIGRATE_LIMIT_MS, 'KEYS', ...keys);
    await delay(slowMs);
  }
}
