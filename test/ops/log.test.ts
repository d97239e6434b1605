import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createLog } from '../../src/ops/log.ts';

function logging(level: string) {
  const lines: string[] = [];
  const log = createLog(level, 'eu', 'eu-1', { write: (line) => void lines.push(line) });
  return { log, logged: () => lines.map((line) => JSON.parse(line)) };
}

it('writes the event, its message from the catalogue, and the instance', () => {
  const { log, logged } = logging('info');
  log.warn('shard_down', { shard: '127.0.0.1:7001' });
  log.debug('heartbeat_not_written');
  const common = { region: 'eu', instance: 'eu-1', time: expect.any(Number) };
  const line = { level: 40, event: 'shard_down', msg: 'Shard is down', shard: '127.0.0.1:7001', ...common };
  expect(logged()).toEqual([line]);
});

it('has children whose lines all carry their fields', () => {
  const { log, logged } = logging('debug');
  log.child({ connection: 'emea' }).child({ taker: 'reader' }).info('request_budget_shared');
  expect(logged()).toMatchObject([{ event: 'request_budget_shared', connection: 'emea', taker: 'reader' }]);
});

it('takes no event that is not catalogued, none at another level than its own, and no event among the fields', () => {
  const { log, logged } = logging('silent');
  // @ts-expect-error: the catalogue does not have it
  expect(() => log.warn('shard_gone')).toThrow(TypeError);
  // @ts-expect-error: it is a warning
  log.info('shard_down');
  // @ts-expect-error: a line has one event
  log.warn('shard_down', { event: 'shard_up' });
  log.debug('claim_not_published');
  log.warn('claim_not_published');
  expect(logged()).toEqual([]);
});

const dir = mkdtempSync(join(tmpdir(), 'muster-log-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const ENDS = {
  'its event loop is empty': '',
  'it closes the stream': 'stream.end();',
  'it exits': 'process.exit();',
  'it exits while it writes': "setTimeout(() => { stream.gather('last\\n'); process.exit(); }, 20);",
  'it fails': "throw new Error('expected');",
};

it.concurrent.each(Object.entries(ENDS))('leaves no gathered line to a process that ends: %s', async (how, end) => {
  const file = join(dir, how);
  const script = `
    import { LineStream } from './src/ops/log.ts';
    const stream = new LineStream(3);
    for (let n = 0; n < 2000; n++) stream.gather(n + '\\n');
    ${end}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'ignore', openSync(file, 'a')],
  });
  await once(child, 'exit');
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const all = [...Array.from({ length: 2000 }, (_, n) => String(n)), ...(end.includes('last') ? ['last'] : [])];
  expect(lines.sort()).toEqual(all.sort());
});
