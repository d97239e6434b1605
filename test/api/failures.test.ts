import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createServer, type Server } from '../../src/api/server.ts';
import type { RegionReport } from '../../src/contract/operators.ts';
import { noAudit } from '../../src/ops/audit.ts';
import type { Build } from '../../src/ops/build.ts';
import { Pushes } from '../../src/routing/read-through/pushes.ts';
import type { Region } from '../../src/routing/region.ts';
import { bareServer } from '../fixtures/bare-server.ts';
import { ROUTES } from '../fixtures/routes.ts';

function serverWith(report: () => Promise<RegionReport>) {
  const logged: { event: string; fields: object }[] = [];
  const log = { error: (event: string, fields: object) => logged.push({ event, fields }) };
  const region = { log, audit: noAudit } as unknown as Region;
  const connections = async () => ({ region: 'eu', instance: 'eu-1', connections: [], domains: [] });
  const takeBeat = () => Promise.resolve(1);
  const pushes = new Pushes(region, new Map());
  const readNow = () => Promise.resolve();
  const ready = { obstacles: () => [], readings: () => [], start: { isUnderWay: false } };
  const build: Build = { version: '1.2.3', revision: 'unknown', kind: 'unknown' };
  const context = { region, build, pushes, report, connections, readNow, takeBeat, ...ready };
  return { server: createServer(context), logged };
}

test('what nobody foresaw is a problem with an id, and in the log under the same id', async () => {
  const defect = new Error('a defect');
  const { server, logged } = serverWith(() => Promise.reject(defect));
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const answer = await fetch(`${url}/v1/regions`);
  const problem = (await answer.json()) as { code: string; request_id: string };
  await server.close();

  expect([answer.status, problem.code]).toEqual([500, 'internal']);
  expect(JSON.stringify(problem)).not.toContain('a defect');
  expect(logged).toEqual([{ event: 'unexpected_error', fields: { err: defect, request_id: problem.request_id } }]);
});

test('a request on an open connection is told that the instance is shutting down', async () => {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const { promise: report, resolve: answer } = Promise.withResolvers<RegionReport>();
  const { server } = serverWith(() => {
    ask();
    return report;
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as { port: number };
  const socket = connect(port, '127.0.0.1');
  const answers = text(socket);
  socket.write('GET /v1/regions HTTP/1.1\r\nhost: muster\r\n\r\n');
  await asked;

  const closed = server.close();
  const second = once(server.server, 'request');
  socket.write('GET /v1/agents/crm:ann HTTP/1.1\r\nhost: muster\r\nconnection: close\r\n\r\n');
  await second;
  answer({ region: 'eu-west-1' } as RegionReport);
  await closed;

  expect(await answers).toMatch(/HTTP\/1.1 200 OK.*HTTP\/1.1 503 .*"code":"draining"/s);
});

test.each([
  ['cannot be decoded', '/v1/agents/%zz', /"\/v1\/agents\/%zz" is not a path/],
  ['is too long in a part', `/v1/agents/${'x'.repeat(1200)}`, /too long/],
])('a path that %s is a problem like any other', async (_, path, detail) => {
  const server = await bareServer();
  const { statusCode, headers, body } = await server.inject(path);
  expect(statusCode).toBe(404);
  expect(JSON.parse(body)).toMatchObject({ code: 'unknown_route', request_id: headers['x-request-id'] });
  expect(JSON.parse(body).detail).toMatch(detail);
});

test('a head that is too large is a problem like any other, and the connection ends', async () => {
  const server = await bareServer();
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  const answer = await fetch(`${url}/healthz?${'x'.repeat(20_000)}`);
  expect(answer.status).toBe(431);
  expect(answer.headers.get('connection')).toBe('close');
  const { code, request_id } = (await answer.json()) as { code: string; request_id: string };
  expect({ code, request_id }).toEqual({ code: 'head_too_large', request_id: answer.headers.get('x-request-id') });
  await server.close();
});

test('a route without an operation does not start: it would be open to anybody', () => {
  const { server } = serverWith(() => Promise.reject(new Error('not asked')));
  expect(() => server.get('/v1/secrets', () => '')).toThrow(/has no operation/);
  expect(() => server.get('/v1/agents/:id/secrets', { config: {} }, () => '')).toThrow(/has no operation/);
});

test('every operation has a route, and there are no others', async () => {
  const server = await bareServer();
  expect(servedBy(server)).toEqual(ROUTES.map(({ route }) => route).sort());
});

/** The routes of a server but for HEAD, as method and path, from the tree that Fastify prints. */
function servedBy(server: Server): string[] {
  const parents: string[] = [];
  const found: string[] = [];
  for (const line of server.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent = '', part = '', methods = ''] = /^([│├└─ ]*)(\S+)(?: \(([A-Z, ]+)\))?/.exec(line) ?? [];
    parents[indent.length / 4] = `${parents[indent.length / 4 - 1] ?? ''}${part}`;
    for (const method of methods.match(/[A-Z]+/g) ?? []) found.push(`${method} ${parents[indent.length / 4]}`);
  }
  return found.filter((route) => !route.startsWith('HEAD ')).sort();
}
