import { defineConfig } from 'vitest/config';

/**
 * Tests that wait for simulators, or for nothing: a few files share the two cores without getting in each other's way.
 * Whoever starts regions is not among them: instances are configured with ports that are free, not with ports they hold.
 */
const LIGHT = [
  ...['agent', 'auth', 'config', 'docs', 'ops', 'platforms', 'verify'].map((name) => `test/${name}/**/*.test.ts`),
  'test/local/{cxone,genesys}-*.test.ts',
];

const limits = { testTimeout: 60_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
    reporters: ['default', './test/tally.ts'],
    projects: [
      { test: { name: 'light', include: LIGHT, maxWorkers: 3, sequence: { groupOrder: 0 }, ...limits } },
      {
        test: {
          name: 'heavy',
          include: ['test/**/*.test.ts'],
          exclude: LIGHT,
          // Real Redis Clusters share two cores: files run one after another so that none starves another's failover timers.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          ...limits,
        },
      },
    ],
  },
});
