import { describe } from 'vitest';
import { MemoryRegion } from '../../src/store/memory/memory-region.ts';
import { MemoryStore } from '../../src/store/memory/memory-store.ts';
import { SeededScheduler } from '../fixtures/seeded-scheduler.ts';
import type { StoreHarness } from './contract/harness.ts';
import { storeContract } from './contract.ts';

const START_MS = Date.UTC(2026, 0, 1);
/** One seed alone is run again with `STORE_SEED=17`. */
const { STORE_SEED: only } = process.env;
const seeds = only === undefined ? Array.from({ length: 300 }, (_, n) => n + 1) : [Number(only)];

async function start(): Promise<StoreHarness> {
  let nowMs = START_MS;
  let scheduler = new SeededScheduler(0);
  const region = new MemoryRegion({
    clock: { nowMs: () => nowMs, monotonicMs: () => nowMs },
    scheduler: { turn: (at) => scheduler.turn(at) },
  });
  return {
    open: (config, maxOutboxEntries) => new MemoryStore(region, config, maxOutboxEntries),
    pass: async (ms) => {
      nowMs += ms;
    },
    acknowledge: async (_, does) => {
      region.acknowledges = does;
    },
    takeAway: async (domain) => {
      region.outages.set(domain, 'away');
      return async () => void region.outages.delete(domain);
    },
    seeds,
    seed: (seed) => {
      scheduler = new SeededScheduler(seed);
    },
    stop: async () => undefined,
  };
}

describe('the store in memory', () => storeContract(start));
