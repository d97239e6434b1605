import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCxoneSimulator } from '@muster/simulators/cxone/simulator';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readBuild } from '../../src/ops/build.ts';
import { type LocalRedisCluster, startRedisCluster } from '../../world/redis/cluster.ts';
import { type RedisServer, startRedis } from '../../world/redis/server.ts';
import { freePort } from '../../world/tools/ports.ts';
import { ask } from '../fixtures/regions.ts';

const WAIT = { timeout: 45_000, interval: 50 };

let dir: string;
let redis: LocalRedisCluster;
let bus: RedisServer;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-serve-'));
  redis = await startRedisCluster({ dir: join(dir, 'redis'), replicas: false });
  bus = await startRedis({ dir: join(dir, 'bus') });
});
afterAll(async () => {
  await Promise.all([redis.stop(), bus.stop()]);
  await rm(dir, { recursive: true, force: true });
});

/** `muster serve` with a config, and what it said. */
async function serve(config: object) {
  const file = join(dir, `${Math.random()}.yaml`);
  await writeFile(file, JSON.stringify(config));
  const child = spawn(process.execPath, ['src/cli.ts', 'serve', '--config', file]);
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.err += chunk;
  });
  return { child, said, ended: once(child, 'exit').then(([code]) => code as number | null) };
}

async function settings(region: string, more: object = {}): Promise<object> {
  const port = await freePort();
  return {
    region,
    listen: { port },
    redis: redis.access,
    bus: { url: bus.url },
    connections: { crm: { platform: 'events', home: 'eu' } },
    regions: { eu: { url: `http://127.0.0.1:${port}` }, us: { url: 'http://127.0.0.1:9' } },
    log: { level: 'error' },
    ...more,
  };
}

