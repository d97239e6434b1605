import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Bus } from '../../../src/bus/bus.ts';
import { busRules } from '../../../src/bus/redis-streams/acl.ts';
import { RedisConnection } from '../../../src/bus/redis-streams/connection.ts';
import { partitionsOn, settlePartitions } from '../../../src/bus/redis-streams/partitions.ts';
import { createRedisStreamsBus } from '../../../src/bus/redis-streams/redis-streams.ts';
import { systemClock } from '../../../src/ops/clock.ts';
import { createLog } from '../../../src/ops/log.ts';
import { aclArguments, LOCAL_USER } from '../../../world/redis/access.ts';
import { type RedisServer, startRedis } from '../../../world/redis/server.ts';

const MESSAGE = { key: 'crm:ann', headers: {}, value: '{}' };
let dir: string;
let server: RedisServer;
let redis: RedisConnection;
let url: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-partitions-'));
  // Under the rules that are printed for users, for every topic of these tests.
  const rules = ['fresh', 'asked', 'old', 'filling', 'busy'].flatMap((topic) => busRules(topic).slice(-2));
  server = await startRedis({ dir, args: aclArguments([...busRules('fresh'), ...rules]) });
  url = server.url.replace('://', `://${LOCAL_USER.username}:${LOCAL_USER.password}@`);
  redis = new RedisConnection(url);
});
afterAll(async () => {
  redis.close();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

function open(topic: string, partitions: number): Bus {
  const log = createLog('silent', 'eu', 'test');
  const names = { region: 'eu', regions: ['eu', 'us'], instance: 'eu-1' };
  return createRedisStreamsBus({ url, topic, partitions, ...names, clock: systemClock, log });
}

/** As a version that kept no number leaves a partition. */
const published = (topic: string, partition: number) =>
  redis.call(['HSET', `${topic}:${partition}:progress`, 'published', '1-1']);

test('the first instance fixes the number of partitions', async () => {
  expect(await settlePartitions(redis, 'fresh', 12)).toBe(12);
  expect(await settlePartitions(redis, 'fresh', 6)).toBe(12);
  expect(await partitionsOn(redis, 'fresh')).toBe(12);
});

test('a query for the number fixes nothing', async () => {
  expect(await partitionsOn(redis, 'asked')).toBe(undefined);
  expect(await settlePartitions(redis, 'asked', 6)).toBe(6);
});

test('a bus of an older version, without a stored number, has as many partitions as were published to', async () => {
  for (let partition = 0; partition < 12; partition++) await published('old', partition);
  expect(await partitionsOn(redis, 'old')).toBe(12);
  expect(await settlePartitions(redis, 'old', 6)).toBe(12);
  expect(await settlePartitions(redis, 'old', 24)).toBe(12);
  expect(await settlePartitions(redis, 'old', 12)).toBe(12);
  await redis.call(['DEL', ...Array.from({ length: 12 }, (_, partition) => `old:${partition}:progress`)]);
  expect(await partitionsOn(redis, 'old')).toBe(12);
});

test('the number of partitions in use is not stored while a bus is being filled', async () => {
  await published('filling', 4);
  expect(await settlePartitions(redis, 'filling', 12)).toBe(5);
  await published('filling', 11);
  expect(await settlePartitions(redis, 'filling', 12)).toBe(12);
});

test('nothing is published to a bus with another number of partitions, even if it was unavailable at the start', async () => {
  const right = open('busy', 4);
  await right.publish(3, [MESSAGE]);
  const wrong = open('busy', 2);
  await expect(wrong.publish(1, [MESSAGE])).rejects.toThrow(
    'the bus has 4 partitions of busy, and bus.partitions is 2: set it to 4, or name a new topic, in all regions',
  );
  expect(await redis.call(['XLEN', 'busy:1'])).toBe(0);
  await right.publish(1, [MESSAGE]);
  expect(await redis.call(['XLEN', 'busy:1'])).toBe(1);
  await Promise.all([right.close(), wrong.close()]);
});
