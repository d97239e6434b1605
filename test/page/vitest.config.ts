import { defineConfig } from 'vitest/config';
import { SOON } from '../fixtures/soon.ts';

/** The page `/docs`, its code and how it is in a browser, where looking for faults of accessibility takes seconds a page. */
export default defineConfig({
  test: {
    name: 'page',
    reporters: ['default', './test/tally.ts'],
    include: ['test/page/**/*.test.ts'],
    maxWorkers: 1,
    testTimeout: 300_000,
    hookTimeout: 180_000,
    expect: { poll: { ...SOON } },
  },
});
