import { createServer } from 'node:net';

/** Below 32768, where the kernel starts to take ports for outgoing connections; likewise for the bus ports. */
const FIRST_PORT = 12_000;
const LAST_PORT = 22_767;
const ATTEMPTS = 200;

/** How far above its port a Redis Cluster node listens for other nodes. */
export const CLUSTER_BUS_OFFSET = 10_000;

const handedOut = new Set<number>();

/**
 * A loopback port that nobody listens on and that this process gets only once; the port of a cluster node's bus
 * above it is free too.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1));
    const busPort = port + CLUSTER_BUS_OFFSET;
    if (handedOut.has(port) || handedOut.has(busPort)) continue;
    handedOut.add(port).add(busPort);
    if ((await isFree(port)) && (await isFree(busPort))) return port;
  }
  throw new Error(`No free port on 127.0.0.1 between ${FIRST_PORT} and ${LAST_PORT} in ${ATTEMPTS} attempts.`);
}

/** Whether nobody listens on a loopback port now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
