import { expect, it } from 'vitest';
import { GenesysClient } from './genesys-client.ts';
import { withCommand } from './running-command.ts';

it('the simulator runs as a command, says where it is, and ends when told to', async () => {
  await withCommand(['genesys', '--port', '0', '--agents', '3', '--carries-several', '100'], async (said) => {
    const client = new GenesysClient(said(/(http:\S+)/));
    const { body } = await client.requestToken(said(/client id +(\S+)/), said(/client secret +(\S+)/));
    client.token = String(body.access_token);
    const { total, entities } = (await client.get('/api/v2/users')).body;
    expect(total).toBe(3);
    const path = `/api/v2/routing/users/${entities[0].id}/utilization`;
    expect((await client.get(path)).body.level).toBe('Agent');
  });
});
