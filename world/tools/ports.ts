import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';

/** Below 32768, where the kernel's ports for outgoing connections begin; so are the bus ports. */
const FIRST_PORT = 12_000;
const LAST_PORT = 22_767;
const ATTEMPTS = 200;

/** How far above its port a Redis Cluster node listens for other nodes. */
export const CLUSTER_BUS_OFFSET = 10_000;

/** Ports that are assigned but not in use yet, across the user's processes: a process needs time to listen. */
const RESERVATIONS = cacheFolder('ports');

const reserved = new Set<number>();
process.once('exit', () => {
  for (const port of reserved) rmSync(join(RESERVATIONS, `${port}`), { force: true });
});

/**
 * A loopback port without a listener, which no other process on this machine is assigned while this one lives. The port of
 * a cluster node's bus above it is free, too.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1));
    const busPort = port + CLUSTER_BUS_OFFSET;
    if (!reserve(port) || !reserve(busPort)) continue;
    if ((await isFree(port)) && (await isFree(busPort))) return port;
  }
  throw new Error(`No free port on 127.0.0.1 between ${FIRST_PORT} and ${LAST_PORT} in ${ATTEMPTS} attempts.`);
}

/** Whether this process may listen on the port: it has no listener, and no other process is assigned to it. */
export async function takePort(port: number): Promise<boolean> {
  return (reserved.has(port) || reserve(port)) && (await isFree(port));
}

/** Whether a loopback port has no listener. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** Creates the port's file, which only one process can do. The file of a dead process is removed, for the next attempt. */
function reserve(port: number): boolean {
  if (reserved.has(port)) return false;
  mkdirSync(RESERVATIONS, { recursive: true });
  const file = join(RESERVATIONS, `${port}`);
  try {
    writeFileSync(file, `${process.pid}`, { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (!isAlive(file)) rmSync(file, { force: true });
    return false;
  }
  reserved.add(port);
  return true;
}

function isAlive(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, 'utf8')) || process.pid, 0);
    return true;
  } catch (error) {
    // Another user's process cannot be signalled, but it exists.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
