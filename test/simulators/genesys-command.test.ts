import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { GenesysClient, until } from './genesys-client.ts';

const FLAGS = ['--port', '0', '--agents', '3', '--carries-several', '100'];

it('the simulator runs as a command, says where it is, and ends when told to', async () => {
  const child = spawn(process.execPath, ['simulators/cli.ts', 'genesys', ...FLAGS], {
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
    const client = new GenesysClient(said(/(http:\S+)/));
    const { body } = await client.requestToken(said(/client id +(\S+)/), said(/client secret +(\S+)/));
    client.token = String(body.access_token);
    const { total, entities } = (await client.get('/api/v2/users')).body;
    expect(total).toBe(3);
    const path = `/api/v2/routing/users/${entities[0].id}/utilization`;
    expect((await client.get(path)).body.level).toBe('Agent');
  } finally {
    child.kill('SIGTERM');
  }
  expect(await ended).toEqual([0, null]);
});