describe('muster serve', () => {
  it('listens, shares the work with a second instance, and ends at once and in order on SIGTERM', async () => {
    const first = await serve(await settings('eu'));
    const second = await serve(await settings('eu'));
    for (const { said } of [first, second]) {
      await vi.waitFor(() => expect(said.out).toMatch(/^region eu listens on http:\/\/127\.0\.0\.1:\d+\n$/), 20_000);
    }
    for (const { child, ended, said } of [first, second]) {
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(said.err).toBe('');
    }
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('has audited all that it answered when it ends on %s', async (signal) => {
    const file = join(dir, `audit-${signal}.jsonl`);
    const { child, ended, said } = await serve(await settings('eu', { audit: { file } }));
    await vi.waitFor(() => expect(said.out).toContain('listens'), WAIT);
    const url = said.out.trim().split(' ').at(-1);
    const method = 'POST';
    const headers = { 'content-type': 'application/json' };
    const claims = Array.from({ length: 20 }, (_, n) => JSON.stringify({ queue: 'nobody', call_id: `call-${n}` }));
    const answers = await Promise.all(claims.map((body) => fetch(`${url}/v1/claims`, { method, headers, body })));
    child.kill(signal);
    expect(await ended).toBe(0);
    const records = (await readFile(file, 'utf8')).trimEnd().split('\n');
    const requests = records.map((record) => JSON.parse(record).request);
    expect(requests.sort()).toEqual(answers.map((answer) => answer.headers.get('x-request-id')).sort());
  });

  it('says which build it is when it starts, at /healthz and in a metric', async () => {
    const { version, revision, kind } = readBuild();
    const { child, ended, said } = await serve(await settings('eu', { log: { level: 'info' } }));
    await vi.waitFor(() => expect(said.out).toContain('listens'), WAIT);
    const url = said.out.trim().split(' ').at(-1);
    const [first = ''] = said.err.split('\n', 1);
    expect(JSON.parse(first)).toMatchObject({
      event: 'instance_starting',
      version,
      revision,
      kind,
      node: process.version,
    });
    expect((await ask(`${url}/healthz`)).body).toEqual({ status: 'ok', region: 'eu', version, revision });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    const labels = `version="${version}",revision="${revision}",kind="${kind}"`;
    expect(metrics).toContain(`muster_build_info{${labels},region="eu"} 1\n`);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });

  it('reports its first reads from the start, and is ready after them, or after a time limit', async () => {
    const simulator = await startCxoneSimulator({ agents: 40 });
    // So few rows at a time that a minute's requests do not suffice.
    const cxone = { platform: 'cxone', home: 'eu', issuerUrl: simulator.url, ...simulator.credentials, pageSize: 1 };
    const freshness = { suspectMs: 2000, staleMs: 7000 };
    const config = await settings('eu', { connections: { cxone }, freshness, log: { level: 'info' } });
    const { child, ended, said } = await serve(config);
    const url = `http://127.0.0.1:${(config as { listen: { port: number } }).listen.port}`;
    const reading = [
      { connection: 'cxone', step: expect.any(String), agents: 33, about: 40, for_ms: expect.any(Number) },
    ];
    await vi.waitFor(async () => {
      const { status, body } = await ask(`${url}/readyz`);
      expect([status, body]).toEqual([503, { status: 'not ready', obstacles: expect.any(Array), reading }]);
      expect(body.obstacles[1]).toMatch(/^cxone: 33 of about 40 agents read, \d+ s so far; now how agents are$/);
    }, WAIT);
    for (const [method, path] of [
      ['POST', '/v1/claims'],
      ['GET', '/v1/beat'],
      ['GET', '/agents/available'],
    ] as const) {
      const refused = await fetch(`${url}${path}`, { method });
      expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toEqual([
        503,
        '2',
        expect.objectContaining({ code: 'starting' }),
      ]);
    }
    expect((await ask(`${url}/healthz`)).status).toBe(200);
    expect((await ask(`${url}/v1/connections`)).status).toBe(200);
    await vi.waitFor(
      () => expect(said.err).toMatch(/NICE CXone cxone: 33 of about 40 agents read, \d+ s so far/),
      WAIT,
    );
    await vi.waitFor(() => expect(said.out).toContain('listens'), WAIT);
    expect((await ask(`${url}/readyz`)).body).toMatchObject({ status: 'ready', obstacles: [], reading });
    expect((await ask(`${url}/agents/available`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    await simulator.stop();
  });

  it("refuses another region's cluster, and says whose it is", async () => {
    const { ended, said } = await serve(await settings('us'));
    expect(await ended).toBe(1);
    expect(said.err).toMatch(/^muster: the Redis Cluster at redis\.nodes belongs to region "eu", not "us".*\n$/);
    expect(said.out).toBe('');
  });

  it('refuses a bus of other partitions, and says what to do', async () => {
    const first = await serve(await settings('eu'));
    await vi.waitFor(() => expect(first.said.out).toMatch(/listens/), 20_000);
    const { ended, said } = await serve(await settings('eu', { bus: { url: bus.url, partitions: 6 } }));
    expect(await ended).toBe(1);
    expect(said).toEqual({
      out: '',
      err: 'muster: the bus has 12 partitions of agent.status.change, and bus.partitions is 6: set it to 12, or name a new topic, in all regions\n',
    });
    first.child.kill('SIGTERM');
    await first.ended;
  });

  it('says in one line that no Redis answers', async () => {
    const { ended, said } = await serve(await settings('eu', { redis: { nodes: [`127.0.0.1:${await freePort()}`] } }));
    expect(await ended).toBe(1);
    expect(said.err).toMatch(/^muster: no Redis Cluster answers at 127\.0\.0\.1:\d+ \(.*\)\n$/);
  });

  it('says in one line that it cannot read a certificate for the bus', async () => {
    const kafka = { driver: 'kafka', brokers: ['127.0.0.1:9'], tls: { caFile: 'missing.pem' } };
    const { ended, said } = await serve(await settings('eu', { bus: kafka }));
    expect(await ended).toBe(1);
    expect(said.err).toBe('muster: bus.tls.caFile: missing.pem cannot be read (ENOENT)\n');
  });

  it('names everything that is wrong with a config at once', async () => {
    const { ended, said } = await serve(await settings('mars', { heartbeat: 1, claims: { heldMs: 'long' } }));
    expect(await ended).toBe(1);
    expect(said.err).toContain('heartbeat');
    expect(said.err).toContain('claims.heldMs');
    expect(said.err).not.toContain('    at ');
  });

  it('starts while the bus is unavailable, and serves its own agents', async () => {
    const config = await settings('eu', { bus: { url: `redis://127.0.0.1:${await freePort()}` } });
    const { child, ended, said } = await serve({ ...config, log: { level: 'fatal' } });
    await vi.waitFor(() => expect(said.out).toContain('listens'), 20_000);
    const url = said.out.trim().split(' ').at(-1);
    const event = { event_id: 'e', timestamp: 1_764_000_000, agent_id: 'crm:alone', status: 'AVAILABLE' };
    const headers = { 'content-type': 'application/json' };
    const posted = await fetch(`${url}/v1/events`, { method: 'POST', headers, body: JSON.stringify(event) });
    expect(posted.status).toBe(202);
    const claimed = await fetch(`${url}/v1/claims`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ queue: 'global', call_id: 'c' }),
    });
    expect(claimed.status).toBe(201);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});
