import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Flow } from '../../world/weather/flow.ts';
import { TcpProxy } from '../../world/weather/proxy.ts';
import { SOON } from '../fixtures/soon.ts';

/** What reached the target, in the order it did, and the connections it came by. */
let heard: string;
let served: Socket[];
let sockets: Socket[];
let proxies: TcpProxy[];
let close: () => Promise<unknown>;
let targetPort: number;

beforeEach(async () => {
  [heard, served, sockets, proxies] = ['', [], [], []];
  const target = createServer({ allowHalfOpen: true }, (socket) => {
    served.push(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heard += chunk;
      socket.write(chunk);
    });
    socket.on('end', () => socket.end('goodbye'));
  });
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  targetPort = (target.address() as AddressInfo).port;
  close = async () => {
    target.close();
    await once(target, 'close');
  };
});

afterEach(async () => {
  for (const socket of [...sockets, ...served]) socket.destroy();
  await Promise.all(proxies.map((proxy) => proxy.stop()));
  await close();
});

async function proxyTo(port: number, latencyMs = 0, jitterMs = 0): Promise<TcpProxy> {
  const proxy = new TcpProxy(() => port, { latencyMs, jitterMs });
  proxies.push(proxy);
  await proxy.start();
  return proxy;
}

interface Client {
  socket: Socket;
  echoed: () => string;
  failed: Promise<unknown>;
}

function dial(proxy: TcpProxy): Client {
  const socket = connect(proxy.port, '127.0.0.1');
  sockets.push(socket);
  let echoed = '';
  socket.on('data', (chunk) => {
    echoed += chunk;
  });
  return { socket, echoed: () => echoed, failed: new Promise((resolve) => socket.once('error', resolve)) };
}

async function clientOf(proxy: TcpProxy): Promise<Client> {
  const client = dial(proxy);
  await once(client.socket, 'connect');
  return client;
}

it('passes everything on, the end too, which leaves the way back open', async () => {
  const { socket, echoed } = await clientOf(await proxyTo(targetPort));
  socket.end('hello ');
  await once(socket, 'close');
  expect(echoed()).toBe('hello goodbye');
});

it('lets a slow path be overtaken, in both directions', async () => {
  const [slow, fast] = [await proxyTo(targetPort, 100), await proxyTo(targetPort)];
  const [slowly, quickly] = [await clientOf(slow), await clientOf(fast)];
  slowly.socket.write('1');
  await vi.waitFor(() => expect(heard).toBe('1'), SOON);
  quickly.socket.write('2');
  await vi.waitFor(() => expect(quickly.echoed()).toBe('2'), SOON);
  expect(slowly.echoed()).toBe('');
  slowly.socket.write('3');
  quickly.socket.write('4');
  await vi.waitFor(() => expect(slowly.echoed()).toBe('13'), SOON);
  expect(heard).toBe('1243');
});

it('keeps the order, whatever the jitter', async () => {
  const { socket, echoed } = await clientOf(await proxyTo(targetPort, 5, 5));
  const numbers = Array.from({ length: 300 }, (_, number) => `${number} `);
  for (const number of numbers) {
    socket.write(number);
    await new Promise(setImmediate);
  }
  await vi.waitFor(() => expect(echoed()).toBe(numbers.join('')), SOON);
  socket.end();
  await once(socket, 'close');
  expect(echoed()).toBe(`${numbers.join('')}goodbye`);
});

it('breaks all connections when it is cut, and new ones, until it is clear', async () => {
  const proxy = await proxyTo(targetPort);
  const { socket, failed, echoed } = await clientOf(proxy);
  socket.write('1');
  await vi.waitFor(() => expect(echoed()).toBe('1'), SOON);
  proxy.cut();
  expect(await failed).toMatchObject({ code: 'ECONNRESET' });
  await vi.waitFor(() => expect(served[0]?.destroyed).toBe(true), SOON);
  expect(await dial(proxy).failed).toMatchObject({ code: 'ECONNRESET' });
  expect(served).toHaveLength(1);
  proxy.clear();
  const again = await clientOf(proxy);
  again.socket.write('2');
  await vi.waitFor(() => expect(again.echoed()).toBe('2'), SOON);
});

it('swallows everything while it is stalled, and delivers it when it is clear', async () => {
  const [proxy, other] = [await proxyTo(targetPort), await proxyTo(targetPort)];
  const [before, witness] = [await clientOf(proxy), await clientOf(other)];
  before.socket.write('1');
  await vi.waitFor(() => expect(before.echoed()).toBe('1'), SOON);
  proxy.stall();
  const during = await clientOf(proxy);
  before.socket.write('2');
  during.socket.write('3');
  served[0]?.write('swallowed');
  witness.socket.write('4');
  await vi.waitFor(() => expect(witness.echoed()).toBe('4'), SOON);
  expect(heard).toBe('14');
  expect(before.echoed()).toBe('1');
  expect(served).toHaveLength(2);
  proxy.clear();
  await vi.waitFor(() => expect(before.echoed()).toBe('1swallowed2'), SOON);
  await vi.waitFor(() => expect(during.echoed()).toBe('3'), SOON);
});

it('lets go of those who give up while it is stalled', async () => {
  const proxy = await proxyTo(targetPort);
  proxy.stall();
  const { socket } = await clientOf(proxy);
  socket.end('unheard');
  await once(socket, 'close');
  proxy.clear();
  const { echoed, socket: next } = await clientOf(proxy);
  next.write('heard');
  await vi.waitFor(() => expect(echoed()).toBe('heard'), SOON);
  expect(heard).toBe('heard');
});

it('is clear with its usual latency after it was set', async () => {
  const proxy = await proxyTo(targetPort, 1, 0.5);
  proxy.set({ latencyMs: 300, jitterMs: 0 });
  proxy.stall();
  expect([proxy.passage, proxy.latency]).toEqual(['stalled', { latencyMs: 300, jitterMs: 0 }]);
  proxy.clear();
  expect([proxy.passage, proxy.latency]).toEqual(['open', { latencyMs: 1, jitterMs: 0.5 }]);
});

it('breaks the connection to a target that is not there', async () => {
  const nobody = createServer().listen(0, '127.0.0.1');
  await once(nobody, 'listening');
  const { port } = nobody.address() as AddressInfo;
  nobody.close();
  await once(nobody, 'close');
  expect(await dial(await proxyTo(port)).failed).toMatchObject({ code: 'ECONNRESET' });
});

it('stops reading a source whose data wait, and loses none of them', async () => {
  const size = 16 * 1024 * 1024;
  const accepted = Promise.withResolvers<Socket>();
  const entrance = createServer(accepted.resolve).listen(0, '127.0.0.1');
  await once(entrance, 'listening');
  const source = connect((entrance.address() as AddressInfo).port, '127.0.0.1');
  const [inside, outside] = [await accepted.promise, connect(targetPort, '127.0.0.1')];
  sockets.push(source, inside, outside);
  await once(outside, 'connect');
  let isStalled = true;
  const flow = new Flow(inside, outside, { delayMs: () => 0, isStalled: () => isStalled });
  source.write(Buffer.alloc(size));
  await vi.waitFor(() => expect(inside.isPaused()).toBe(true), SOON);
  expect(inside.bytesRead).toBeLessThan(2 * 1024 * 1024);
  isStalled = false;
  flow.release();
  outside.resume();
  await vi.waitFor(() => expect(heard.length).toBe(size), 10_000);
  entrance.close();
});
