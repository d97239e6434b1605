import { defineConfig } from 'vitest/config';
import { SOON } from '../fixtures/soon.ts';

/** Races of many callers under faults: a minute or two each, with the two cores to themselves. */
export default defineConfig({
  test: {
    name: 'races',
    reporters: ['default', './test/tally.ts'],
    include: ['test/races/**/*.test.ts'],
    maxWorkers: 1,
    testTimeout: 660_000,
    hookTimeout: 120_000,
    expect: { poll: { ...SOON } },
  },
});
