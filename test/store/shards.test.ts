import { expect, it } from 'vitest';
import { createLog } from '../../src/ops/log.ts';
import { Shards } from '../../src/store/redis/shards.ts';

it("uses this host's clock until a shard has answered", async () => {
  const clock = { nowMs: () => 1_795_401_169_731, monotonicMs: () => 5000 };
  const log = createLog('silent', 'here', 'test');
  const silent = { address: 'a:1', ask: () => Promise.reject(new Error('gone')) };
  const shards = new Shards({
    masters: () => [silent],
    hasAllSlots: () => true,
    rediscover: async () => undefined,
    clock,
    log,
  });
  await shards.start();
  shards.stop();
  expect(shards.nowMs()).toBe(1_795_401_169_731);
});
