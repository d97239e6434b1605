import { defineConfig } from 'vitest/config';
import { SOON } from '../fixtures/soon.ts';
import { SLOW_FAULTS } from './slow.ts';

/** Regions under faults that take long. */
export default defineConfig({
  test: {
    name: 'faults',
    reporters: ['default', './test/tally.ts'],
    include: SLOW_FAULTS,
    maxWorkers: 4,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    expect: { poll: { ...SOON } },
  },
});
