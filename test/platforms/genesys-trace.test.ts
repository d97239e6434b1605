import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/ops/clock.ts';
import { readTrace, withTrace } from '../../src/ops/trace.ts';
import { Budget } from '../../src/platforms/budget.ts';
import { createGenesysReader } from '../../src/platforms/genesys/reader.ts';

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

it('tells the platform what it is asked for, where somebody asked', async () => {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, reply) => {
    const isLogin = request.url?.endsWith('/oauth/token') ?? false;
    if (!isLogin) seen.push(request.headers);
    reply.writeHead(isLogin ? 200 : 404, { 'content-type': 'application/json' });
    reply.end(JSON.stringify({ access_token: 'token', token_type: 'bearer', expires_in: 3600 }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const log = { info: () => {}, warn: () => {} };
  const reader = createGenesysReader(
    { apiUrl: url, loginUrl: url, clientId: 'id', clientSecret: 'secret' },
    { connection: 'emea', budget: new Budget(systemClock, 100), log, count: () => {} },
    systemClock,
  );
  const read = () => reader.read(['emea:ann'], new AbortController().signal);
  try {
    await Promise.allSettled([withTrace(readTrace(PARENT, 'rojo=1', 'r'), read)]);
    expect(seen.length).toBeGreaterThan(0);
    for (const headers of seen.splice(0)) expect(headers).toMatchObject({ traceparent: PARENT, tracestate: 'rojo=1' });
    await Promise.allSettled([read()]);
    expect(seen.length).toBeGreaterThan(0);
    for (const headers of seen) expect(headers.traceparent).toBeUndefined();
  } finally {
    await reader.close();
    server.close();
  }
});
