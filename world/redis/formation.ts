import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../src/ops/clock.ts';
import { type AdminConnection, connectAdmin } from './admin.ts';
import { parseClusterNodes } from './topology.ts';

const SLOTS = 16_384;
const FORM_LIMIT_MS = 30_000;
const POLL_MS = 50;

/**
 * Makes one cluster of empty nodes: the first ones become masters and share all slots, the others their replicas.
 * Resolves when every node says `cluster_state:ok` and every replica is in step.
 * @returns the nodes' ids
 */
export async function formCluster(ports: number[], masters: number): Promise<string[]> {
  const connections = await Promise.all(ports.map((port) => connectAdmin(port)));
  const run = (i: number, ...args: string[]) => (connections[i] as AdminConnection).run(...args);
  const each = <T>(work: (i: number) => Promise<T>): Promise<T[]> => Promise.all(connections.map((_, i) => work(i)));
  const greet = (i: number) =>
    Promise.all(ports.filter((_, j) => j !== i).map((port) => run(i, 'CLUSTER', 'MEET', '127.0.0.1', `${port}`)));
  try {
    const ids = await each(async (i) => `${await run(i, 'CLUSTER', 'MYID')}`);
    await each((i) => run(i, 'CLUSTER', 'SET-CONFIG-EPOCH', `${i + 1}`));
    await each(async (i) => {
      if (i < masters) await run(i, 'CLUSTER', 'ADDSLOTS', ...slotShare(i, masters));
    });
    // Every node meets every other: gossip alone would take seconds.
    await each((i) => greet(i));
    await each((i) =>
      until('knew all nodes', async () => {
        const text = `${await run(i, 'CLUSTER', 'NODES')}`;
        return ids.every((id) => text.includes(id)) && !text.includes('handshake');
      }),
    );
    await each(async (i) => {
      if (i < masters) return;
      await run(i, 'CLUSTER', 'REPLICATE', ids[i - masters] ?? '');
      // A second meeting tells the others of the new role.
      await greet(i);
    });
    await each((i) =>
      until('got in step', async () => {
        // A node that may serve a part of the slots calls that state ok, too: until it has heard of all of them.
        const info = `${await run(i, 'CLUSTER', 'INFO')}`;
        if (!info.includes('cluster_state:ok') || !info.includes(`cluster_slots_ok:${SLOTS}`)) return false;
        const link = i < masters || `${await run(i, 'INFO', 'replication')}`.includes('master_link_status:up');
        const views = parseClusterNodes(`${await run(i, 'CLUSTER', 'NODES')}`);
        const replicas = views.filter((view) => view.role === 'replica').length;
        return link && replicas === ports.length - masters;
      }),
    );
    return ids;
  } finally {
    for (const connection of connections) connection.close();
  }
}

function slotShare(i: number, masters: number): string[] {
  const first = Math.round((i * SLOTS) / masters);
  const next = Math.round(((i + 1) * SLOTS) / masters);
  return Array.from({ length: next - first }, (_, offset) => `${first + offset}`);
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadlineMs = systemClock.monotonicMs() + FORM_LIMIT_MS;
  while (!(await condition())) {
    if (systemClock.monotonicMs() > deadlineMs)
      throw new Error(`No Redis Cluster within ${FORM_LIMIT_MS} ms: a node never ${what}.`);
    await delay(POLL_MS);
  }
}
