import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@redis/client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { BusUnavailable } from '../../../src/bus/bus.ts';
import { createRedisStreamsBus, type RedisStreamsBusOptions } from '../../../src/bus/redis-streams/redis-streams.ts';
import { systemClock } from '../../../src/ops/clock.ts';
import { createLog } from '../../../src/ops/log.ts';
import { type RedisServer, startRedis } from '../../../world/redis/server.ts';
import { TcpProxy } from '../../../world/weather/proxy.ts';
import { type BusHarness, busContract, PARTITIONS, REGIONS } from '../contract.ts';

const log = createLog(process.env.LOG_LEVEL ?? 'silent', 'here', 'test');

function busAt(port: number, options: Partial<RedisStreamsBusOptions> & { topic: string }) {
  return createRedisStreamsBus({
    url: `redis://127.0.0.1:${port}`,
    partitions: PARTITIONS,
    region: 'eu',
    regions: REGIONS,
    instance: 'eu-1',
    clock: systemClock,
    log,
    leaseTtlMs: 900,
    ...options,
  });
}

async function connect(server: RedisServer) {
  const redis = createClient({ url: server.url });
  redis.on('error', () => undefined);
  await redis.connect();
  return redis;
}

busContract('redis-streams', async (): Promise<BusHarness> => {
  const dir = mkdtempSync(join(tmpdir(), 'muster-bus-'));
  const server = await startRedis({ dir, args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
  const redis = await connect(server);
  const proxies: TcpProxy[] = [];
  return {
    open: async (options) => {
      const proxy = new TcpProxy(() => server.port);
      await proxy.start();
      proxies.push(proxy);
      return { bus: busAt(proxy.port, options), die: () => proxy.cut() };
    },
    stopBus: () => server.kill('SIGKILL'),
    startBus: async () => {
      if (server.pid === undefined) await server.start();
    },
    stored: (topic, partition) => redis.xLen(`${topic}:${partition}`),
    deadLetters: async (topic) => {
      const entries = (await redis.xRange(`${topic}.dlq`, '-', '+')) ?? [];
      return entries.map(({ message: { key = '', headers = '', value = '' } }) => {
        return { key, headers: JSON.parse(headers), value };
      });
    },
    close: async () => {
      redis.destroy();
      await Promise.all(proxies.map((proxy) => proxy.stop()));
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
});

const dir = mkdtempSync(join(tmpdir(), 'muster-bus-'));
let server: RedisServer;
let redis: Awaited<ReturnType<typeof connect>>;

beforeAll(async () => {
  server = await startRedis({ dir });
  redis = await connect(server);
});
afterAll(async () => {
  redis?.destroy();
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

const some = (count: number) => Array.from({ length: count }, (_, i) => ({ key: 'k', headers: {}, value: `${i}` }));

test('messages that every region has read are trimmed', async () => {
  const buses = REGIONS.map((region) => busAt(server.port, { topic: 'trimmed', region, instance: region }));
  for (const bus of buses) bus.consume(async () => undefined);
  await buses[0]?.publish(0, some(1_000));
  await vi.waitFor(async () => expect(await redis.xLen('trimmed:0')).toBe(0), 10_000);
  await Promise.all(buses.map((bus) => bus.close()));
});

test('a partition is full when a region lags too far behind, and the error names the region', async () => {
  const eu = busAt(server.port, { topic: 'full', maxLength: 100 });
  eu.consume(async () => undefined);
  await eu.publish(0, some(100));
  await vi.waitFor(async () => expect((await eu.lag())[0]?.behind).toBe(0), 10_000);
  const refused = eu.publish(0, some(1));
  await expect(refused).rejects.toThrow(BusUnavailable);
  await expect(refused).rejects.toThrow('bus full: region us is 100 messages behind on partition 0');
  await eu.publish(1, some(1));
  await eu.close();
});

test('reading resumes after the bus was frozen', async () => {
  const bus = busAt(server.port, { topic: 'frozen' });
  const seen: string[] = [];
  bus.consume(async (_, batch) => void seen.push(...batch.map(({ value }) => value)));
  await bus.publish(0, some(1));
  await vi.waitFor(() => expect(seen).toEqual(['0']), 10_000);
  await server.kill('SIGSTOP');
  // Others go on asking, so the connection is never silent.
  const others = setInterval(() => bus.lag().catch(() => undefined), 100);
  try {
    await expect(bus.publish(0, some(1))).rejects.toThrow(BusUnavailable);
  } finally {
    clearInterval(others);
    await server.kill('SIGCONT');
  }
  await vi.waitFor(() => bus.publish(0, [{ key: 'k', headers: {}, value: 'thawed' }]), 10_000);
  await vi.waitFor(() => expect(seen.at(-1)).toBe('thawed'), 10_000);
  await bus.close();
});

test('a position moves only from the expected one', async () => {
  const topic = 'raced';
  const bus = busAt(server.port, { topic });
  let handled = 0;
  bus.consume(async (_, batch) => {
    handled += batch.length;
    // Another holder has meanwhile committed the first message only.
    if (handled === 3) await redis.hSet(`${topic}:0:progress`, 'read:eu', batch[0]?.position ?? '');
  });
  await bus.publish(0, some(3));
  await vi.waitFor(() => expect(handled).toBe(5), 10_000);
  await vi.waitFor(async () => expect((await bus.lag())[0]?.behind).toBe(0), 10_000);
  await bus.close();
});
