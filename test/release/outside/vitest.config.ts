import { defineConfig } from 'vitest/config';

/** `npm run release -- --prove` and `npm run image -- --prove`: what was built, outside the checkout. */
export default defineConfig({
  test: {
    include: ['test/release/outside/**/*.test.ts'],
    reporters: ['default', './test/tally.ts'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    maxWorkers: 1,
  },
});
