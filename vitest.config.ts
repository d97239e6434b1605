import { defineConfig } from 'vitest/config';
import { SOON } from './test/fixtures/soon.ts';

/** Tests that run a whole world, or ask how much an instance can do: they have the two cores to themselves. */
const ALONE = ['test/drills/command.test.ts', 'test/api/shedding.test.ts', 'test/world/world.test.ts'];

/** Tests that have commands of their own: `npm run races`, `npm run release -- --prove`, `npm run image -- --prove`. */
const SLOW = ['test/races/**', 'test/release/outside/**'];

const limits = { testTimeout: 120_000, hookTimeout: 180_000, expect: { poll: { ...SOON } } };

export default defineConfig({
  test: {
    reporters: ['default', './test/tally.ts'],
    projects: [
      {
        test: {
          // Most of their time they wait for timers: of platforms, Redis, Kafka and instances.
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: [...ALONE, ...SLOW],
          maxWorkers: 4,
          sequence: { groupOrder: 0 },
          ...limits,
        },
      },
      { test: { name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 }, ...limits } },
    ],
  },
});
