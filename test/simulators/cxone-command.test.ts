import { expect, it } from 'vitest';
import { basic, CxoneClient } from './cxone-client.ts';
import { withCommand } from './running-command.ts';

it('the simulator runs as a command, says where it is, and ends when told to', async () => {
  await withCommand(['cxone', '--port', '0', '--agents', '3'], async (said) => {
    const client = new CxoneClient(said(/(http:\S+)/));
    const key = { username: said(/access key id +(\S+)/), password: said(/access key secret +(\S+)/) };
    const app = basic(said(/client id +(\S+)/), said(/client secret +(\S+)/));
    client.token = String((await client.requestToken(key, app)).body.access_token);
    expect((await client.get('/agents')).body.totalRecords).toBe(3);
  });
});
