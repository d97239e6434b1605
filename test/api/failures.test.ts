import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createServer } from '../../src/api/server.ts';
import type { RegionReport } from '../../src/contract/operators.ts';
import { noAudit } from '../../src/ops/audit.ts';
import { Pushes } from '../../src/routing/pushes.ts';
import type { Region } from '../../src/routing/region.ts';

function serverWith(report: () => Promise<RegionReport>) {
  const logged: { fields: object; message: string }[] = [];
  const log = { error: (fields: object, message: string) => logged.push({ fields, message }) };
  const region = { log, audit: noAudit } as unknown as Region;
  const connections = async () => ({ region: 'eu', instance: 'eu-1', connections: [], domains: [] });
  const takeBeat = () => Promise.resolve(1);
  const pushes = new Pushes(region, new Map());
  return { server: createServer({ region, pushes, report, connections, takeBeat, obstacles: () => [] }), logged };
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
  expect(logged).toEqual([{ fields: { err: defect, request_id: problem.request_id }, message: 'unforeseen error' }]);
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
