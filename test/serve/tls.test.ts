import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { busRules } from '../../src/bus/redis-streams/acl.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { aclArguments, LOCAL_USER, tlsArguments } from '../../world/redis/access.ts';
import { type LocalRedisCluster, startRedisCluster } from '../../world/redis/cluster.ts';
import { type RedisServer, startRedis } from '../../world/redis/server.ts';
import { Authority } from '../../world/tools/certificates.ts';
import { freePort } from '../../world/tools/ports.ts';
import { ask, eventOf } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';

const TOPIC = 'agent.status.change';
let dir: string;
let redis: LocalRedisCluster;
let bus: RedisServer;
let busPort: number;
let trusted: { caFile: string; certFile: string; keyFile: string };
let stranger: { caFile: string };

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'muster-tls-'));
  const authority = new Authority(join(dir, 'authority'), 'authority');
  const { certFile, keyFile } = authority.identity('muster');
  trusted = { caFile: authority.caFile, certFile, keyFile };
  stranger = { caFile: new Authority(join(dir, 'stranger'), 'stranger').caFile };
  busPort = await freePort();
  const args = [...aclArguments(busRules(TOPIC)), ...tlsArguments(busPort, trusted)];
  [redis, bus] = await Promise.all([
    startRedisCluster({ dir: join(dir, 'redis'), replicas: false, tls: trusted }),
    startRedis({ dir: join(dir, 'bus'), args }),
  ]);
});
afterAll(async () => {
  await Promise.all([redis?.stop(), bus?.stop()]);
  rmSync(dir, { recursive: true, force: true });
});

async function serve(tls: { redis: object; bus: object }) {
  const port = await freePort();
  const file = join(dir, `${port}.yaml`);
  const config = {
    region: 'eu',
    listen: { port },
    redis: { ...redis.access, tls: tls.redis },
    bus: { url: `rediss://${LOCAL_USER.username}:${LOCAL_USER.password}@127.0.0.1:${busPort}`, tls: tls.bus },
    regions: { eu: { url: `http://127.0.0.1:${port}` } },
    connections: { crm: { platform: 'events', home: 'eu' } },
  };
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(process.execPath, ['src/cli.ts', 'serve', '--config', file]);
  onTestFinished(async () => void (await end(child)));
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.err += chunk;
  });
  return { url: `http://127.0.0.1:${port}`, child, said };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}

test('an instance works over TLS to its cluster and to the bus, with a certificate of its own', async () => {
  const { url, said } = await serve({ redis: trusted, bus: trusted });
  await vi.waitFor(() => expect(said.out).toContain('listens'), { timeout: 45_000 });
  const event = eventOf('crm:ann', 'AVAILABLE', systemClock.nowMs());
  expect(await ask(`${url}/v1/events`, 'POST', event)).toMatchObject({ status: 202 });
  await vi.waitFor(
    async () => expect((await ask(`${url}/v1/agents/crm:ann`)).body).toMatchObject({ status: 'AVAILABLE' }),
    SOON,
  );
  // What was accepted has gone over the bus, and come back.
  await vi.waitFor(
    async () =>
      expect((await ask(`${url}/v1/regions`)).body).toMatchObject({ outbox: 0, regions: [{ state: 'fresh' }] }),
    { timeout: 45_000 },
  );
});

test('a cluster of an authority that is not trusted is refused in one line', async () => {
  const { child, said } = await serve({ redis: { ...trusted, ...stranger }, bus: trusted });
  await once(child, 'exit');
  expect(said.err.trimEnd().split('\n').at(-1)).toMatch(/^muster: no Redis Cluster answers at /);
});

test('a name that all nodes have in common is looked for in their certificates, whatever they are announced as', async () => {
  const { said } = await serve({ redis: { ...trusted, serverName: 'localhost' }, bus: trusted });
  await vi.waitFor(() => expect(said.out).toContain('listens'), { timeout: 45_000 });
  const other = await serve({ redis: { ...trusted, serverName: 'cache.example.com' }, bus: trusted });
  await once(other.child, 'exit');
  expect(other.said.err.trimEnd().split('\n').at(-1)).toMatch(/^muster: no Redis Cluster answers at /);
});
