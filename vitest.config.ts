import { globSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import { SLOW_FAULTS } from './test/faults/slow.ts';
import { SOON } from './test/fixtures/soon.ts';

/** Tests that run a whole world, or ask how much an instance can do: they have the two cores to themselves. */
const ALONE = ['test/drills/command.test.ts', 'test/api/shedding.test.ts', 'test/world/world.test.ts'];

/** Tests that have commands of their own: `npm run races`, `npm run faults`, `npm run pages`, `npm run release -- --prove`, `npm run image -- --prove`. */
const SLOW = ['test/races/**', ...SLOW_FAULTS, 'test/page/browser.test.ts', 'test/release/outside/**'];

/** Folders of tests that run in their own process alone. */
const LIGHT =
  'agent,auth,bench,config,contract,docs,matrix,models,mutants,ops,platforms,routing,simulators,sync,verify';
/** Tests in these folders that start servers nevertheless. */
const WITH_SERVERS = [
  'test/docs/pasted.test.ts',
  'test/platforms/shared-budget.test.ts',
  'test/sync/forget-silent.test.ts',
  'test/sync/freshness.test.ts',
];
const light = globSync(`test/{${LIGHT}}/**/*.test.ts`, { cwd: import.meta.dirname }).filter(
  (file) => !WITH_SERVERS.includes(file),
);

// Most of their time tests wait for timers: of platforms, Redis, Kafka and instances.
const atOnce = { maxWorkers: 4, sequence: { groupOrder: 0 } };
const limits = { testTimeout: 120_000, hookTimeout: 180_000, expect: { poll: { ...SOON } } };

export default defineConfig({
  test: {
    reporters: ['default', './test/tally.ts'],
    projects: [
      {
        test: {
          name: 'together',
          include: ['test/**/*.test.ts'],
          exclude: [...ALONE, ...SLOW, ...light],
          ...atOnce,
          ...limits,
        },
      },
      {
        test: {
          // After `together`, by its name: short files fill the time until the last long one has ended. A process for each
          // of them would take longer than most of them.
          name: 'together, light',
          include: light,
          isolate: false,
          ...atOnce,
          ...limits,
        },
      },
      { test: { name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 1 }, ...limits } },
    ],
  },
});
