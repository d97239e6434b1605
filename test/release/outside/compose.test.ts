import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { findRedisServer } from '../../../world/redis/server.ts';
import { eventOf } from '../../fixtures/regions.ts';
import { Composition, type Service } from '../composed.ts';

/**
 * deploy/compose without containers: its services as processes, each on the loopback address that ends as its own does.
 * What only a daemon does is not seen here: networks, volumes, health, the order of starts.
 */
const WAIT = { timeout: 60_000, interval: 200 };
const LOOPBACK = '127.83.';

let folder: string;
let composition: Composition;
let token: string;
const running: ChildProcess[] = [];
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'muster-composed-'));
  composition = new Composition(folder);
  token = execFileSync('sh', [join(composition.folder, 'token.sh')], { encoding: 'utf8' }).trim();
  const services = Object.entries(composition.file.services);
  for (const [name, service] of services) if (service.command?.[0] === 'redis-server') startRedis(name, service);
  await Promise.all(services.map(([name, service]) => (name.endsWith('-cluster') ? formCluster(service) : undefined)));
  for (const [name, service] of composition.regions) startMuster(name, service);
});

afterAll(async () => {
  const ended = running.map(async (child) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  });
  await Promise.all(ended);
  rmSync(folder, { recursive: true, force: true });
});

const onLoopback = (text: string): string => text.replaceAll('10.83.', LOOPBACK);
const addressOf = (name: string): string => onLoopback(composition.addressOf(name));

function startRedis(name: string, service: Service): void {
  const dir = join(folder, name);
  mkdirSync(dir);
  writeFileSync(join(dir, 'redis.conf'), composition.read(service, '/etc/redis/redis.conf').replace('/data', dir));
  const address = ['--bind', addressOf(name), '--bind-source-addr', addressOf(name)];
  start(name, findRedisServer(), [join(dir, 'redis.conf'), ...address]);
}

async function formCluster(service: Service): Promise<void> {
  const [, script = '', ...nodes] = service.command ?? [];
  const path = composition.filesOf(service).get(script) ?? '';
  const env = { ...process.env, SECRETS: join(composition.folder, 'secrets') };
  await promisify(execFile)('sh', [path, ...nodes.map(onLoopback)], { env });
}

/** The installed command in a container is the sources here. */
function startMuster(name: string, service: Service): void {
  const names = Object.keys(composition.file.services).filter((each) => !each.endsWith('-cluster'));
  const asAddress = (text: string, host: string): string =>
    text.replaceAll(new RegExp(`(?<=[ @/])${host}(?=:(6379|7400))`, 'g'), addressOf(host));
  const config = composition.read(service, '/etc/muster/region.yaml').replaceAll(`\${REGION}`, name);
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, names.reduce(asAddress, config).replace('0.0.0.0', addressOf(name)));
  start(name, process.execPath, [new URL('../../../src/cli.ts', import.meta.url).pathname, 'serve', '--config', file]);
}

function start(name: string, program: string, args: string[]): void {
  const child = spawn(program, args, { cwd: dirname(composition.folder) });
  const log = createWriteStream(join(folder, `${name}.log`));
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  running.push(child);
}

const lastWordsOf = (name: string): string => readFileSync(join(folder, `${name}.log`), 'utf8').slice(-2000);

async function ask(
  region: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) };
  const request = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers };
  const response = await fetch(`http://${addressOf(region)}:7400${path}`, request);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('three regions come up, each sees the others, and replicas acknowledge', async () => {
  for (const [name] of composition.regions) {
    await vi.waitFor(async () => {
      const { body } = await ask(name, '/v1/regions').catch((cause) =>
        Promise.reject(new Error(lastWordsOf(name), { cause })),
      );
      const regions = body.regions as { region: string; state: string; reachable: boolean }[];
      expect(regions.map(({ state, reachable }) => [state, reachable])).toEqual(regions.map(() => ['fresh', true]));
      expect(regions).toHaveLength(3);
      expect(body.warnings).toEqual([]);
    }, WAIT);
  }
});

test('an agent of one region is claimed in another, once', async () => {
  const event = eventOf('crm-us:ann', 'AVAILABLE', 1_764_000_000);
  expect((await ask('us-east-1', '/v1/events', event)).status).toBe(202);
  await vi.waitFor(async () => expect((await ask('eu-west-1', '/v1/agents/crm-us:ann')).status).toBe(200), WAIT);
  const claim = { queue: 'global', call_id: 'call-1', budget_ms: 2000 };
  const granted = await ask('eu-west-1', '/v1/claims', claim);
  expect([granted.status, granted.body]).toEqual([
    201,
    expect.objectContaining({
      agent_id: 'crm-us:ann',
      replicated: true,
      authority: { region: 'us-east-1', mode: 'home' },
    }),
  ]);
  expect((await ask('ap-southeast-1', '/v1/claims', { ...claim, call_id: 'call-2' })).status).toBe(409);
});

test('nobody is let in without a token', async () => {
  token = 'made-up';
  expect((await ask('eu-west-1', '/v1/agents')).status).toBe(401);
});
