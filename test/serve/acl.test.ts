import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from '@redis/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { busRules } from '../../src/bus/redis-streams/acl.ts';
import { clusterRules } from '../../src/store/redis/acl.ts';
import { type RedisServer, startRedis } from '../../world/redis/server.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const CONFIG = `
region: eu
redis: { nodes: ['127.0.0.1:1'], username: eu }
bus: { url: 'redis://carrier@127.0.0.1:2' }
regions: { eu: { url: 'http://127.0.0.1:3' } }
`;

let dir: string;
let server: RedisServer;
let lines: string[];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'muster-acl-'));
  const config = join(dir, 'eu.yaml');
  writeFileSync(config, CONFIG);
  const printed = await promisify(execFile)(process.execPath, [
    join(ROOT, 'src/cli.ts'),
    'acl',
    'print',
    '--config',
    config,
  ]);
  lines = printed.stdout
    .trim()
    .split('\n')
    .filter((line) => !line.startsWith('#'));
  const file = join(dir, 'users.acl');
  writeFileSync(file, `user default on nopass ~* &* +@all\n${lines.join('\n')}\n`);
  server = await startRedis({ dir, args: ['--aclfile', file] });
});
afterAll(async () => {
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function as(username: string, ...command: string[]): Promise<unknown> {
  const client = createClient({ url: server.url, username, password: 'PASSWORD', disableClientInfo: true });
  try {
    await client.connect();
    return await client.sendCommand(command);
  } finally {
    client.destroy();
  }
}

test('Redis accepts the printed users, with the names of the configuration', async () => {
  expect(lines.map((line) => line.split(' ')[1])).toEqual(['eu', 'carrier']);
  expect(await as('eu', 'HSET', 'agents:{main}', 'ann', '1')).toBe(1);
  expect(await as('carrier', 'XADD', 'agent.status.change.dlq', '*', 'key', 'ann')).toMatch(/-/);
});

test.each([
  ['eu', 'GET', 'stranger'],
  ['eu', 'FLUSHALL'],
  ['eu', 'KEYS', '*'],
  ['eu', 'CONFIG', 'GET', 'requirepass'],
  ['eu', 'PUBLISH', 'strangers', 'x'],
  ['eu', 'SCRIPT', 'FLUSH'],
  ['carrier', 'HGET', 'agents:{main}', 'ann'],
  ['carrier', 'DEL', 'agent.status.changes'],
])('%s may not %s %s', async (username, ...command) => {
  await expect(as(username, ...command)).rejects.toThrow('NOPERM');
});

test('every allowed command is used in the source', () => {
  const sources = ['src/store', 'src/sync', 'src/bus'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(ts|lua)$/.test(file) && !file.endsWith('acl.ts'))
      .map((file) => readFileSync(join(ROOT, folder, file), 'utf8')),
  );
  const text = sources.join('\n');
  const byLibrary = ['ping', 'hello', 'cluster|slots', 'publish', 'subscribe', 'unsubscribe'];
  const allowed = [...clusterRules(), ...busRules('topic')].flatMap((rule) =>
    rule.startsWith('+') ? [rule.slice(1)] : [],
  );
  const unused = allowed.filter(
    (name) => !byLibrary.includes(name) && !text.includes(`'${name.split('|')[0]?.toUpperCase()}'`),
  );
  expect(unused).toEqual([]);
});
