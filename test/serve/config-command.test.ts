// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in a configuration look like this.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { parse } from 'yaml';
import { systemClock } from '../../src/ops/clock.ts';
import { type LocalRedisCluster, startRedisCluster } from '../../world/redis/cluster.ts';
import { type RedisServer, startRedis } from '../../world/redis/server.ts';
import { freePort } from '../../world/tools/ports.ts';
import { provideFor } from '../fixtures/examples.ts';
import { muster } from '../fixtures/muster-command.ts';
import { ask, eventOf } from '../fixtures/regions.ts';
import { SOON } from '../fixtures/soon.ts';

let dir: string;
let redis: LocalRedisCluster;
let bus: RedisServer;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'muster-config-'));
  redis = await startRedisCluster({ dir: join(dir, 'redis'), replicas: false });
  bus = await startRedis({ dir: join(dir, 'bus') });
});
afterAll(async () => {
  await Promise.all([redis?.stop(), bus?.stop()]);
  rmSync(dir, { recursive: true, force: true });
});

let files = 0;
function write(text: string): string {
  files += 1;
  const file = join(dir, `${files}.yaml`);
  writeFileSync(file, text);
  return file;
}

const SUPPORT = { support: { unites: ['crm:suport', 'crm:sales'] } };
const regionOf = (more: object = {}) => ({
  region: 'eu',
  redis: redis.access,
  bus: { url: bus.url },
  regions: { eu: { url: 'http://127.0.0.1:9' }, us: { url: 'http://127.0.0.1:10' } },
  connections: { crm: { platform: 'events', home: 'eu' } },
  queues: SUPPORT,
  ...more,
});
const check = (more: object, ...flags: string[]) =>
  muster(['config', 'check', write(JSON.stringify(regionOf(more))), ...flags]);

describe('muster config check', () => {
  test('summarises a valid file', async () => {
    const file = write(JSON.stringify(regionOf()));
    expect(await muster(['config', 'check', file])).toEqual({
      code: 0,
      out: `${file}: ok: region eu, one of 2; a Redis Cluster found from 3 nodes; a bus on Redis Streams, 12 partitions of agent.status.change; 1 connection; 1 virtual queue; no authentication\n`,
      err: '',
    });
  });

  test('prints a line for each mistake', async () => {
    const file = write(`region: mars
redis: { nodes: [127.0.0.1], tls: {} }
bus: { url: redis://127.0.0.1:6390, partitions: 0 }
regions: { eu: { url: http://127.0.0.1:9 } }
listen: { port: \${UNSET_PORT} }
bogus: 1
freshness: { suspectMs: 1000 }
`);
    const { code, out, err } = await muster(['config', 'check', file]);
    expect([code, err]).toEqual([1, '']);
    expect(out.trimEnd().split('\n')).toEqual([
      `${file}:1: region: names the region "mars", which is not configured; known here: eu`,
      `${file}:2: redis.nodes[0]: is "127.0.0.1", expected \`host:port\``,
      `${file}:3: bus.partitions: is 0, expected a whole number from 1 to 256`,
      `${file}:5: listen.port: refers to the environment variable UNSET_PORT, which is not set`,
      expect.stringMatching(/:6: bogus: is not known; known here: /),
      `${file}:7: freshness.suspectMs: is 1000, expected more than heartbeatMs (1000)`,
    ]);
  });

  test('says which file of certificates cannot be used', async () => {
    const { code, out } = await check({ redis: { ...redis.access, tls: { caFile: join(dir, 'none.pem') } } });
    expect(code).toBe(1);
    expect(out).toMatch(
      /: redis\.tls\.caFile: names a file that cannot be used: .*none\.pem cannot be read \(ENOENT\)\n$/,
    );
  });

  test('accepts references without a value only where that is allowed', async () => {
    const text = JSON.stringify(regionOf({ log: { level: '${UNSET_LEVEL}' } }));
    const file = write(text);
    expect(await muster(['config', 'check', file, '--allow-unset'])).toEqual({
      code: 0,
      out: `${file}: ok, but not checked completely: not set: \${UNSET_LEVEL}\n`,
      err: '',
    });
    const wrong = write(text.replace('"home":"eu"', '"home":"mars"'));
    const { code, out } = await muster(['config', 'check', wrong, '--allow-unset']);
    expect(code).toBe(1);
    expect(out).toMatch(/^.*connections\.crm\.home: names the region "mars".*\n$/);
  });
});

