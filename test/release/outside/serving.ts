import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { startRedisCluster } from '../../../world/redis/cluster.ts';
import { startRedis } from '../../../world/redis/server.ts';
import { freePort } from '../../../world/tools/ports.ts';
import { ask, eventOf } from '../../fixtures/regions.ts';

const WAIT = { timeout: 60_000, interval: 100 };

/**
 * Has `start` serve a region against a Redis Cluster and a bus, sends an event and a claim, and stops it.
 * @param start gets the folder of `region.yaml`, which others can read
 * @param stop asks it to end
 * @param look runs while it serves, and throws for what is wrong
 * @returns what `/healthz` said
 */
export async function serveRegion(
  start: (folder: string) => ChildProcess,
  stop: (child: ChildProcess) => void = (child) => child.kill('SIGTERM'),
  look: (port: string) => void = () => {},
): Promise<Record<string, unknown>> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-outside-'));
  await chmod(dir, 0o755);
  const redis = await startRedisCluster({ dir: join(dir, 'redis') });
  const bus = await startRedis({ dir: join(dir, 'bus') });
  try {
    const url = await configure(dir, { redis: redis.access, bus: { url: bus.url } });
    const child = start(dir);
    const said = collect(child);
    const ended = once(child, 'exit');
    try {
      await vi.waitFor(async () => {
        expect(child.exitCode, said.text).toBeNull();
        expect((await ask(`${url}/readyz`)).status).toBe(200);
      }, WAIT);
      const health = await ask(`${url}/healthz`);
      await claimAnAgent(url);
      look(new URL(url).port);
      stop(child);
      expect([await ended, said.text]).toEqual([[0, null], expect.stringContaining('instance_stopped')]);
      return health.body;
    } finally {
      child.kill('SIGKILL');
    }
  } finally {
    await Promise.all([redis.stop(), bus.stop()]);
    await rm(dir, { recursive: true, force: true });
  }
}

/** @returns where the instance will listen */
async function configure(dir: string, parts: object): Promise<string> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = {
    region: 'eu',
    listen: { port },
    connections: { crm: { platform: 'events', home: 'eu' } },
    regions: { eu: { url } },
    ...parts,
  };
  await writeFile(join(dir, 'region.yaml'), JSON.stringify(config), { mode: 0o644 });
  return url;
}

function collect({ stdout, stderr }: ChildProcess): { text: string } {
  const said = { text: '' };
  for (const stream of [stdout, stderr])
    stream?.on('data', (chunk) => {
      said.text += chunk;
    });
  return said;
}

/** An agent arrives by an event, goes to one call, and to no other. */
async function claimAnAgent(url: string): Promise<void> {
  const event = eventOf('crm:ann', 'AVAILABLE', 1_764_000_000);
  expect((await ask(`${url}/v1/events`, 'POST', event)).status).toBe(202);
  const granted = await ask(`${url}/v1/claims`, 'POST', { queue: 'global', call_id: 'call-1' });
  expect([granted.status, granted.body]).toEqual([201, expect.objectContaining({ agent_id: 'crm:ann' })]);
  expect((await ask(`${url}/v1/claims`, 'POST', { queue: 'global', call_id: 'call-2' })).status).toBe(409);
}
