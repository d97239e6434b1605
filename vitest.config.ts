import { defineConfig } from 'vitest/config';

/**
 * Tests that wait for simulators, or for nothing: a few files share the two cores without getting in each other's way.
 */
const LIGHT = [
  ...['agent', 'auth', 'config', 'docs', 'ops', 'platforms', 'verify'].map((name) => `test/${name}/**/*.test.ts`),
  'test/local/{cxone,genesys}-*.test.ts',
];

/**
 * Tests that let real parts fail, or a whole world run: what they wait for are the timers of Redis, Kafka and instances, so
 * they have the two cores to themselves, one after another.
 */
const ALONE = [
  'test/drill/**/*.test.ts',
  'test/api/shedding.test.ts',
  'test/bus/kafka/leader.test.ts',
  'test/faults/failover.test.ts',
  'test/local/{redis-cluster,world,world-kafka,world-history,convergence}.test.ts',
];

const limits = { testTimeout: 60_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    reporters: ['default', './test/tally.ts'],
    projects: [
      { test: { name: 'light', include: LIGHT, maxWorkers: 3, sequence: { groupOrder: 0 }, ...limits } },
      {
        test: {
          name: 'paired',
          include: ['test/**/*.test.ts'],
          exclude: [...LIGHT, ...ALONE],
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
          ...limits,
        },
      },
      { test: { name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 2 }, ...limits } },
    ],
  },
});