describe('muster config check --online', () => {
  test('says that cluster and bus are unused, and changes nothing', async () => {
    const { code, out, err } = await check({}, '--online');
    expect([code, err]).toEqual([0, '']);
    const told = [
      '  bus: there is no agent.status.change yet; the first instance creates it',
      '  redis: 3 masters, not used yet',
    ];
    expect(out.trimEnd().split('\n').slice(1)).toEqual(told);
    expect((await check({ region: 'us' }, '--online')).out).toContain('not used yet');
  });

  test('compares partitions, replicas, the owner, and queues with what is there', async () => {
    const url = await serve(regionOf());
    const profile = { queues: ['crm:support', 'crm:sales'], skills: {} };
    expect(
      await ask(`${url}/v1/events`, 'POST', eventOf('crm:ann', 'AVAILABLE', systemClock.nowMs(), { profile })),
    ).toMatchObject({ status: 202 });
    await vi.waitFor(async () => expect((await ask(`${url}/v1/agents/crm:ann`)).status).toBe(200), SOON);

    const right = await check({}, '--online');
    expect([right.code, right.err]).toEqual([0, '']);
    expect(right.out.trimEnd().split('\n').slice(1)).toEqual([
      '  bus: 12 partitions of agent.status.change, as configured',
      '  redis: 3 masters, used by eu',
      '  queues.support.unites[0]: no agent is in crm:suport; agents of this connection are in crm:sales, crm:support',
    ]);

    const other = await check({ bus: { url: bus.url, partitions: 6 } }, '--online');
    expect(other.code).toBe(1);
    expect(other.out).toMatch(
      /^.*: bus\.partitions: the bus has 12 partitions of agent\.status\.change, and bus\.partitions is 6: set it to 12, or name a new topic, in all regions\n/,
    );
    const stranger = await check({ region: 'us' }, '--online');
    expect(stranger.code).toBe(1);
    expect(stranger.out).toContain('redis.nodes: belong to region "eu", not "us": regions never share a cluster');
    const few = await check({ redis: { ...redis.access, replicas: 1 } }, '--online');
    expect(few.code).toBe(1);
    expect(
      few.out.match(/: redis\.replicas: is 1, and the master 127\.0\.0\.1:\d+ has 0: add replicas, or lower it\n/g),
    ).toHaveLength(3);
  });

  test('prints a line for each service that cannot be reached', async () => {
    const [one, two] = [await freePort(), await freePort()];
    const { code, out, err } = await check(
      { redis: { nodes: [`127.0.0.1:${one}`] }, bus: { url: `redis://127.0.0.1:${two}` } },
      '--online',
    );
    expect([code, out]).toEqual([2, '']);
    expect(err.trimEnd().split('\n')).toEqual([
      expect.stringMatching(`^muster config: the bus at 127.0.0.1:${two} cannot be used now: `),
      expect.stringMatching(`^muster config: no Redis Cluster answers at 127.0.0.1:${one} `),
    ]);
  });
});

describe('muster config example', () => {
  test('prints a file that is valid once its references exist', async () => {
    const { out: text } = await muster(['config', 'example', '--redis', 'memorydb', '--bus', 'event-hubs']);
    const folder = join(dir, 'example');
    mkdirSync(folder);
    const env = provideFor(text, folder);
    const file = join(folder, 'eu.yaml');
    writeFileSync(file, text);
    expect(await muster(['config', 'check', file, '--allow-unset'])).toMatchObject({ code: 0 });
    expect(await muster(['config', 'check', file], env)).toEqual({
      code: 0,
      out: `${file}: ok: region eu-west-1, one of 2; a Redis Cluster found from 1 node; a bus on Kafka, 12 partitions of agent.status.change; 2 connections; 1 virtual queue; tokens of 1 issuer\n`,
      err: '',
    });
  });

  test('takes an estate by name, and another Redis or bus beside it', async () => {
    const bus = async (...args: string[]) => parse((await muster(['config', 'example', ...args])).out).bus;
    expect(await bus()).toMatchObject({ driver: 'redis-streams' });
    expect(await bus('aws')).toMatchObject({ sasl: { mechanism: 'SCRAM-SHA-512' } });
    expect(await bus('aws', '--bus', 'confluent')).toMatchObject({ sasl: { mechanism: 'PLAIN' } });
    expect((await muster(['config', 'example', '--list'])).out).toContain(
      '  azure-cache          Azure Cache for Redis',
    );
  });
});

test('muster config schema and explain print what editors and people ask for', async () => {
  expect(JSON.parse((await muster(['config', 'schema'])).out)).toMatchObject({ type: 'object', $defs: {} });
  const { code, out } = await muster(['config', 'explain', 'bus.partitions']);
  expect([code, out.split('\n')[0]]).toEqual([0, 'bus.partitions']);
  expect(await muster(['config', 'explain', 'bus.partition'])).toEqual({
    code: 1,
    out: '',
    err: 'muster config: there is no key bus.partition; the nearest: bus.partitions, bus.replication, bus.driver\n',
  });
});

/** An instance, until the test is over. @returns its URL */
async function serve(config: object): Promise<string> {
  const port = await freePort();
  const file = write(JSON.stringify({ ...config, listen: { port } }));
  const child = spawn(process.execPath, ['src/cli.ts', 'serve', '--config', file], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(async () => {
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  await vi.waitFor(() => expect(out).toContain('listens'), { timeout: 45_000 });
  return `http://127.0.0.1:${port}`;
}
