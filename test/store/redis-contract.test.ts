import { setTimeout as delay } from 'node:timers/promises';
import { describe } from 'vitest';
import { startStore } from '../fixtures/store.ts';
import type { StoreHarness } from './contract/harness.ts';
import { storeContract } from './contract.ts';

async function start(): Promise<StoreHarness> {
  // No failover while a node stands still.
  const store = await startStore({ nodeTimeoutMs: 60_000 });
  const { redis } = store;
  const masterOf = (domain: string) => redis.masterOf(`agents:{${domain}}`);
  return {
    open: (config, maxOutboxEntries) => store.open(config, maxOutboxEntries),
    pass: (ms) => delay(ms + 2),
    acknowledge: async (domain, does) => {
      const replica = await redis.replicaOf(await masterOf(domain));
      if (!replica) throw new Error(`${domain} has no replica`);
      if (does) await redis.thaw(replica);
      else await redis.freeze(replica);
    },
    takeAway: async (domain) => {
      const master = await masterOf(domain);
      await redis.freeze(master);
      return () => redis.thaw(master);
    },
    seeds: [1, 2, 3],
    seed: () => undefined,
    stop: () => store.stop(),
  };
}

describe('the store in a Redis Cluster', () => storeContract(start));
