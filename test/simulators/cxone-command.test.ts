import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { basic, CxoneClient } from './cxone-client.ts';
import { until } from './until.ts';

const FLAGS = ['--port', '0', '--agents', '3'];

it('the simulator runs as a command, says where it is, and ends when told to', async () => {
  const child = spawn(process.execPath, ['simulators/cli.ts', 'cxone', ...FLAGS], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await until(() => expect(output).toContain('/simulator/state'));
    const said = (pattern: RegExp) => String(pattern.exec(output)?.[1]);
    const client = new CxoneClient(said(/(http:\S+)/));
    const key = { username: said(/access key id +(\S+)/), password: said(/access key secret +(\S+)/) };
    const app = basic(said(/client id +(\S+)/), said(/client secret +(\S+)/));
    client.token = String((await client.requestToken(key, app)).body.access_token);
    expect((await client.get('/agents')).body.totalRecords).toBe(3);
  } finally {
    child.kill('SIGTERM');
  }
  expect(await ended).toEqual([0, null]);
});
