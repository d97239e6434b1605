import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { BusUnavailable } from '../../../src/bus/bus.ts';
import { writeFields } from '../../../src/bus/envelope.ts';
import { RedisConnection } from '../../../src/bus/redis-streams/connection.ts';
import { PartitionReader, START } from '../../../src/bus/redis-streams/reader.ts';
import { createLog } from '../../../src/ops/log.ts';
import { type RedisServer, startRedis } from '../../../world/redis/server.ts';
import { SOON } from '../../fixtures/soon.ts';

let dir: string;
let redis: RedisServer;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'muster-reader-'));
  redis = await startRedis({ dir });
});
afterAll(async () => {
  await redis.stop();
  await rm(dir, { recursive: true });
});

describe('a reader that reads ahead', () => {
  it('is drained when no batch is being handled, even if none could be committed', async () => {
    const url = redis.url;
    const writer = new RedisConnection(url);
    const add = (value: string) =>
      writer.call(['XADD', 'stream', '*', ...writeFields({ key: 'k', headers: {}, value })]);
    const begun: string[] = [];
    const ended: string[] = [];
    let finish = (): void => undefined;
    const log = createLog('silent', 'here', 'test');
    const reader = new PartitionReader({
      connection: new RedisConnection(url),
      streamKey: () => 'stream',
      held: () => new Set([0]),
      position: async () => START,
      advance: () => Promise.reject(new BusUnavailable('away')),
      handler: async (_, batch) => {
        const value = batch[0]?.value ?? '';
        begun.push(value);
        if (value === 'second') await new Promise<void>((resolve) => (finish = resolve));
        ended.push(value);
      },
      log,
    });
    await add('first');
    await vi.waitFor(() => expect(begun).toEqual(['first']), SOON);
    await add('second');
    await vi.waitFor(() => expect(begun).toEqual(['first', 'second']), SOON);

    let isDrained = false;
    const drained = reader.drain(0).then(() => {
      isDrained = true;
    });
    await writer.call(['PING']);
    expect(isDrained).toBe(false);
    finish();
    await drained;
    expect(ended).toEqual(['first', 'second']);
    await reader.close();
    writer.close();
  });
});
